//! Shows what an update would do. Changes nothing but `target/`, where it installs the release.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::Context;
use semver::Version;

use super::releases::Known;
use super::{changelog, decisions, shorten, skipped};
use crate::codegen::{self, report::Report};
use crate::schema::diff::Comparison;
use crate::schema::{self, pinned};
use crate::{stdout, workspace};

/// Prints the report on an update, and writes it to `output`. If there is nothing to update, `output`
/// does not exist afterwards, which distinguishes both cases for scripts. The file has at most `limit`
/// characters.
pub(super) fn run(
    new: &Version,
    is_latest: bool,
    from: Option<&str>,
    output: Option<&Path>,
    limit: Option<usize>,
) -> anyhow::Result<()> {
    let known = Known::find(new, from)?;
    let pinned = pinned::version()?;
    let is_behind = if is_latest {
        pinned < *new
    } else {
        pinned != *new
    };
    let old = known.old(new).filter(|_| is_behind || from.is_some());
    let Some(old) = old else {
        println!("up to date: Codex {pinned} is pinned");
        return remove(output);
    };
    let (old, new) = (old.to_string(), new.to_string());
    let text = report(&old, &new)?;
    if let Some(path) = output {
        let note = format!(
            "The report is cut here. `cargo xtask update --version {new} --dry-run` prints all of it."
        );
        let text = match limit {
            Some(limit) => &shorten::to(limit, &text, &note),
            None => &text,
        };
        fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    stdout::print(&text)
}

/// Removes the report of an earlier run.
fn remove(output: Option<&Path>) -> anyhow::Result<()> {
    let Some(path) = output else { return Ok(()) };
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// Returns the whole report: the decisions, the draft of the changelog, and the differences.
fn report(old: &str, new: &str) -> anyhow::Result<String> {
    let comparison = Comparison::read(old, new)?;
    let (report, failure) = match generator(new) {
        Ok(report) => (Some(report), String::new()),
        Err(error) => (
            None,
            format!("\n## The generator fails\n\n```text\n{error:#}\n```\n"),
        ),
    };
    let sources = decisions::Workspace::read(&workspace::root()?, &comparison)?;
    let decisions = decisions::render(&comparison, report.as_ref(), &sources);
    let skipped: Vec<String> = skipped(old, new)?
        .iter()
        .map(|release| format!("`{release}`"))
        .collect();
    let skipped = match skipped.is_empty() {
        true => String::new(),
        false => format!("\nReleases in between: {}.\n", skipped.join(", ")),
    };
    let draft = changelog::draft(&comparison);
    Ok(format!(
        "{decisions}{failure}{skipped}\n## Draft of the changelog\n\n```markdown\n{draft}```\n\n\
         ## Differences\n\n{}\n`cargo xtask update --version {new}` makes the update.\n",
        below(&comparison.report()),
    ))
}

/// Generates from the schema of a release, in memory.
fn generator(new: &str) -> anyhow::Result<Report> {
    codegen::report_on(&schema::preview(new)?)
}

/// Lowers the headings of a text, so that they are below a heading of the second level.
fn below(text: &str) -> String {
    let lines = text.lines().map(|line| match line.starts_with('#') {
        true => format!("##{line}\n"),
        false => format!("{line}\n"),
    });
    lines.collect()
}
