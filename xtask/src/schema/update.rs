//! Replaces the pinned schema with checked bundles.

use std::fs;
use std::path::Path;

use anyhow::Context;
use semver::Version;

use super::bundles::Bundles;
use super::lock::{self, Lock};

/// Replaces the pinned schema in `folder` with `bundles`, and returns the new lock.
///
/// Each file is replaced by a rename, the lock last. An aborted update leaves a schema that is either
/// complete or refused by its lock.
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

/// Writes a file atomically.
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
    fn a_pinned_schema_loads_byte_for_byte_and_leaves_no_other_file() {
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
    fn an_update_aborted_before_the_lock_is_refused() {
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
