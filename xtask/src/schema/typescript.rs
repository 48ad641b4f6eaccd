//! Reads the TypeScript declarations that a Codex binary prints.
//!
//! They distinguish an optional field that may be `null` (`T | null`) from one in which `null` differs
//! from absence (`T | null | null`). The JSON schema does not. The reader takes in only the members
//! of object types, and whether `null` is among the alternatives of their types.

mod tokens;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use anyhow::Context;

use tokens::Token;

/// The types of all files, by name.
#[derive(Debug, Default)]
pub(super) struct TypeScript {
    types: BTreeMap<String, Type>,
}

/// One exported type.
#[derive(Debug, Default, PartialEq, Eq)]
struct Type {
    members: Members,
    /// Types whose members this one has too, as an intersection or an alternative.
    parts: Vec<String>,
}

/// Members by name.
type Members = BTreeMap<String, Member>;

/// A member of an object type. If several alternatives of a type have the member, the largest
/// number of `null`s counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Member {
    /// How often `null` is among the alternatives.
    pub(super) nulls: usize,
    /// Whether `number` is among the alternatives.
    pub(super) is_number: bool,
}

impl TypeScript {
    /// Reads all files in a directory and its subdirectories.
    pub(super) fn read(directory: &Path) -> anyhow::Result<Self> {
        let mut read = Self::default();
        let mut directories = vec![directory.to_owned()];
        while let Some(directory) = directories.pop() {
            let shown = directory.display();
            for entry in fs::read_dir(&directory).with_context(|| format!("cannot read {shown}"))? {
                let path = entry?.path();
                if path.is_dir() {
                    directories.push(path);
                } else if path.extension() == Some(OsStr::new("ts")) {
                    let shown = path.display();
                    let text = fs::read_to_string(&path);
                    read.add(&text.with_context(|| format!("cannot read {shown}"))?);
                }
            }
        }
        Ok(read)
    }

    /// Adds the types that a file exports. Other statements are skipped.
    fn add(&mut self, text: &str) {
        let tokens = tokens::scan(text);
        for statement in tokens::split(&tokens, ";") {
            let [
                Token::Word("export"),
                Token::Word("type"),
                Token::Word(name),
                rest @ ..,
            ] = statement
            else {
                continue;
            };
            // Parameters of the type may precede the `=`.
            let Some((_, body)) = tokens::split_once(rest, "=") else {
                continue;
            };
            let ty = self.types.entry((*name).to_owned()).or_default();
            ty.take_in(body);
        }
    }

    /// Returns whether no type was read.
    pub(super) fn is_empty(&self) -> bool {
        self.types.is_empty()
    }

    /// Returns a member of a type, or of a part of it.
    pub(super) fn member(&self, name: &str, member: &str) -> Option<Member> {
        let mut found: Option<Member> = None;
        let (mut seen, mut pending) = (vec![name], vec![name]);
        while let Some(ty) = pending.pop().and_then(|name| self.types.get(name)) {
            if let Some(other) = ty.members.get(member) {
                found = Some(found.map_or(*other, |found| found.merge(*other)));
            }
            for part in &ty.parts {
                if !seen.contains(&part.as_str()) && self.types.contains_key(part) {
                    seen.push(part);
                    pending.push(part);
                }
            }
        }
        found
    }
}

