//! Writing the generated files, or checking that they are what would be written.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use similar::TextDiff;

use super::print::Files;

/// Where the generated files are.
fn folder() -> Result<PathBuf> {
    Ok(crate::workspace::root()?.join("crates/codex-types/src/generated"))
}

/// Writes the files, and removes those that are no longer generated.
pub(crate) fn write(files: &Files) -> Result<()> {
    let folder = folder()?;
    fs::create_dir_all(&folder)?;
    let mut changed = 0;
    for name in present(&folder)?
        .iter()
        .filter(|name| !files.contains_key(*name))
    {
        fs::remove_file(folder.join(name)).with_context(|| format!("removing {name}"))?;
        changed += 1;
    }
    for (name, text) in files {
        let path = folder.join(name);
        if fs::read_to_string(&path).is_ok_and(|old| old == *text) {
            continue; // What did not change keeps its time, and is not compiled again.
        }
        fs::write(&path, text).with_context(|| format!("writing {name}"))?;
        changed += 1;
    }
    let lines: usize = files.values().map(|text| text.lines().count()).sum();
    println!("{} files, {lines} lines, {changed} changed", files.len());
    Ok(())
}

/// Fails if the files are not what would be written, and shows how they differ.
pub(crate) fn check(files: &Files) -> Result<()> {
    const SHOWN_LINES: usize = 60;
    let folder = folder()?;
    let present = present(&folder)?;
    let names: BTreeSet<_> = present.iter().chain(files.keys()).collect();
    let mut stale = Vec::new();
    let mut shown = 0;
    for name in names {
        let old = fs::read_to_string(folder.join(name)).unwrap_or_default();
        let new = files.get(name).cloned().unwrap_or_default();
        if old == new && present.contains(name) && files.contains_key(name) {
            continue;
        }
        stale.push(name.as_str());
        let diff = TextDiff::from_lines(&old, &new);
        let diff = diff
            .unified_diff()
            .header(&format!("{name} (now)"), "(generated)")
            .to_string();
        for line in diff.lines().take(SHOWN_LINES.saturating_sub(shown)) {
            eprintln!("{line}");
            shown += 1;
        }
    }
    if stale.is_empty() {
        println!("{} generated files are fresh", files.len());
        return Ok(());
    }
    bail!(
        "not what the generator writes: {}; run `cargo xtask codegen` and commit the result \
         (generated files are never edited by hand: change the generator)",
        stale.join(", ")
    )
}

/// The files that are there.
fn present(folder: &Path) -> Result<BTreeSet<String>> {
    let entries = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_generated_files_are_what_the_generator_writes() {
        super::check(&super::super::generate().unwrap()).unwrap();
    }
}
