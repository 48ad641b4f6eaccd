//! The installed runtimes, one directory per version.
//!
//! An install renames its staging directory to the version only after the binary has reported that
//! version, so every directory with the name of a version is complete. An install holds the lock of
//! the cache; files in the staging directory while the lock is free are left over from an aborted
//! install.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use semver::Version;

use super::platform::Platform;

/// The operations of the cache that tests replace: fetching packages and running binaries.
pub(super) trait Installer {
    /// Installs a version into `into`, an empty directory.
    fn fetch(&self, version: &Version, into: &Path) -> anyhow::Result<()>;

    /// Returns the version that a binary reports.
    fn probe(&self, binary: &Path) -> anyhow::Result<Version>;

    /// Called before this process waits for another process that holds the lock.
    fn waiting(&self) {}
}

/// The directory of all runtimes.
#[derive(Debug)]
pub(super) struct Cache {
    directory: PathBuf,
    platform: Platform,
}

impl Cache {
    /// Creates a cache in `directory`, which may not exist yet.
    pub(super) fn new(directory: PathBuf, platform: Platform) -> Self {
        Self {
            directory,
            platform,
        }
    }

    /// Returns the directory of a version, installed or not.
    pub(super) fn home(&self, version: &Version) -> PathBuf {
        self.directory.join(version.to_string())
    }

    /// Returns the binary of a version if it is installed.
    pub(super) fn binary(&self, version: &Version) -> Option<PathBuf> {
        self.platform.binary_in(&self.home(version))
    }

    /// Returns the versions that have a directory, oldest first.
    pub(super) fn versions(&self) -> anyhow::Result<Vec<Version>> {
        let entries = match fs::read_dir(&self.directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error).with_context(|| cannot("read", &self.directory)),
        };
        let mut versions = Vec::new();
        for entry in entries {
            let name = entry
                .with_context(|| cannot("read", &self.directory))?
                .file_name();
            // The names of the lock and of the staging directory are not versions.
            versions.extend(name.to_str().and_then(|name| Version::parse(name).ok()));
        }
        versions.sort();
        Ok(versions)
    }

    /// Returns the binary of a version, and installs it if it is missing or broken.
    pub(super) fn ensure(
        &self,
        version: &Version,
        installer: &impl Installer,
    ) -> anyhow::Result<PathBuf> {
        if let Some(binary) = self.sound(version, installer) {
            return Ok(binary);
        }
        let _held = self.lock(installer)?;
        // Another process may have installed it in the meantime.
        if let Some(binary) = self.sound(version, installer) {
            return Ok(binary);
        }
        self.install(version, installer)
    }

    /// Returns the binary of a version if it exists and reports that version.
    fn sound(&self, version: &Version, installer: &impl Installer) -> Option<PathBuf> {
        let binary = self.binary(version)?;
        installer
            .probe(&binary)
            .is_ok_and(|reported| reported == *version)
            .then_some(binary)
    }

    /// Installs a version. The caller holds the lock.
    fn install(&self, version: &Version, installer: &impl Installer) -> anyhow::Result<PathBuf> {
        let staging = self.directory.join(".staging");
        // This fails if the package manager of an aborted install is still writing. The next
        // install removes what is left, and nothing reads it until then.
        let _ = fs::remove_dir_all(&staging);
        fs::create_dir_all(&staging).with_context(|| cannot("create", &staging))?;
        let stage = tempfile::Builder::new()
            .prefix(&format!("{version}-"))
            .tempdir_in(&staging)
            .with_context(|| cannot("create a directory in", &staging))?;

        installer.fetch(version, stage.path())?;
        let Some(binary) = self.platform.binary_in(stage.path()) else {
            bail!(
                "the packages of codex {version} contain no native binary for {}; choose another \
                 version, or set CODEX_BIN to an existing Codex binary",
                self.platform.name()
            );
        };
        let reported = installer.probe(&binary)?;
        if reported != *version {
            bail!("the packages of Codex {version} contain a binary of version {reported}");
        }

        let home = self.home(version);
        if home.exists() {
            // `ensure` found it broken.
            fs::remove_dir_all(&home).with_context(|| cannot("remove the broken", &home))?;
        }
        let stage = stage.keep();
        fs::rename(&stage, &home).with_context(|| cannot("move the runtime to", &home))?;
        let _ = fs::remove_dir_all(&staging);
        self.binary(version).with_context(|| {
            format!("codex {version} disappeared during the install; run the command again")
        })
    }

    /// Locks the cache until the file is dropped. Waits while another process holds the lock.
    fn lock(&self, installer: &impl Installer) -> anyhow::Result<File> {
        fs::create_dir_all(&self.directory).with_context(|| cannot("create", &self.directory))?;
        let path = self.directory.join(".lock");
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .with_context(|| cannot("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                installer.waiting();
                file.lock().with_context(|| cannot("lock", &path))?;
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| cannot("lock", &path));
            }
        }
        Ok(file)
    }
}

/// Returns the context for a file system error.
fn cannot(verb: &str, path: &Path) -> String {
    format!("cannot {verb} {}", crate::workspace::shown(path))
}

#[cfg(test)]
mod tests;
