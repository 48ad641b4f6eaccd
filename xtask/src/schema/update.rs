//! Replaces the pinned schema with checked bundles.

use std::fs;
use std::path::Path;

use anyhow::Context;
use semver::Version;

use super::bundles::Bundles;
use super::lock::{self, Lock};

/// Replaces the pinned schema in `directory` with `bundles`, and returns the new lock.
///
/// Each file is replaced by a rename, the lock last. An aborted update leaves a schema that is
/// either complete or refused by its lock.
pub(super) fn replace(directory: &Path, codex: Version, bundles: &Bundles) -> anyhow::Result<Lock> {
    let lock = bundles.lock(codex);
    let text = lock::print(&lock)?;
    put(&directory.join(&lock.stable.file), &bundles.stable.content)?;
    put(
        &directory.join(&lock.experimental.file),
        &bundles.experimental.content,
    )?;
    put(&lock::path(directory), text.as_bytes())?;
    Ok(lock)
}

/// Writes a file atomically.
fn put(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let cannot = || format!("cannot write {}", crate::workspace::shown(path));
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).with_context(cannot)?;
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
        let directory = tempfile::tempdir().unwrap();
        let release = Version::new(1, 0, 0);
        let first = Bundles {
            stable: mini(&["A"]),
            experimental: mini(&["A"]),
        };
        replace(directory.path(), release.clone(), &first).unwrap();
        let second = Bundles {
            stable: mini(&["B"]),
            experimental: mini(&["B", "C"]),
        };
        let written = replace(directory.path(), release, &second).unwrap();

        let (read, loaded) = pinned::load_from(directory.path()).unwrap();
        assert_eq!(read, written);
        assert_eq!(loaded.experimental, second.experimental.value);
        let stable = fs::read(directory.path().join(&written.stable.file)).unwrap();
        assert_eq!(stable, second.stable.content);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 3);
        assert_eq!(
            fs::read_dir(directory.path().join("stable"))
                .unwrap()
                .count(),
            1
        );
    }

    #[test]
    fn an_update_aborted_before_the_lock_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let release = Version::new(1, 0, 0);
        let first = Bundles {
            stable: mini(&["A"]),
            experimental: mini(&["A"]),
        };
        let lock = replace(directory.path(), release, &first).unwrap();
        put(
            &directory.path().join(&lock.stable.file),
            &mini(&[]).content,
        )
        .unwrap();
        let error = pinned::load_from(directory.path()).unwrap_err().to_string();
        assert!(error.contains("cargo xtask schema update"), "{error}");
    }
}
