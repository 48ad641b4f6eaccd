//! Pins the schema of a release: printed and checked elsewhere first, then put in place.

use std::fs;
use std::path::Path;

use anyhow::Context;
use semver::Version;

use super::bundles::Bundles;
use super::lock::{self, Lock};

/// Replaces the pinned schema in `folder` by `bundles`, and returns the new lock.
///
/// Every file is replaced by a rename and the lock last, so whatever ends this early leaves a
/// pinned schema that either is whole or is refused by its lock.
pub(super) fn replace(folder: &Path, codex: Version, bundles: &Bundles) -> anyhow::Result<Lock> {
    let lock = bundles.lock(codex);
    let text = lock::print(&lock)?;
    put(&folder.join(&lock.stable.file), &bundles.stable.content)?;
    put(
        &folder.join(&lock.experimental.file),
        &bundles.experimental.content,
    )?;
    put(&lock::path(folder), text.as_bytes())?;
    Ok(lock)
}

/// Puts `content` at `path`, at once.
fn put(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let cannot = || format!("cannot write {}", crate::workspace::shown(path));
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(cannot)?;
    }
    let new = path.with_extension("new");
    fs::write(&new, content).with_context(cannot)?;
    fs::rename(&new, path).with_context(cannot)
}

#[cfg(test)]
mod tests {
    use super::super::bundles::tests::mini;
    use super::super::pinned;
    use super::*;

    #[test]
    fn what_was_pinned_loads_byte_for_byte_and_leaves_no_other_file() {
        let folder = tempfile::tempdir().unwrap();
        let release = Version::new(1, 0, 0);
        let first = Bundles {
            stable: mini(&["A"]),
            experimental: mini(&["A"]),
        };
        replace(folder.path(), release.clone(), &first).unwrap();
        let second = Bundles {
            stable: mini(&["B"]),
            experimental: mini(&["B", "C"]),
        };
        let written = replace(folder.path(), release, &second).unwrap();

        let (read, loaded) = pinned::load_from(folder.path()).unwrap();
        assert_eq!(read, written);
        assert_eq!(loaded.experimental, second.experimental.value);
        let stable = fs::read(folder.path().join(&written.stable.file)).unwrap();
        assert_eq!(stable, second.stable.content);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
        assert_eq!(
            fs::read_dir(folder.path().join("stable")).unwrap().count(),
            1
        );
    }

    #[test]
    fn an_update_that_ended_before_the_lock_is_refused_until_it_is_run_again() {
        let folder = tempfile::tempdir().unwrap();
        let release = Version::new(1, 0, 0);
        let first = Bundles {
            stable: mini(&["A"]),
            experimental: mini(&["A"]),
        };
        let lock = replace(folder.path(), release, &first).unwrap();
        put(&folder.path().join(&lock.stable.file), &mini(&[]).content).unwrap();
        let error = pinned::load_from(folder.path()).unwrap_err().to_string();
        assert!(error.contains("cargo xtask schema update"), "{error}");
    }
}
