//! The table of installed runtimes.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use anyhow::Context;
use indicatif::DecimalBytes;
use semver::Version;

use super::cache::Cache;

/// Prints what is installed, the pinned release marked, and what `CODEX_BIN` says about it.
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
            "\nCODEX_BIN takes the place of the pinned one: {}",
            Path::new(binary).display()
        );
    }
    Ok(())
}

/// The size and the place of an installed runtime, or what is wrong with it.
fn state(cache: &Cache, version: &Version) -> anyhow::Result<String> {
    let home = cache.home(version);
    if !home.exists() {
        return Ok("not installed: `cargo xtask runtime install`".into());
    }
    if cache.binary(version).is_none() {
        return Ok(format!(
            "broken: `cargo xtask runtime install --version {version}` installs it anew"
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

/// One line of the table.
fn line(version: &str, mark: &str, state: &str) -> String {
    format!("{version:<16} {mark:<6}  {state}")
}

/// The bytes of all files below a folder; links are not followed.
fn size(folder: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
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
    fn the_size_counts_the_files_of_all_folders() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("a/b")).unwrap();
        fs::write(folder.path().join("one"), "1").unwrap();
        fs::write(folder.path().join("a/b/three"), "333").unwrap();
        assert_eq!(size(folder.path()).unwrap(), 4);
    }

    #[test]
    fn the_columns_stand_below_each_other() {
        let states = [
            line("0.169.0", "pinned", "x"),
            line("0.170.0-alpha.1", "", "x"),
        ];
        assert_eq!(states[0].find('x'), states[1].find('x'));
    }
}
