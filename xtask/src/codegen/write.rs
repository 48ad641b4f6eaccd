//! Writes the generated files, or checks that they are up to date.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use similar::TextDiff;

use super::print::Files;

/// Returns the directory of the generated files.
fn directory() -> Result<PathBuf> {
    Ok(crate::workspace::root()?.join("crates/codex-types/src/generated"))
}

/// Writes the files, and removes files that are no longer generated.
pub(crate) fn write(files: &Files) -> Result<()> {
    let directory = directory()?;
    fs::create_dir_all(&directory)?;
    let mut changed = 0;
    for name in present(&directory)?
        .iter()
        .filter(|name| !files.contains_key(*name))
    {
        fs::remove_file(directory.join(name)).with_context(|| format!("removing {name}"))?;
        changed += 1;
    }
    for (name, text) in files {
        let path = directory.join(name);
        if fs::read_to_string(&path).is_ok_and(|old| old == *text) {
            continue; // Keeps the modification time, so cargo does not rebuild.
        }
        fs::write(&path, text).with_context(|| format!("writing {name}"))?;
        changed += 1;
    }
    let lines: usize = files.values().map(|text| text.lines().count()).sum();
    println!("{} files, {lines} lines, {changed} changed", files.len());
    Ok(())
}

/// Fails and prints the difference if the files are stale.
pub(crate) fn check(files: &Files) -> Result<()> {
    const SHOWN_LINES: usize = 60;
    let directory = directory()?;
    let present = present(&directory)?;
    let names: BTreeSet<_> = present.iter().chain(files.keys()).collect();
    let mut stale = Vec::new();
    let mut shown = 0;
    for name in names {
        let old = fs::read_to_string(directory.join(name)).unwrap_or_default();
        let new = files.get(name).cloned().unwrap_or_default();
        if old == new && present.contains(name) && files.contains_key(name) {
            continue;
        }
        stale.push(name.as_str());
        let diff = TextDiff::from_lines(&old, &new);
        let diff = diff
            .unified_diff()
            .header(&format!("{name} (on disk)"), "(generated)")
            .to_string();
        for line in diff.lines().take(SHOWN_LINES.saturating_sub(shown)) {
            eprintln!("{line}");
            shown += 1;
        }
    }
    if stale.is_empty() {
        println!("{} generated files are up to date", files.len());
        return Ok(());
    }
    bail!(
        "stale generated files: {}; run `cargo xtask codegen` and commit the result (to change \
         generated code, change the generator)",
        stale.join(", ")
    )
}

/// The names of the files on disk.
fn present(directory: &Path) -> Result<BTreeSet<String>> {
    let entries =
        fs::read_dir(directory).with_context(|| format!("reading {}", directory.display()))?;
    entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect()
}
