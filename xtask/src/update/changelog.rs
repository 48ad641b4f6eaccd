//! Drafts the entry of the changelog, between two comments.
//!
//! The comment at the start has a hash of the draft, so that a later run replaces an untouched draft
//! and keeps one that was edited. Without the comments the draft counts as edited: the sentence
//! about the release, which is replaced together with it, says that there was one.

use std::ops::Range;

use anyhow::{Context, ensure};

use crate::schema::diff::Comparison;
use crate::schema::diff::compare::{Action, Change};
use crate::schema::diff::outline::{Kind, UNIONS, Union};
use crate::schema::lock;

/// The most breaking changes that a draft lists.
const MOST_LISTED: usize = 40;

/// The beginning of the first comment. The release and the hash of the draft follow.
const START: &str =
    "<!-- Draft of `cargo xtask update`; remove this line and the last when it is edited. ";
const END: &str = "<!-- End of the draft. -->";

/// The result of placing a draft.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Placed {
    /// The new text of the changelog.
    Written(String),
    /// The changelog has an edited entry, which is kept.
    Kept,
}

/// Returns the draft of the entry.
pub(super) fn draft(comparison: &Comparison) -> String {
    let Comparison {
        old, new, changes, ..
    } = comparison;
    let mut text = format!("### Codex {} → {}\n\n", old.version, new.version);
    let mut has_lines = false;
    for union in &UNIONS {
        for (verb, action) in [("New", Action::Added), ("Removed", Action::Removed)] {
            let names = names(comparison, union, action);
            if !names.is_empty() {
                let title = union.title.to_lowercase();
                text.push_str(&format!("- {verb} {title}: {}.\n", names.join(", ")));
                has_lines = true;
            }
        }
    }
    for (title, wanted) in [
        ("New types", Kind::Type),
        ("New fields", Kind::Field),
        ("New variants", Kind::Variant),
    ] {
        let added = changes.iter().filter(|it| it.kind == wanted);
        let count = added.filter(|it| it.action == Action::Added).count();
        if count > 0 {
            text.push_str(&format!("- {title}: {count}.\n"));
            has_lines = true;
        }
    }
    let is_listed =
        |it: &Change| matches!(it.kind, Kind::Method(_)) && it.action == Action::Removed;
    let kept = changes.iter().filter(|it| comparison.keeps(it));
    let kept = kept.filter(|it| matches!(it.kind, Kind::Field | Kind::Variant));
    let kept: Vec<_> = kept
        .map(|it| format!("`{}{}`", it.owner, it.below))
        .collect();
    if !kept.is_empty() {
        let kept = kept.join(", ");
        text.push_str(&format!(
            "- Removed, and kept in the types for older servers: {kept}.\n"
        ));
        has_lines = true;
    }
    // A required field that is kept is an option.
    let is_harmless = |it: &Change| {
        comparison.keeps(it) && (it.kind != Kind::Field || it.detail.ends_with(", optional"))
    };
    let breaking = changes.iter().filter(|it| it.breaking);
    let breaking = breaking.filter(|it| !is_listed(it) && !is_harmless(it));
    let breaking: Vec<&Change> = breaking.collect();
    if !breaking.is_empty() {
        text.push_str("- **Breaking changes of the types:**\n");
    }
    for change in breaking.iter().take(MOST_LISTED) {
        let line = breaking_line(change, comparison.keeps(change));
        text.push_str(&format!("  - {line}\n"));
    }
    if let Some(rest) = breaking.len().checked_sub(MOST_LISTED + 1) {
        let command = format!("cargo xtask schema diff {} {}", old.version, new.version);
        text.push_str(&format!(
            "  - and {} more, which `{command}` lists.\n",
            rest + 1
        ));
    }
    if !has_lines && breaking.is_empty() {
        text.push_str("- The protocol is unchanged.\n");
    }
    text
}

/// Returns the methods of a union that were added or removed.
fn names(comparison: &Comparison, union: &'static Union, action: Action) -> Vec<String> {
    let wanted = |it: &&Change| it.kind == Kind::Method(union) && it.action == action;
    let changes = comparison.changes.iter().filter(wanted);
    changes
        .map(|it| {
            let notes = [
                (it.experimental, "experimental"),
                (comparison.keeps(it), "the types keep it for older servers"),
            ];
            let notes = notes.into_iter().filter(|(applies, _)| *applies);
            let notes: Vec<&str> = notes.map(|(_, note)| note).collect();
            match notes.is_empty() {
                true => format!("`{}`", it.owner),
                false => format!("`{}` ({})", it.owner, notes.join("; ")),
            }
        })
        .collect()
}

