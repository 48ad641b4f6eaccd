//! Compares two releases line by line.

use std::collections::{BTreeMap, BTreeSet};

use super::flow::Flow;
use super::methods::{Method, Union};
use super::outline::{Kind, Member, Outline};
use super::protocol::Protocol;
use super::report::{Area, Change, What};
use super::verdict::{differences, method_differences, moved};

/// All that differs between two releases.
pub(super) fn compare(old: &Protocol, new: &Protocol) -> Vec<Change> {
    let mut changes = Vec::new();
    for union in Union::ALL {
        methods(
            union,
            &old.methods[&union],
            &new.methods[&union],
            &mut changes,
        );
    }
    let paths: BTreeSet<&String> = old.outline.keys().chain(new.outline.keys()).collect();
    for path in paths {
        match (old.outline.get(path), new.outline.get(path)) {
            (None, Some(member)) => added(path, member, old, new, &mut changes),
            (Some(member), None) => removed(path, member, old, new, &mut changes),
            (Some(before), Some(after)) => changed(path, before, after, old, new, &mut changes),
            (None, None) => {}
        }
    }
    changes
}

fn methods(
    union: Union,
    old: &BTreeMap<String, Method>,
    new: &BTreeMap<String, Method>,
    changes: &mut Vec<Change>,
) {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        let mut push = |what, detail, breaking, stable: bool| {
            changes.push(Change {
                area: Area::Method(union),
                owner: name.clone(),
                below: String::new(),
                what,
                detail,
                breaking,
                experimental: !stable,
            });
        };
        match (old.get(name), new.get(name)) {
            (None, Some(new)) => push(What::Added, new.signature(), false, new.stable),
            (Some(old), None) => push(What::Removed, old.signature(), true, old.stable),
            (Some(old), Some(new)) => {
                let (details, breaking) = method_differences(union, old, new);
                if !details.is_empty() {
                    push(What::Changed, details.join(", "), breaking, new.stable);
                }
                if let Some((what, detail)) = moved(old.stable, new.stable) {
                    push(what, detail, what == What::Withdrawn, new.stable);
                }
            }
            (None, None) => {}
        }
    }
}

fn added(path: &str, member: &Member, old: &Protocol, new: &Protocol, changes: &mut Vec<Change>) {
    if told_by_parent(member, &old.outline) {
        return;
    }
    let must_be_sent = matches!(member.kind, Kind::Field { required: true, .. });
    let breaking = must_be_sent && flow(path, old, new).sent;
    let detail = describe(path, member, &new.outline);
    changes.push(change(
        path,
        member,
        What::Added,
        detail,
        breaking,
        new.is_stable(path),
    ));
}

fn removed(path: &str, member: &Member, old: &Protocol, new: &Protocol, changes: &mut Vec<Change>) {
    if told_by_parent(member, &new.outline) {
        return;
    }
    let detail = describe(path, member, &old.outline);
    changes.push(change(
        path,
        member,
        What::Removed,
        detail,
        true,
        old.is_stable(path),
    ));
}

/// Whether the line of its parent says already that a thing is not in the other release: the parent
/// is not there either, or it is an enum here and no enum or union there.
fn told_by_parent(member: &Member, other: &Outline) -> bool {
    let Some(parent) = &member.parent else {
        return false;
    };
    other.get(parent).is_none_or(|parent| {
        member.text == "value" && !matches!(parent.text.as_str(), "enum" | "union")
    })
}

fn changed(
    path: &str,
    before: &Member,
    after: &Member,
    old: &Protocol,
    new: &Protocol,
    changes: &mut Vec<Change>,
) {
    let (details, breaking) = differences(before, after, flow(path, old, new));
    let stable = new.is_stable(path);
    if !details.is_empty() {
        changes.push(change(
            path,
            after,
            What::Changed,
            details.join(", "),
            breaking,
            stable,
        ));
    }
    let Some((what, detail)) = moved(old.is_stable(path), stable) else {
        return;
    };
    let parent_too = after.parent.as_ref().is_some_and(|parent| {
        moved(old.is_stable(parent), new.is_stable(parent)).is_some_and(|(too, _)| too == what)
    });
    if !parent_too {
        changes.push(change(
            path,
            after,
            what,
            detail,
            what == What::Withdrawn,
            stable,
        ));
    }
}

/// Who writes the type that a path belongs to. A type that nothing leads to is judged both ways.
fn flow(path: &str, old: &Protocol, new: &Protocol) -> Flow {
    let owner = split(path).0;
    match (old.flow(owner), new.flow(owner)) {
        (Some(before), Some(after)) => before.or(after),
        (one, other) => one.or(other).unwrap_or(Flow::BOTH),
    }
}

/// How a line looks that came or went, with the names of the fields that came or went with it.
fn describe(path: &str, member: &Member, outline: &Outline) -> String {
    let mut text = match &member.kind {
        Kind::Type => return member.text.clone(),
        Kind::Variant if member.text == "value" => return String::new(),
        Kind::Variant => member.text.clone(),
        Kind::Field {
            required, nullable, ..
        } => format!(
            "{}{}{}",
            member.text,
            if *nullable { " | null" } else { "" },
            if *required { "" } else { ", optional" },
        ),
    };
    let below: Vec<String> = outline
        .iter()
        .filter(|(_, inner)| inner.parent.as_deref() == Some(path))
        .map(|(inner_path, inner)| {
            let name = &inner_path[path.len()..];
            let name = name.trim_start_matches("[]").trim_start_matches("{}");
            let name = name.trim_start_matches("::").trim_start_matches('.');
            match inner.kind {
                Kind::Field {
                    required: false, ..
                } => format!("{name}?"),
                _ => name.to_owned(),
            }
        })
        .collect();
    if !below.is_empty() {
        text.push_str(&format!(" {{{}}}", below.join(", ")));
    }
    text
}

fn change(
    path: &str,
    member: &Member,
    what: What,
    detail: String,
    breaking: bool,
    stable: bool,
) -> Change {
    let area = match member.kind {
        Kind::Type => Area::Type,
        Kind::Field { .. } => Area::Field,
        Kind::Variant => Area::Variant,
    };
    let (owner, below) = split(path);
    let experimental = !stable;
    Change {
        area,
        owner: owner.into(),
        below: below.into(),
        what,
        detail,
        breaking,
        experimental,
    }
}

/// The type of a path, and the rest of it.
fn split(path: &str) -> (&str, &str) {
    path.split_at(path.find(['.', ':', '[', '{']).unwrap_or(path.len()))
}

#[cfg(test)]
mod tests;
