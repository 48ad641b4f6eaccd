//! The evidence about clearable fields, from the TypeScript of a release: optional fields in which
//! `null` differs from absence. The JSON schema does not distinguish them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bundles::print_into;
use super::census;
use super::typescript::TypeScript;

/// The name of the file in `schema/`.
pub(super) const FILE: &str = "clearable_fields.toml";

/// The arguments with which codex prints its TypeScript. `--out` and a directory follow them.
const ARGUMENTS: [&str; 3] = ["app-server", "generate-ts", "--experimental"];

/// The comment at the top of the file.
const HEADER: &str = "\
# Evidence about optional fields in which `null` may differ from absence, from the TypeScript of the release.
# Written by `cargo xtask schema update`: not edited by hand. The generator decides by it, by the descriptions
# in the schema, and by the tables in `xtask/src/codegen/nulls.rs`.
#
# clearable        shown as `T | null | null`: `null` differs from absence
# written_by_hand  64-bit integers shown as `number`, where Codex prints `bigint` unless the TypeScript type is
#                  written by hand in its source: a second `null` may be lost
# absent           shown as `T | null` or `T`: `null` counts as absent
#
# Without a `command`, the release prints no TypeScript. Fields that it lacks are not listed.
";

/// Fields by the definition that contains them.
type Fields = BTreeMap<String, BTreeSet<String>>;

/// The content of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClearableFields {
    /// The command that printed the TypeScript; `None` if the release prints none.
    command: Option<String>,
    clearable: Fields,
    written_by_hand: Fields,
    absent: Fields,
}

/// The type of an optional nullable field in the TypeScript of the release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// `T | null | null`: `null` differs from absence.
    NullTwice,
    /// `T | null` or `T`.
    NullOnce,
    /// A type that is written by hand in the source of Codex, so that a second `null` may be lost.
    WrittenByHand,
    /// The type lacks the field.
    Missing,
    /// The release prints no TypeScript.
    Unavailable,
}

impl ClearableFields {
    /// Runs a binary to print its TypeScript, and compares it with the bundle of the same release.
    /// A release that prints no TypeScript leaves no evidence; the second value is the reason.
    pub(super) fn print_by(
        binary: &Path,
        bundle: &Value,
    ) -> anyhow::Result<(Self, Option<String>)> {
        match typescript(binary) {
            Ok(typescript) => Ok((Self::of(&typescript, bundle)?, None)),
            Err(error) => Ok((Self::default(), Some(format!("{error:#}")))),
        }
    }

    fn of(typescript: &TypeScript, bundle: &Value) -> anyhow::Result<Self> {
        let mut found = Self {
            command: Some(format!("codex {} --out DIR", ARGUMENTS.join(" "))),
            ..Self::default()
        };
        let root = census::definitions(bundle)?;
        let root_types = root.iter().filter(|(name, _)| *name != "v2");
        for (name, schema) in root_types.chain(census::v2(root)?) {
            let mut fields = BTreeMap::new();
            collect_nullable(schema, &mut fields);
            for (field, is_long) in fields {
                let list = match typescript.member(name, &field) {
                    None => continue,
                    Some(member) if member.nulls > 1 => &mut found.clearable,
                    Some(member) if is_long && member.is_number => &mut found.written_by_hand,
                    Some(_) => &mut found.absent,
                };
                list.entry(name.clone()).or_default().insert(field);
            }
        }
        Ok(found)
    }

    /// Returns how the TypeScript shows an optional nullable field of a definition.
    pub(crate) fn evidence(&self, definition: &str, field: &str) -> Evidence {
        let lists = |fields: &Fields| {
            let fields = fields.get(definition);
            fields.is_some_and(|fields| fields.contains(field))
        };
        if self.command.is_none() {
            Evidence::Unavailable
        } else if lists(&self.clearable) {
            Evidence::NullTwice
        } else if lists(&self.written_by_hand) {
            Evidence::WrittenByHand
        } else if lists(&self.absent) {
            Evidence::NullOnce
        } else {
            Evidence::Missing
        }
    }

    /// Returns whether the TypeScript shows a field of a definition as `T | null | null`.
    pub(crate) fn has_clearable(&self, definition: &str) -> bool {
        self.clearable.contains_key(definition)
    }

    /// Adds the evidence of another release.
    pub(super) fn add(&mut self, other: &Self) {
        let lists = self.lists_mut().into_iter().zip(other.lists());
        for (list, other) in lists {
            for (definition, fields) in other {
                list.entry(definition.clone())
                    .or_default()
                    .extend(fields.iter().cloned());
            }
        }
    }

    /// Retains the evidence about those fields for which `is_kept` returns `true`.
    pub(super) fn retain(&mut self, is_kept: impl Fn(&str, &str) -> bool) {
        for list in self.lists_mut() {
            for (definition, fields) in list.iter_mut() {
                fields.retain(|field| is_kept(definition, field));
            }
            list.retain(|_, fields| !fields.is_empty());
        }
    }

    fn lists(&self) -> [&Fields; 3] {
        [&self.clearable, &self.written_by_hand, &self.absent]
    }

    fn lists_mut(&mut self) -> [&mut Fields; 3] {
        [
            &mut self.clearable,
            &mut self.written_by_hand,
            &mut self.absent,
        ]
    }

    /// Returns the number of fields that the TypeScript shows as `T | null | null`.
    pub(super) fn len(&self) -> usize {
        self.clearable.values().map(BTreeSet::len).sum()
    }