/// Returns a breaking change in one sentence; `is_kept` says that the types keep what it removes.
fn breaking_line(change: &Change, is_kept: bool) -> String {
    let name = format!("`{}{}`", change.owner, change.below);
    match (change.action, change.detail.as_str()) {
        (Action::Removed, _) if is_kept => {
            format!("{name} is optional: the types keep it for older servers.")
        }
        (Action::Removed, _) => format!("{name} is removed."),
        (Action::Added, _) => format!("{name} is new and required."),
        (Action::Changed, detail) => format!("{name}: `{detail}`."),
    }
}

/// Puts a draft into the changelog, in the newest section, and names the newer release there. If the
/// newest section is a released version, a new section comes before it.
///
/// # Errors
///
/// Fails if the changelog has no section.
pub(super) fn place(changelog: &str, draft: &str, new: &str) -> anyhow::Result<Placed> {
    let section = newest_section(changelog)
        .context("CHANGELOG.md has no section: add a line `## [Unreleased]`")?;
    let mut before = changelog[..section.start].to_owned();
    let after = &changelog[section.end..];
    let mut body = changelog[section.clone()].to_owned();

    let heading = body.lines().next().unwrap_or_default().to_lowercase();
    if !heading.contains("unreleased") {
        let new_section = format!(
            "## [Unreleased]\n\n{}\n\n{}\n",
            sentence(new),
            marked(draft, new)
        );
        before.push_str(&new_section);
        return Ok(Placed::Written(format!("{before}{body}{after}")));
    }
    if let Some(marked) = find_draft(&body) {
        match marked.edited {
            None => body.replace_range(marked.range, ""),
            Some(_) if marked.release == new => return Ok(Placed::Kept),
            // The entry about another release stays, without the comments.
            Some(text) => body.replace_range(marked.range, &format!("\n{}\n", text.trim_end())),
        }
    } else if body.contains(&format!("**Codex {new}**")) {
        return Ok(Placed::Kept);
    }
    let at = name_release(&mut body, new)?;
    body.insert_str(at, &format!("\n{}", marked(draft, new)));
    Ok(Placed::Written(format!("{before}{body}{after}")))
}

/// Returns the range of the newest section.
fn newest_section(changelog: &str) -> Option<Range<usize>> {
    let start = changelog.find("\n## [")? + 1;
    let length = changelog[start..].find("\n## [").map(|at| at + 1);
    Some(start..length.map_or(changelog.len(), |length| start + length))
}

/// A draft in a section.
struct Marked {
    /// The draft with both comments and the blank line before it.
    range: Range<usize>,
    /// The release that it is about.
    release: String,
    /// The text between the comments, if it was edited.
    edited: Option<String>,
}

/// Finds the draft in a section.
fn find_draft(section: &str) -> Option<Marked> {
    let start = section.find(START)?;
    let text = start + section[start..].find('\n')? + 1;
    let end = text + section[text..].find(END)?;
    let mut words = section[start + START.len()..text].split_whitespace();
    let release = words.next()?.to_owned();
    let draft = &section[text..end];
    let is_edited = words.next() != Some(&hash(draft));
    let mut after = end + END.len();
    after += usize::from(section[after..].starts_with('\n'));
    let has_blank = section[..start].ends_with("\n\n");
    Some(Marked {
        range: start - usize::from(has_blank)..after,
        release,
        edited: is_edited.then(|| draft.to_owned()),
    })
}

/// Returns a draft between its comments.
fn marked(draft: &str, new: &str) -> String {
    let content = format!("{draft}\n");
    format!("{START}{new} {} -->\n{content}{END}\n", hash(&content))
}

/// Returns a short hash of a draft.
fn hash(content: &str) -> String {
    lock::sha256(content.as_bytes())[..12].to_owned()
}

fn sentence(new: &str) -> String {
    format!("Speaks the protocol of **Codex {new}**, stable and experimental.")
}

/// Names the release in the sentence of the section, and returns the end of its paragraph.
fn name_release(section: &mut String, new: &str) -> anyhow::Result<usize> {
    const BEFORE: &str = "**Codex ";
    let Some(start) = section.find(BEFORE).map(|at| at + BEFORE.len()) else {
        // The sentence follows the heading.
        let heading = section.find('\n').map_or(section.len(), |at| at + 1);
        let text = format!("\n{}\n", sentence(new));
        section.insert_str(heading, &text);
        return Ok(heading + text.len());
    };
    let length = section[start..].find("**");
    let length = length.context("CHANGELOG.md has `**Codex ` without a closing `**`")?;
    ensure!(
        !section[start..start + length].contains('\n'),
        "CHANGELOG.md has `**Codex ` without a closing `**` in its line"
    );
    section.replace_range(start..start + length, new);
    let paragraph = section[start..].find("\n\n").map(|at| start + at + 1);
    Ok(paragraph.unwrap_or(section.len()))
}

#[cfg(test)]
mod tests;
