//! Lists the changes of a release on which a person decides, because the hand-written code may have
//! to follow them.

use std::collections::BTreeSet;
use std::path::Path;

use super::{client_words, mentions};
use crate::codegen::report::Report;
use crate::schema::diff::Comparison;
use crate::schema::diff::compare::{Action, Change, owner};
use crate::schema::diff::outline::Kind;
use crate::schema::diff::protocol::Protocol;

/// The unions whose variants a turn contains.
const ITEMS: [&str; 2] = ["ThreadItem", "UserInput"];

/// The ends of the names of types whose values end or grant something.
const VERDICTS: [&str; 5] = ["Status", "Decision", "Outcome", "State", "Phase"];

/// A question, and the changes that raise it.
struct Section {
    title: &'static str,
    /// The question, and the files that answer it today.
    question: &'static str,
    items: Vec<String>,
}

/// Parts of the workspace that an update may have to change.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    /// The words of the sources of the client.
    pub(super) words: BTreeSet<String>,
    /// The lines of the documentation that name the older release or its counts.
    pub(super) mentions: Vec<String>,
}

impl Workspace {
    /// Reads the workspace at `root`.
    pub(super) fn read(root: &Path, comparison: &Comparison) -> anyhow::Result<Self> {
        let Comparison { old, new, .. } = comparison;
        let [before, after] = [old, new].map(requests);
        // Pages give the number of requests, which is large enough not to mean something else.
        let numbers: Vec<_> = (before != after && before >= 100)
            .then_some(before)
            .into_iter()
            .collect();
        Ok(Self {
            words: client_words::find(root)?,
            mentions: mentions::find(root, &old.version, &numbers)?,
        })
    }
}

/// Returns the number of requests that a client can send.
fn requests(protocol: &Protocol) -> usize {
    let lines = protocol.lines.values();
    lines
        .filter(|line| matches!(line.kind, Kind::Method(union) if union.name == "ClientRequest"))
        .count()
}

/// Returns the list as Markdown.
pub(super) fn render(
    comparison: &Comparison,
    report: Option<&Report>,
    workspace: &Workspace,
) -> String {
    let (old, new) = (&comparison.old.version, &comparison.new.version);
    let mut text = format!("# Codex {old} → {new}: decisions\n");
    let mut sections = sections(comparison, &workspace.words);
    sections.push(Section {
        title: "Pages that name the older release",
        question: "Is the sentence still true, and which numbers change with it? A sentence about \
                   what was tried on the older release stays.",
        items: workspace.mentions.clone(),
    });
    sections.retain(|section| !section.items.is_empty());
    if sections.is_empty() {
        text.push_str("\nThe changes raise no question.\n");
    }
    for section in sections {
        text.push_str(&format!(
            "\n## {}\n\n{}\n\n",
            section.title, section.question
        ));
        for item in section.items {
            text.push_str(&format!("- [ ] {item}\n"));
        }
    }
    if let Some(report) = report {
        text.push_str(&format!(
            "\n## Report of the generator\n\n`docs/regenerating.md` explains the kinds of \
             entries.\n\n```text\n{}```\n",
            report.to_string().trim_start()
        ));
    }
    text
}

/// Returns the questions, most urgent first. `words` are those of the sources of the client.
fn sections(comparison: &Comparison, words: &BTreeSet<String>) -> Vec<Section> {
    let Comparison {
        old, new, changes, ..
    } = comparison;
    let breaking = changes.iter().filter(|change| change.breaking);
    // The other sections ask what the client should offer, which is no question about these.
    let with = |wanted: &dyn Fn(&Change) -> bool| -> Vec<String> {
        let others = changes.iter().filter(|change| !change.breaking);
        others.filter(|change| wanted(change)).map(item).collect()
    };
    let item_types: BTreeSet<&str> = [old, new].into_iter().flat_map(item_types).collect();
    let is_of_item = |it: &Change| {
        let is_part = matches!(it.kind, Kind::Field | Kind::Variant);
        is_part && item_types.contains(it.owner.as_str()) && !is_item(it) && !is_verdict(it)
    };
    // The client sets a field of params and reads a field of a response.
    let is_of_client = |it: &Change| it.kind == Kind::Field && words.contains(&it.owner);
    vec![
        Section {
            title: "Breaking changes",
            question: "Does the hand-written code use it, and what do users of the types have to \
                       change? What older servers send must still be read, and their requests be \
                       answered.",
            items: breaking.map(|it| breaking_item(comparison, it)).collect(),
        },
        Section {
            title: "Server requests",
            question: "Which handler responds, and what is the safe default response? See \
                       `crates/codex-client/src/server_requests/` and `approvals/`.",
            items: with(&|it| is_method(it, "ServerRequest")),
        },
        Section {
            title: "Notifications",
            question: "Does it belong to a turn, a thread, a login or the connection? See \
                       `crates/codex-client/src/routing/` and `rpc/envelope`.",
            items: notifications(comparison),
        },
        Section {
            title: "Items and inputs",
            question: "Does it belong in the collected result of a turn (`turn_result`), or in \
                       `Input`?",
            items: with(&is_item),
        },
        Section {
            title: "Parts of items and inputs",
            question: "Should a result, an event or `Input` offer it?",
            items: with(&is_of_item),
        },
        Section {
            title: "Statuses and decisions",
            question: "Does the value end a turn, a login or a goal, or grant something?",
            items: with(&is_verdict),
        },
        Section {
            title: "Errors",
            question: "Is the error retryable, and does it deserve an `RpcErrorKind`?",
            items: with(&|it| it.kind == Kind::Variant && it.owner == "CodexErrorInfo"),
        },
        Section {
            title: "Fields of types that the client names",
            question: "Should a builder have a setter for it, or a handle a method that returns it?",
            items: with(&|it| is_of_client(it) && !is_of_item(it)),
        },
        Section {
            title: "Client requests",
            question: "`Codex::request` calls each of them. Does it deserve a method of a handle?",
            items: with(&|it| is_method(it, "ClientRequest")),
        },
    ]
}

