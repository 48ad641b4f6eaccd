//! Replaces the pinned schema with checked bundles, and adds to the table of first releases.

use std::fs;
use std::path::Path;

use anyhow::Context;
use semver::Version;

use super::bundles::Bundles;
use super::clearable_fields::{self, ClearableFields};
use super::first_releases::{self, FirstReleases};
use super::kept::{self, Kept, Release};
use super::lock::{self, File, Lock};
use super::pinned;

/// Replaces the pinned schema in `directory` with `bundles`, and returns the new lock.
///
/// Each file is replaced by a rename, the lock last. An aborted update leaves a schema that is
/// either complete or refused by its lock. The kept parts come first: once a bundle is replaced, they
/// cannot be found any more.
pub(super) fn replace(
    directory: &Path,
    codex: Version,
    bundles: &Bundles,
    fields: &ClearableFields,
) -> anyhow::Result<Lock> {
    let new = Release {
        version: codex.clone(),
        stable: bundles.stable.value.clone(),
        experimental: bundles.experimental.value.clone(),
        clearable_fields: fields.clone(),
    };
    let mut kept = Kept::read(directory)?.unwrap_or_default();
    if let Ok((_, old)) = pinned::printed(directory) {
        kept = kept.updated(old, &new);
    }
    let methods = first_releases::methods(&new.experimental)?;
    let all = first_releases::methods(&kept.add_to(new).experimental)?;
    let table = FirstReleases::read(directory)?;
    let table = FirstReleases::updated(table, &codex, &methods, &all).print()?;
    let fields = fields.print()?;
    let kept = kept.print()?;
    let lock = bundles.lock(
        codex,
        File::describe(first_releases::FILE, table.as_bytes()),
        File::describe(clearable_fields::FILE, fields.as_bytes()),
        File::describe(kept::FILE, kept.as_bytes()),
    );
    let text = lock::print(&lock)?;
    put(&directory.join(kept::FILE), kept.as_bytes())?;
    put(&directory.join(&lock.stable.file), &bundles.stable.content)?;
    put(
        &directory.join(&lock.experimental.file),
        &bundles.experimental.content,
    )?;
    put(&directory.join(first_releases::FILE), table.as_bytes())?;
    put(&directory.join(clearable_fields::FILE), fields.as_bytes())?;
    put(&lock::path(directory), text.as_bytes())?;
    Ok(lock)
}

/// Adds the methods of a release to the table of first releases in `directory`, and returns how
/// many methods it lists.
pub(super) fn add_release(
    directory: &Path,
    release: &Version,
    bundles: &Bundles,
) -> anyhow::Result<usize> {
    let (mut lock, pinned) = pinned::load_from(directory)?;
    let methods = first_releases::methods(&bundles.experimental.value)?;
    let known = first_releases::methods(&pinned.complete()?.experimental)?;
    let table = pinned.first_releases.add(release, &methods).only(&known);
    let text = table.print()?;
    lock.first_releases = File::describe(first_releases::FILE, text.as_bytes());
    put(&directory.join(first_releases::FILE), text.as_bytes())?;
    put(&lock::path(directory), lock::print(&lock)?.as_bytes())?;
    Ok(methods.len())
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
    use super::*;

    #[test]
    fn a_pinned_schema_loads_byte_for_byte_and_leaves_no_other_file() {
        let directory = tempfile::tempdir().unwrap();
        let release = Version::new(1, 0, 0);
        let first = Bundles {
            stable: mini(&["A"]),
            experimental: mini(&["A"]),
        };
        replace(
            directory.path(),
            release.clone(),
            &first,
            &ClearableFields::default(),
        )
        .unwrap();
        let second = Bundles {
            stable: mini(&["B"]),
            experimental: mini(&["B", "C"]),
        };
        let written = replace(
            directory.path(),
            release,
            &second,
            &ClearableFields::default(),
        )
        .unwrap();

        let (read, loaded) = pinned::load_from(directory.path()).unwrap();
        assert_eq!(read, written);
        assert_eq!(loaded.experimental, second.experimental.value);
        assert_eq!(loaded.first_releases.methods["x"], Version::new(1, 0, 0));
        let stable = fs::read(directory.path().join(&written.stable.file)).unwrap();
        assert_eq!(stable, second.stable.content);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 6);
        assert_eq!(
            fs::read_dir(directory.path().join("stable"))
                .unwrap()
                .count(),
            1
        );
    }

    #[test]
    fn an_older_release_changes_the_first_releases_and_not_the_bundles() {
        let directory = tempfile::tempdir().unwrap();
        let bundles = Bundles {
            stable: mini(&["A"]),
            experimental: mini(&["A"]),
        };
        replace(
            directory.path(),
            Version::new(1, 1, 0),
            &bundles,
            &ClearableFields::default(),
        )
        .unwrap();
        let old = Version::new(1, 0, 0);
        assert_eq!(add_release(directory.path(), &old, &bundles).unwrap(), 1);
        let (lock, loaded) = pinned::load_from(directory.path()).unwrap();
        assert_eq!(lock.codex, Version::new(1, 1, 0));
        assert_eq!(loaded.first_releases.methods["x"], old);
    }

    #[test]
    fn an_update_aborted_before_the_lock_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let release = Version::new(1, 0, 0);
        let first = Bundles {
            stable: mini(&["A"]),
            experimental: mini(&["A"]),
        };
        let lock = replace(
            directory.path(),
            release,
            &first,
            &ClearableFields::default(),
        )
        .unwrap();
        put(
            &directory.path().join(&lock.stable.file),
            &mini(&[]).content,
        )
        .unwrap();
        let error = pinned::load_from(directory.path()).unwrap_err().to_string();
        assert!(error.contains("cargo xtask schema update"), "{error}");
    }
}