impl Type {
    /// Takes in a type expression: alternatives, intersections, objects and names.
    fn take_in(&mut self, expression: &[Token<'_>]) {
        let mut pending = vec![expression];
        while let Some(expression) = pending.pop() {
            let parts = ["|", "&"].map(|mark| tokens::split(expression, mark));
            let is_split = |parts: &Vec<&[Token<'_>]>| **parts != [expression];
            if let Some(parts) = parts.into_iter().find(is_split) {
                pending.extend(parts);
            } else if let Some(inner) = tokens::inside(expression, "(", ")") {
                pending.push(inner);
            } else if let Some(inner) = tokens::inside(expression, "{", "}") {
                self.take_in_members(inner);
            } else if let [Token::Word(name)] = expression {
                self.parts.push((*name).to_owned());
            }
        }
    }

    fn take_in_members(&mut self, object: &[Token<'_>]) {
        for entry in tokens::split(object, ",")
            .into_iter()
            .flat_map(|entry| tokens::split(entry, ";"))
        {
            let ([Token::Word(name) | Token::Text(name), rest @ ..], Some((_, ty))) =
                (entry, tokens::split_once(entry, ":"))
            else {
                continue; // Keys of a map are in brackets.
            };
            if !matches!(rest, [Token::Mark(":" | "?"), ..]) {
                continue;
            }
            let alternatives = tokens::split(ty, "|");
            let count = |word| {
                let is_word = |alternative: &&&[Token<'_>]| **alternative == [Token::Word(word)];
                alternatives.iter().filter(is_word).count()
            };
            let member = Member {
                nulls: count("null"),
                is_number: count("number") > 0,
            };
            let known = self.members.entry((*name).to_owned()).or_default();
            *known = known.merge(member);
        }
    }
}

impl Member {
    fn merge(self, other: Self) -> Self {
        Self {
            nulls: self.nulls.max(other.nulls),
            is_number: self.is_number || other.is_number,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> TypeScript {
        let mut read = TypeScript::default();
        read.add(text);
        read
    }

    fn nulls(text: &str, member: &str) -> Option<usize> {
        read(text).member("X", member).map(|member| member.nulls)
    }

    #[test]
    fn the_nulls_of_a_member_are_counted_at_the_top_of_its_type() {
        let text = r#"
            // GENERATED CODE! export type X = { no: null };
            import type { T } from "./T";
            export type X = { a: string, b?: T | null,
            /** Not a member: `z?: T | null | null`; { */
            c?: T | null | null, "d-e"?: number | null,
            f: Array<string | null | null>, g: { [key in string]?: T | null | null } | null,
            h: { z: null | null }, };
        "#;
        let expected = [
            ("a", 0),
            ("b", 1),
            ("c", 2),
            ("d-e", 1),
            ("f", 0),
            ("g", 1),
            ("h", 0),
        ];
        for (member, count) in expected {
            assert_eq!(nulls(text, member), Some(count), "{member}");
        }
        for member in ["z", "key", "no", "string"] {
            assert_eq!(nulls(text, member), None, "{member}");
        }
        assert!(read(text).member("X", "d-e").is_some_and(|it| it.is_number));
        assert!(read(text).member("X", "c").is_some_and(|it| !it.is_number));
    }

    #[test]
    fn a_type_has_the_members_of_its_alternatives_and_intersections() {
        let text = r#"
            export type X = { "type": "a" } & A | { "type": "b", own?: string | null } & (B | { c: null });
            export type A = { a?: string | null | null, };
            export type B = A | X | { a?: string | null, b: null };
            export type Generic<T> = { t: T | null };
            export type Word = "a" | "b";
        "#;
        assert_eq!(nulls(text, "type"), Some(0));
        assert_eq!(nulls(text, "own"), Some(1));
        assert_eq!(nulls(text, "a"), Some(2));
        assert_eq!(nulls(text, "b"), Some(1));
        assert_eq!(nulls(text, "c"), Some(1));
        assert_eq!(
            read(text).member("Generic", "t").map(|it| it.nulls),
            Some(1)
        );
        assert_eq!(read(text).member("Word", "a"), None);
        assert_eq!(read(text).member("Missing", "a"), None);
    }

    #[test]
    fn text_that_is_not_typescript_has_no_members() {
        for text in [
            "",
            "export type",
            "export type X = {",
            "}}}",
            "\"",
            "/*",
            "export type X = { a: (",
        ] {
            let read = read(text);
            assert_eq!(read.member("X", "a"), None, "{text}");
        }
    }
}
