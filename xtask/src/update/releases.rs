//! Determines the older release that an update starts from.
//!
//! An update that was interrupted after it had pinned the newer release must still know the older
//! one. The commit that is checked out names it, until the pin is committed; a file below `target/`
//! names it after that.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;
use semver::Version;
use serde::Deserialize;

use crate::schema::pinned;
use crate::{runtime, workspace};

/// The releases that are known before an update.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The older release, as an argument names it.
    pub(super) named: Option<Version>,
    /// The release in the lock file.
    pub(super) pinned: Option<Version>,
    /// The release in the lock file of the commit that is checked out.
    pub(super) committed: Option<Version>,
    /// The older release of an earlier run.
    pub(super) remembered: Option<Version>,
}

impl Known {
    /// Finds the releases.
    pub(super) fn find(new: &Version, named: Option<&str>) -> anyhow::Result<Self> {
        Ok(Self {
            named: named.map(runtime::parse).transpose()?,
            pinned: Some(pinned::version()?),
            committed: committed(),
            remembered: fs::read_to_string(memory(new)?)
                .ok()
                .and_then(|text| Version::parse(text.trim()).ok()),
        })
    }

    /// Returns the older release, or `None` if only the newer one is known.
    ///
    /// The changelog describes the changes to the commit, so that release comes first. While the
    /// newer release is not pinned, the memory of an earlier run is out of date.
    pub(super) fn old(&self, new: &Version) -> Option<&Version> {
        let is_pinned = self.pinned.as_ref() == Some(new);
        let remembered = self.remembered.as_ref().filter(|_| is_pinned);
        let mut others = [self.committed.as_ref(), remembered, self.pinned.as_ref()]
            .into_iter()
            .flatten();
        self.named.as_ref().or_else(|| others.find(|it| *it != new))
    }
}

/// Remembers the older release for runs after the pin.
pub(super) fn remember(old: &Version, new: &Version) -> anyhow::Result<()> {
    let path = memory(new)?;
    let shown = workspace::shown(&path);
    fs::create_dir_all(directory()?)
        .and_then(|()| fs::write(&path, format!("{old}\n")))
        .with_context(|| format!("cannot write {shown}"))
}

/// Returns the directory of the files that updates write.
pub(super) fn directory() -> anyhow::Result<PathBuf> {
    Ok(workspace::root()?.join("target").join("update"))
}

/// Returns the file that remembers the older release.
fn memory(new: &Version) -> anyhow::Result<PathBuf> {
    Ok(directory()?.join(format!("{new}.from")))
}

/// Returns the release in the lock file of the commit that is checked out. Returns `None` outside
/// of a repository.
fn committed() -> Option<Version> {
    #[derive(Deserialize)]
    struct Lock {
        codex: Version,
    }
    let text = of_commit(&workspace::root().ok()?, "schema/codex.lock.toml")?;
    toml::from_str(&text).ok().map(|lock: Lock| lock.codex)
}

/// Returns a file of the commit that is checked out in `root`.
fn of_commit(root: &Path, file: &str) -> Option<String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(["show", &format!("HEAD:./{file}")])
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let found = output.status.success().then_some(output.stdout)?;
    String::from_utf8(found).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: Version = Version::new(0, 3, 0);

    fn old(pinned: u64, committed: Option<u64>, remembered: Option<u64>) -> Option<String> {
        let version = |minor| Version::new(0, minor, 0);
        let known = Known {
            named: None,
            pinned: Some(version(pinned)),
            committed: committed.map(version),
            remembered: remembered.map(version),
        };
        known.old(&NEW).map(|old| format!("{}", old.minor))
    }

    #[test]
    fn the_committed_release_is_the_older_one_before_and_after_the_pin() {
        assert_eq!(old(1, Some(1), None).as_deref(), Some("1"));
        assert_eq!(old(3, Some(1), Some(1)).as_deref(), Some("1"));
        // Another release was pinned in between, and nothing of it was committed.
        assert_eq!(old(2, Some(1), Some(2)).as_deref(), Some("1"));
    }

    #[test]
    fn after_the_pin_is_committed_the_older_release_is_remembered() {
        assert_eq!(old(3, Some(3), Some(1)).as_deref(), Some("1"));
        assert_eq!(old(3, None, Some(1)).as_deref(), Some("1"));
    }

    #[test]
    fn a_release_pinned_over_the_newer_one_replaces_an_old_memory() {
        assert_eq!(old(2, Some(3), Some(1)).as_deref(), Some("2"));
        assert_eq!(old(2, None, Some(1)).as_deref(), Some("2"));
    }

    #[test]
    fn without_any_other_release_there_is_nothing_to_compare_with() {
        assert_eq!(old(3, Some(3), None), None);
        assert_eq!(old(3, None, None), None);
        let known = Known {
            named: Some(Version::new(0, 2, 0)),
            pinned: Some(NEW),
            ..Known::default()
        };
        assert_eq!(known.old(&NEW), Some(&Version::new(0, 2, 0)));
    }
}