    /// Reads the text of the file.
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        toml::from_str(text).context("it is not a list of clearable fields")
    }

    /// Returns the text of the file.
    pub(super) fn print(&self) -> anyhow::Result<String> {
        let fields = toml::to_string(self).context("cannot print the clearable fields")?;
        Ok(format!("{HEADER}{fields}"))
    }
}

/// Runs a binary to print its TypeScript, and reads it.
fn typescript(binary: &Path) -> anyhow::Result<TypeScript> {
    let directory = tempfile::tempdir().context("cannot create a temporary directory")?;
    let out = directory.path().join("out");
    let output = print_into(&out, binary, &ARGUMENTS, directory.path())?;
    if !output.status.success() {
        bail!(
            "`codex {}` fails ({}): {}",
            ARGUMENTS.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    let typescript = TypeScript::read(&out)?;
    if typescript.is_empty() {
        bail!("`codex {}` prints no type", ARGUMENTS.join(" "));
    }
    Ok(typescript)
}

/// Collects the optional nullable fields of a definition and of the alternatives in it, and whether
/// each is a 64-bit integer.
fn collect_nullable(schema: &Value, fields: &mut BTreeMap<String, bool>) {
    let required = schema["required"].as_array();
    let is_required = |name: &String| {
        let mut names = required.into_iter().flatten();
        names.any(|required| required == name)
    };
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        if !is_required(name) && is_nullable(property) {
            let is_long = matches!(property["format"].as_str(), Some("int64" | "uint64"));
            *fields.entry(name.clone()).or_default() |= is_long;
        }
    }
    for keyword in ["oneOf", "anyOf", "allOf"] {
        for member in schema[keyword].as_array().into_iter().flatten() {
            collect_nullable(member, fields);
        }
    }
}

fn is_nullable(schema: &Value) -> bool {
    let contains = |list: &Value, value: &Value| {
        let mut values = list.as_array().into_iter().flatten();
        values.any(|found| found == value)
    };
    contains(&schema["type"], &"null".into())
        || contains(&schema["anyOf"], &serde_json::json!({ "type": "null" }))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use serde_json::json;

    fn bundle() -> Value {
        let text = json!({"type": ["string", "null"]});
        json!({"definitions": {"v2": {
            "StartParams": {
                "properties": {
                    "id": text,
                    "tier": text,
                    "model": {"anyOf": [{"$ref": "#/definitions/Model"}, {"type": "null"}]},
                    "budget": {"type": ["integer", "null"], "format": "int64"},
                    "delay": {"type": ["integer", "null"], "format": "int64"},
                    "hidden": text,
                    "plain": {"type": "string"},
                },
                "required": ["id"],
            },
            "Patch": {"oneOf": [
                {"properties": {"kind": {"enum": ["a"]}, "url": text}},
                {"properties": {"kind": {"enum": ["b"]}, "url": text, "key": text}},
            ]},
        }}})
    }

    fn read(files: &[(&str, &str)]) -> ClearableFields {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let typescript = TypeScript::read(directory.path()).unwrap();
        ClearableFields::of(&typescript, &bundle()).unwrap()
    }

    #[test]
    fn the_typescript_of_each_optional_nullable_field_is_evidence() {
        let fields = read(&[
            (
                "v2/StartParams.ts",
                "export type StartParams = { id: string | null | null, tier?: string | null | null, \
                 model?: Model | null, budget?: number | null, delay?: bigint | null, plain?: string };",
            ),
            (
                "Patch.ts",
                r#"export type Patch = { "kind": "a", url?: string | null } | { "kind": "b" } & B;"#,
            ),
            (
                "B.ts",
                "export type B = { url?: string | null, key?: string | null | null };",
            ),
            (
                "notes.md",
                "export type StartParams = { hidden?: string | null | null };",
            ),
        ]);
        for (definition, field, evidence) in [
            ("StartParams", "tier", Evidence::NullTwice),
            ("StartParams", "model", Evidence::NullOnce),
            ("StartParams", "budget", Evidence::WrittenByHand),
            ("StartParams", "delay", Evidence::NullOnce),
            ("StartParams", "hidden", Evidence::Missing),
            ("Patch", "url", Evidence::NullOnce),
            ("Patch", "key", Evidence::NullTwice),
        ] {
            let found = fields.evidence(definition, field);
            assert_eq!(found, evidence, "{definition}.{field}");
        }
        assert_eq!(fields.len(), 2);
        assert!(fields.has_clearable("Patch") && !fields.has_clearable("B"));
    }

    #[test]
    fn a_printed_file_reads_back_unchanged() {
        let fields = read(&[(
            "A.ts",
            "export type StartParams = { tier?: T | null | null };",
        )]);
        assert_eq!(
            ClearableFields::parse(&fields.print().unwrap()).unwrap(),
            fields
        );
        assert_eq!(
            ClearableFields::parse(&ClearableFields::default().print().unwrap()).unwrap(),
            ClearableFields::default()
        );
        assert!(ClearableFields::parse("clearable = 1").is_err());
    }

    #[test]
    fn without_typescript_there_is_no_evidence_and_a_reason() {
        let missing = Path::new("no/such/codex");
        let (fields, reason) = ClearableFields::print_by(missing, &bundle()).unwrap();
        assert_eq!(
            fields.evidence("StartParams", "tier"),
            Evidence::Unavailable
        );
        assert!(reason.unwrap().contains("no/such/codex"));
        // This program does not know the arguments.
        let this = std::env::current_exe().unwrap();
        let (fields, reason) = ClearableFields::print_by(&this, &bundle()).unwrap();
        assert_eq!(fields, ClearableFields::default());
        assert!(
            reason
                .unwrap()
                .contains("generate-ts --experimental` fails")
        );
    }
}