/// Returns the types of items and inputs, and the types that they consist of.
fn item_types(protocol: &Protocol) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    let mut names: Vec<&str> = ITEMS.to_vec();
    while let Some(name) = names.pop() {
        let Some((name, line)) = protocol.lines.get_key_value(name) else {
            continue;
        };
        if line.kind != Kind::Type || !found.insert(name.as_str()) {
            continue;
        }
        let parts = protocol.lines.range(name.clone()..);
        let parts = parts.take_while(|(path, _)| path.starts_with(name));
        for (_, part) in parts.filter(|(path, _)| owner(path) == name) {
            names.extend(part.text.split(|letter: char| !letter.is_alphanumeric()));
        }
    }
    found
}

/// Returns the changed notifications, and the ids by which the new ones can be routed.
fn notifications(comparison: &Comparison) -> Vec<String> {
    let changes = comparison.changes.iter();
    let changes =
        changes.filter(|change| is_method(change, "ServerNotification") && !change.breaking);
    let described = changes.map(|change| {
        let mut text = item(change);
        if change.action == Action::Added {
            text.push_str(&route(&change.owner, &comparison.new));
        }
        text
    });
    described.collect()
}

/// Returns the ids in the params of a notification.
fn route(method: &str, protocol: &Protocol) -> String {
    let params = protocol.lines.get(method).map_or("", |line| &line.text);
    let has = |field: &str| protocol.lines.contains_key(&format!("{params}.{field}"));
    let ids: Vec<String> = ["threadId", "turnId", "itemId", "loginId"]
        .into_iter()
        .filter(|field| has(field))
        .map(|field| format!("`{field}`"))
        .collect();
    match ids.is_empty() {
        true => ", without an id".to_owned(),
        false => format!(", with {}", ids.join(", ")),
    }
}

fn is_method(change: &Change, union: &str) -> bool {
    matches!(change.kind, Kind::Method(of) if of.name == union)
}

/// Returns whether a kind of item changes, as a whole: `ThreadItem::plan`.
fn is_item(change: &Change) -> bool {
    let name = change.below.strip_prefix("::");
    let is_whole = name.is_some_and(|name| !name.contains(['.', ':']));
    change.kind == Kind::Variant && is_whole && ITEMS.contains(&change.owner.as_str())
}

/// Returns whether a value of a status, of a decision or of a type about approvals changes, named or
/// inline: `TurnStatus::x`, `Turn.status::x`.
fn is_verdict(change: &Change) -> bool {
    let parent = change.below.rsplit_once("::").map(|(parent, _)| parent);
    let Some(parent) = parent.filter(|_| change.kind == Kind::Variant) else {
        return false;
    };
    let name = match parent.rsplit(['.', ':']).next() {
        None | Some("") => &change.owner,
        Some(field) => field,
    };
    let name = name.to_lowercase();
    if name.contains("approval") {
        return true;
    }
    VERDICTS
        .iter()
        .any(|end| name.ends_with(&end.to_lowercase()))
}

/// Returns a breaking change in one line.
fn breaking_item(comparison: &Comparison, change: &Change) -> String {
    let kept = match comparison.keeps(change) {
        true => ", which the types keep for older servers",
        false => "",
    };
    format!("{}{kept}", item(change))
}

/// Returns a change in one line.
fn item(change: &Change) -> String {
    let action = match change.action {
        Action::Added => "added",
        Action::Removed => "removed",
        Action::Changed => "changed",
    };
    let detail = match change.detail.as_str() {
        "" => String::new(),
        detail => format!(": `{detail}`"),
    };
    let experimental = if change.experimental {
        " (experimental)"
    } else {
        ""
    };
    let Change { owner, below, .. } = change;
    format!("{action} `{owner}{below}`{detail}{experimental}")
}

/// Returns the new text with the boxes that are ticked in the old one.
pub(super) fn keep_ticks(old: &str, new: &str) -> String {
    let ticked: BTreeSet<&str> = old
        .lines()
        .filter_map(|line| line.strip_prefix("- [x] "))
        .collect();
    let lines = new.lines().map(|line| match line.strip_prefix("- [ ] ") {
        Some(item) if ticked.contains(item) => format!("- [x] {item}\n"),
        _ => format!("{line}\n"),
    });
    lines.collect()
}

#[cfg(test)]
mod tests;
