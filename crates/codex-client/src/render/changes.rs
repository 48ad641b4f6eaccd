//! Changed files.

use codex_types::{
    FileChange, FileChangeThreadItem, FileUpdateChange, PatchApplyStatus, PatchChangeKind,
};

use crate::render::{
    description::{Block, Description},
    units::{count, length},
};

/// A change to a file, with a diff.
pub(super) struct Change<'a> {
    path: &'a str,
    kind: Kind<'a>,
    /// The contents of a new or deleted file, or the hunks of a unified diff.
    diff: &'a str,
}

enum Kind<'a> {
    Added,
    Deleted,
    Updated { new_path: Option<&'a str> },
    Unknown,
}

impl<'a> From<&'a FileUpdateChange> for Change<'a> {
    fn from(change: &'a FileUpdateChange) -> Self {
        let kind = match &change.kind {
            PatchChangeKind::Add => Kind::Added,
            PatchChangeKind::Delete => Kind::Deleted,
            PatchChangeKind::Update(update) => Kind::Updated {
                new_path: update.move_path.as_deref(),
            },
            _ => Kind::Unknown,
        };
        Self {
            path: &change.path,
            kind,
            diff: &change.diff,
        }
    }
}

impl<'a> From<(&'a String, &'a FileChange)> for Change<'a> {
    fn from((path, change): (&'a String, &'a FileChange)) -> Self {
        let (kind, diff) = match change {
            FileChange::Add(file) => (Kind::Added, file.content.as_str()),
            FileChange::Delete(file) => (Kind::Deleted, file.content.as_str()),
            FileChange::Update(update) => {
                let new_path = update.move_path.as_deref();
                (Kind::Updated { new_path }, update.unified_diff.as_str())
            }
            _ => (Kind::Unknown, ""),
        };
        Self { path, kind, diff }
    }
}

impl Change<'_> {
    /// Returns the path and the numbers of added and deleted lines: `a.rs (+3 -1)`.
    fn stat(&self) -> String {
        let lines = length(self.diff.lines().count());
        let (path, moved) = match self.kind {
            Kind::Updated { new_path: Some(to) } => (self.path, format!(" -> {to}")),
            _ => (self.path, String::new()),
        };
        let stat = match self.kind {
            Kind::Added => format!("new, +{lines}"),
            Kind::Deleted => format!("deleted, -{lines}"),
            Kind::Updated { .. } => {
                let (added, deleted) = counts(self.diff);
                format!("+{added} -{deleted}")
            }
            Kind::Unknown => "an unknown kind of change".to_owned(),
        };
        format!("{path}{moved} ({stat})")
    }

    /// Returns a unified diff.
    fn unified(&self) -> String {
        let each = |mark: char| {
            let lines = self.diff.lines();
            lines.map(|line| format!("\n{mark}{line}")).collect()
        };
        let (from, to, body): (_, _, String) = match self.kind {
            Kind::Added => ("/dev/null", self.path, each('+')),
            Kind::Deleted => (self.path, "/dev/null", each('-')),
            Kind::Updated { new_path } => {
                let to = new_path.unwrap_or(self.path);
                (self.path, to, format!("\n{}", self.diff))
            }
            Kind::Unknown => (self.path, self.path, format!("\n{}", self.diff)),
        };
        format!("--- {from}\n+++ {to}{body}")
    }
}

/// Returns the numbers of added and deleted lines of a diff.
fn counts(diff: &str) -> (usize, usize) {
    let count = |mark: char, header: &str| {
        let lines = diff.lines();
        lines
            .filter(|line| line.starts_with(mark) && !line.starts_with(header))
            .count()
    };
    (count('+', "+++ "), count('-', "--- "))
}

/// Describes changes by the numbers of their lines, and with their diffs.
pub(super) fn describe<'a>(
    label: &'static str,
    changes: impl IntoIterator<Item: Into<Change<'a>>>,
) -> Description<'a> {
    /// The number of files that the single line names.
    const NAMED: usize = 4;

    let changes: Vec<Change<'_>> = changes.into_iter().map(Into::into).collect();
    let mut stats: Vec<_> = changes.iter().map(Change::stat).collect();
    if stats.len() > NAMED {
        let others = stats.split_off(NAMED - 1).len();
        stats.push(format!("and {others} more files"));
    }
    let diffs = changes.iter().map(|change| Block::Diff(change.unified()));
    let mut description = Description::new(label, stats.join(", "));
    description.blocks = diffs.collect();
    description
}

/// Describes the diff of a whole turn.
pub(super) fn whole(diff: &str) -> Description<'_> {
    let files = diff.lines().filter(|line| line.starts_with("+++ ")).count();
    let (added, deleted) = counts(diff);
    let text = format!("{} (+{added} -{deleted})", count(length(files), "file"));
    Description::new("changes of the turn", text).block(Block::Diff(diff.to_owned()))
}

pub(super) fn describe_item(item: &FileChangeThreadItem) -> Description<'_> {
    let label = match item.status {
        PatchApplyStatus::Completed => "changed",
        PatchApplyStatus::InProgress => "changing",
        PatchApplyStatus::Failed => "failed to change",
        PatchApplyStatus::Declined => "declined to change",
        _ => "change",
    };
    describe(label, &item.changes)
}
