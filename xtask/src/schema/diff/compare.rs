//! Compares two releases line by line, and determines which changes in the newer release break a
//! client of the older one.
//!
//! Values that the client writes may become looser, and values that it reads stricter; the opposite
//! breaks the client. A removal always breaks the client, at the latest when the client is
//! compiled. An addition breaks the client only if the client must write what was added, because it
//! keeps unknown values as they are.

use std::collections::BTreeSet;

use serde_json::Value;

use super::outline::{Kind, Line, Outline};
use super::protocol::{Flow, NOTHING, Protocol};

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) kind: Kind,
    /// The method or type.
    pub(crate) owner: String,
    /// The rest of the path: `.status`, `::plan.text`, or empty.
    pub(crate) below: String,
    pub(crate) action: Action,
    /// The type of what was added or removed, or the differences.
    pub(crate) detail: String,
    /// Whether the change breaks a client of the older release, on the wire or when it is compiled.
    pub(crate) breaking: bool,
    /// Whether the change concerns only clients that use the experimental API.
    pub(crate) experimental: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Added,
    Removed,
    Changed,
}

/// Returns the differences between two releases, sorted by path.
pub(crate) fn compare(old: &Protocol, new: &Protocol) -> Vec<Change> {
    let paths: BTreeSet<&String> = old.lines.keys().chain(new.lines.keys()).collect();
    let changes = paths.into_iter().filter_map(|path| {
        let (owner, below) = split(path);
        let flow = old.flow(owner).or(new.flow(owner));
        let (action, line, detail, breaking, stable) =
            match (old.lines.get(path), new.lines.get(path)) {
                (None, Some(line)) if !is_implied(line, &old.lines) => {
                    let breaking = line.required && flow.is_sent();
                    let detail = describe(path, line, new);
                    (Action::Added, line, detail, breaking, new.is_stable(path))
                }
                (Some(line), None) if !is_implied(line, &new.lines) => {
                    let detail = describe(path, line, old);
                    (Action::Removed, line, detail, true, old.is_stable(path))
                }
                (Some(before), Some(after)) => {
                    let (mut details, mut breaking) = differences(before, after, flow);
                    if let Some(detail) = moved(path, after, old, new) {
                        breaking |= !new.is_stable(path);
                        details.push(detail.to_owned());
                    }
                    let detail = details.join(", ");
                    (
                        Action::Changed,
                        after,
                        detail,
                        breaking,
                        new.is_stable(path),
                    )
                }
                _ => return None,
            };
        if action == Action::Changed && detail.is_empty() {
            return None;
        }
        Some(Change {
            kind: line.kind,
            owner: owner.to_owned(),
            below: below.to_owned(),
            action,
            detail,
            breaking,
            experimental: !stable,
        })
    });
    changes.collect()
}

/// Splits a path after its type or method.
fn split(path: &str) -> (&str, &str) {
    path.split_at(path.find(['.', ':', '[', '{']).unwrap_or(path.len()))
}

/// Returns the type or method that a path belongs to.
pub(crate) fn owner(path: &str) -> &str {
    split(path).0
}

/// Returns whether the parent's line implies that a line is missing from the other release: the
/// parent is missing too, or it is an enum in this release but neither an enum nor a union in the
/// other.
fn is_implied(line: &Line, other: &Outline) -> bool {
    let Some(parent) = &line.parent else {
        return false;
    };
    other.get(parent).is_none_or(|parent| {
        line.text == "value" && !matches!(parent.text.as_str(), "enum" | "union")
    })
}

/// Returns the differences between two versions of a line, and whether they break a client.
fn differences(before: &Line, after: &Line, flow: Flow) -> (Vec<String>, bool) {
    let mut details = Vec::new();
    let mut breaking = false;
    if before.text != after.text {
        details.push(format!("{} ⇒ {}", typed(before), typed(after)));
        let is_optional_param = before.text == NOTHING && after.nullable;
        breaking = flow.is_received() || !is_optional_param;
    } else if after.nullable && !before.nullable {
        details.push("now nullable".to_owned());
        breaking = flow.is_received();
    } else if before.nullable && !after.nullable {
        details.push("no longer nullable".to_owned());
        breaking = flow.is_sent();
    }
    match (before.required, after.required) {
        (false, true) => {
            details.push("now required".to_owned());
            breaking |= flow.is_sent();
        }
        (true, false) => {
            details.push("now optional".to_owned());
            breaking |= flow.is_received();
        }
        _ => {}
    }
    if before.default != after.default {
        let shown = |value: &Option<Value>| {
            let text = value.as_ref().map(ToString::to_string);
            text.unwrap_or_else(|| "none".to_owned())
        };
        let (before, after) = (shown(&before.default), shown(&after.default));
        details.push(format!("default {before} ⇒ {after}"));
    }
    (details, breaking)
}

/// Returns how a line moved between stable and experimental, unless its parent moved with it.
fn moved(path: &str, line: &Line, old: &Protocol, new: &Protocol) -> Option<&'static str> {
    let stability = |path: &str| (old.is_stable(path), new.is_stable(path));
    let stable = stability(path);
    if line.parent.as_deref().map(stability) == Some(stable) {
        return None;
    }
    match stable {
        (false, true) => Some("now stable"),
        (true, false) => Some("now experimental"),
        _ => None,
    }
}

/// Returns the type of a line, `null` included.
fn typed(line: &Line) -> String {
    let null = if line.nullable { " | null" } else { "" };
    format!("{}{null}", line.text)
}

/// Describes a line that was added or removed, including the names of the parts below it.
fn describe(path: &str, line: &Line, protocol: &Protocol) -> String {
    match line.kind {
        Kind::Type => return line.text.clone(),
        Kind::Method(_) => {
            let response = protocol.responses.get(path);
            let response = response.map_or_else(String::new, |name| format!(" → {name}"));
            return format!("{}{response}", typed(line));
        }
        Kind::Variant if line.text == "value" => return String::new(),
        Kind::Field | Kind::Variant => {}
    }
    let parts = protocol
        .lines
        .iter()
        .filter(|(_, part)| part.parent.as_deref() == Some(path));
    let parts: Vec<String> = parts
        .map(|(part_path, part)| {
            let name = part_path[path.len()..].trim_start_matches("[]");
            let name = name.trim_start_matches("{}").trim_start_matches([':', '.']);
            let is_optional = part.kind == Kind::Field && !part.required;
            format!("{name}{}", if is_optional { "?" } else { "" })
        })
        .collect();
    let parts = match parts.is_empty() {
        true => String::new(),
        false => format!(" {{{}}}", parts.join(", ")),
    };
    let is_optional = line.kind == Kind::Field && !line.required;
    let optional = if is_optional { ", optional" } else { "" };
    format!("{}{optional}{parts}", typed(line))
}

#[cfg(test)]
mod tests;
