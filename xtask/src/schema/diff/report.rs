//! Prints the differences as Markdown that reads well in a terminal, an issue and a changelog.

use std::collections::BTreeMap;

use super::compare::{Action, Change};
use super::outline::{Kind, UNIONS};
use super::protocol::Protocol;

/// Returns the report.
pub(super) fn render(old: &Protocol, new: &Protocol, changes: &[Change]) -> String {
    let mut out = format!("# Codex {} → {}\n\n", old.version, new.version);
    summary(old, new, changes, &mut out);

    let with = |wanted: &dyn Fn(&Change) -> bool| -> Vec<&Change> {
        changes.iter().filter(|change| wanted(change)).collect()
    };
    let breaking = with(&|change| change.breaking);
    if breaking.is_empty() {
        out.push_str("\nNo change breaks a client.\n");
    }
    section("Breaking changes", &breaking, &mut out);
    for union in &UNIONS {
        let methods = with(&|change| change.kind == Kind::Method(union));
        section(union.title, &methods, &mut out);
    }
    for (title, action) in [
        ("Types added", Action::Added),
        ("Types removed", Action::Removed),
    ] {
        names(
            title,
            &with(&|change| is_whole_type(change, action)),
            &mut out,
        );
    }
    let mut types: BTreeMap<&str, Vec<&Change>> = BTreeMap::new();
    for change in changes {
        let is_whole =
            is_whole_type(change, Action::Added) || is_whole_type(change, Action::Removed);
        if !is_whole && !matches!(change.kind, Kind::Method(_)) {
            types.entry(&change.owner).or_default().push(change);
        }
    }
    if !types.is_empty() {
        out.push_str("\n## Types changed\n\n");
    }
    for (owner, changes) in types {
        let flow = new.flow(owner).or(old.flow(owner)).word();
        out.push_str(&format!("- `{owner}` ({flow})\n"));
        for change in changes {
            out.push_str(&format!("  {}\n", item(&change.below, change)));
        }
    }
    out
}

fn is_whole_type(change: &Change, action: Action) -> bool {
    change.kind == Kind::Type && change.action == action
}

/// Adds the table of counts.
fn summary(old: &Protocol, new: &Protocol, changes: &[Change], out: &mut String) {
    let mut rows: Vec<(&str, Kind)> = UNIONS
        .iter()
        .map(|union| (union.title, Kind::Method(union)))
        .collect();
    rows.extend([
        ("Types", Kind::Type),
        ("Fields", Kind::Field),
        ("Variants", Kind::Variant),
    ]);
    out.push_str(
        "|                      |   old |   new | added | removed | changed | breaking |\n",
    );
    out.push_str(
        "|----------------------|------:|------:|------:|--------:|--------:|---------:|\n",
    );
    for (title, kind) in rows {
        let size = |protocol: &Protocol| {
            let lines = protocol.lines.values();
            lines.filter(|line| line.kind == kind).count()
        };
        let count = |wanted: fn(&Change) -> bool| {
            let changes = changes.iter().filter(|change| change.kind == kind);
            changes.filter(|change| wanted(change)).count()
        };
        out.push_str(&format!(
            "| {title:<20} | {:>5} | {:>5} | {:>5} | {:>7} | {:>7} | {:>8} |\n",
            size(old),
            size(new),
            count(|change| change.action == Action::Added),
            count(|change| change.action == Action::Removed),
            count(|change| change.action == Action::Changed),
            count(|change| change.breaking),
        ));
    }
}

/// Adds a section with an item for each change.
fn section(title: &str, changes: &[&Change], out: &mut String) {
    if !changes.is_empty() {
        out.push_str(&format!("\n## {title}\n\n"));
    }
    for change in changes {
        let name = format!("{}{}", change.owner, change.below);
        out.push_str(&format!("{}\n", item(&name, change)));
    }
}

/// Adds a section with a paragraph of names: the shapes of whole types say little.
fn names(title: &str, types: &[&Change], out: &mut String) {
    if types.is_empty() {
        return;
    }
    let names: Vec<String> = types
        .iter()
        .map(|change| format!("`{}`{}", change.owner, experimental(change)))
        .collect();
    out.push_str(&format!("\n## {title}\n\n{}\n", names.join(", ")));
}

/// Returns a list item: the action, the name unless it is empty, the detail.
fn item(name: &str, change: &Change) -> String {
    let breaking = if change.breaking {
        "**breaking**, "
    } else {
        ""
    };
    let action = match change.action {
        Action::Added => "added",
        Action::Removed => "removed",
        Action::Changed => "changed",
    };
    let name = match name {
        "" => String::new(),
        name => format!(" `{name}`"),
    };
    let detail = match change.detail.as_str() {
        "" => String::new(),
        detail => format!(": `{detail}`"),
    };
    format!("- {breaking}{action}{name}{detail}{}", experimental(change))
}

fn experimental(change: &Change) -> &'static str {
    if change.experimental {
        " (experimental)"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn release(version: &str, item: &[&str], types: &[&str]) -> Protocol {
        let mut v2 =
            json!({"Item": {"type": "object", "required": item, "properties": {"id": {}}}});
        for name in types {
            v2[name] = json!({"type": "object"});
        }
        let method = json!({"properties": {"method": {"enum": ["a/b"]}}});
        let requests = if types.is_empty() {
            vec![]
        } else {
            vec![method]
        };
        let bundle = |v2| json!({"definitions": {"ClientRequest": {"oneOf": requests}, "v2": v2}});
        let mut stable = v2.clone();
        stable.as_object_mut().unwrap().remove("Hidden");
        Protocol::read(version, &bundle(stable), &bundle(v2)).unwrap()
    }

    fn report(old: &Protocol, new: &Protocol) -> String {
        render(old, new, &super::super::compare::compare(old, new))
    }

    #[test]
    fn the_report_begins_with_the_counts_and_ends_with_the_types() {
        let old = release("1.0.0", &["id"], &[]);
        let new = release("2.0.0", &[], &["Hidden", "New"]);
        assert_eq!(
            report(&old, &new),
            "\
# Codex 1.0.0 → 2.0.0

|                      |   old |   new | added | removed | changed | breaking |
|----------------------|------:|------:|------:|--------:|--------:|---------:|
| Client requests      |     0 |     1 |     1 |       0 |       0 |        0 |
| Client notifications |     0 |     0 |     0 |       0 |       0 |        0 |
| Server requests      |     0 |     0 |     0 |       0 |       0 |        0 |
| Server notifications |     0 |     0 |     0 |       0 |       0 |        0 |
| Types                |     1 |     3 |     2 |       0 |       0 |        0 |
| Fields               |     1 |     1 |     0 |       0 |       1 |        1 |
| Variants             |     0 |     0 |     0 |       0 |       0 |        0 |

## Breaking changes

- **breaking**, changed `Item.id`: `now optional`

## Client requests

- added `a/b`: `nothing`

## Types added

`Hidden` (experimental), `New`

## Types changed

- `Item` (unlisted)
  - **breaking**, changed `.id`: `now optional`
"
        );
    }

    #[test]
    fn a_report_without_breaking_changes_says_so() {
        let (old, new) = (release("1.0.0", &[], &[]), release("2.0.0", &[], &["New"]));
        assert!(report(&old, &new).contains("\nNo change breaks a client.\n"));
    }
}
