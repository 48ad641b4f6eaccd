//! Prints the table of installed runtimes.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use anyhow::Context;
use indicatif::DecimalBytes;
use semver::Version;

use super::cache::Cache;

/// Prints the installed runtimes with a mark for the pinned release, and the value of `CODEX_BIN`.
pub(super) fn print(
    cache: &Cache,
    pinned: &Version,
    overriding: Option<&OsStr>,
) -> anyhow::Result<()> {
    let mut versions = cache.versions()?;
    if !versions.contains(pinned) {
        versions.push(pinned.clone());
        versions.sort();
    }
    for version in versions {
        let mark = if version == *pinned { "pinned" } else { "" };
        println!(
            "{}",
            line(&version.to_string(), mark, &state(cache, &version)?)
        );
    }
    if let Some(binary) = overriding {
        println!(
            "\nCODEX_BIN replaces the pinned runtime: {}",
            Path::new(binary).display()
        );
    }
    Ok(())
}

/// Returns the size and path of an installed runtime, or the command that repairs it.
fn state(cache: &Cache, version: &Version) -> anyhow::Result<String> {
    let home = cache.home(version);
    if !home.exists() {
        return Ok("not installed: run `cargo xtask runtime install`".into());
    }
    if cache.binary(version).is_none() {
        return Ok(format!(
            "broken: run `cargo xtask runtime install --version {version}`"
        ));
    }
    let size = size(&home)
        .with_context(|| format!("cannot measure {}", crate::workspace::shown(&home)))?;
    Ok(format!(
        "{:>9}  {}",
        DecimalBytes(size).to_string(),
        crate::workspace::shown(&home)
    ))
}

/// Formats one line of the table.
fn line(version: &str, mark: &str, state: &str) -> String {
    format!("{version:<16} {mark:<6}  {state}")
}

/// Returns the total size of the files below a directory. Does not follow links.
fn size(directory: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let of_entry = entry.metadata()?;
        bytes += if of_entry.is_dir() {
            size(&entry.path())?
        } else {
            of_entry.len()
        };
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_includes_the_files_of_nested_directories() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir_all(directory.path().join("a/b")).unwrap();
        fs::write(directory.path().join("one"), "1").unwrap();
        fs::write(directory.path().join("a/b/three"), "333").unwrap();
        assert_eq!(size(directory.path()).unwrap(), 4);
    }

    #[test]
    fn the_columns_are_aligned() {
        let states = [
            line("0.169.0", "pinned", "x"),
            line("0.170.0-alpha.1", "", "x"),
        ];
        assert_eq!(states[0].find('x'), states[1].find('x'));
    }
}
