//! The installed runtimes, one folder per version.
//!
//! A folder appears under its version only by a rename, after its binary has said that it is that
//! version: what is there is complete. Whoever installs holds the lock of the cache; so whatever
//! lies in the staging folder when the lock is free was left behind by an install that died.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use semver::Version;

use super::platform::Platform;

/// What the cache needs from the world: packages, and binaries that run.
pub(super) trait Installer {
    /// Puts that version below `into`, an empty folder.
    fn fetch(&self, version: &Version, into: &Path) -> anyhow::Result<()>;

    /// Asks a binary which version it is.
    fn probe(&self, binary: &Path) -> anyhow::Result<Version>;

    /// Hears that another process holds the cache and this one waits for it.
    fn waiting(&self) {}
}

/// The folder with all runtimes.
#[derive(Debug)]
pub(super) struct Cache {
    folder: PathBuf,
    platform: Platform,
}

impl Cache {
    /// The cache in `folder`, which need not exist yet.
    pub(super) fn new(folder: PathBuf, platform: Platform) -> Self {
        Self { folder, platform }
    }

    /// The folder of that version, installed or not.
    pub(super) fn home(&self, version: &Version) -> PathBuf {
        self.folder.join(version.to_string())
    }

    /// The binary of that version, if it is installed.
    pub(super) fn binary(&self, version: &Version) -> Option<PathBuf> {
        self.platform.binary_in(&self.home(version))
    }

    /// The versions that have a folder, oldest first.
    pub(super) fn versions(&self) -> anyhow::Result<Vec<Version>> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error).with_context(|| cannot("read", &self.folder)),
        };
        let mut versions = Vec::new();
        for entry in entries {
            let name = entry
                .with_context(|| cannot("read", &self.folder))?
                .file_name();
            // The lock and the staging folder are no versions.
            versions.extend(name.to_str().and_then(|name| Version::parse(name).ok()));
        }
        versions.sort();
        Ok(versions)
    }

    /// The binary of that version, installed now if it is missing or broken.
    pub(super) fn ensure(
        &self,
        version: &Version,
        installer: &impl Installer,
    ) -> anyhow::Result<PathBuf> {
        if let Some(binary) = self.sound(version, installer) {
            return Ok(binary);
        }
        let _held = self.lock(installer)?;
        // Another process may have installed it while this one waited.
        if let Some(binary) = self.sound(version, installer) {
            return Ok(binary);
        }
        self.install(version, installer)
    }

    /// The binary of that version, if it is there and says so itself.
    fn sound(&self, version: &Version, installer: &impl Installer) -> Option<PathBuf> {
        let binary = self.binary(version)?;
        installer
            .probe(&binary)
            .is_ok_and(|said| said == *version)
            .then_some(binary)
    }

    /// Installs a version; the lock is held.
    fn install(&self, version: &Version, installer: &impl Installer) -> anyhow::Result<PathBuf> {
        let staging = self.folder.join(".staging");
        // The package manager of an install that died may still be writing: then this fails, the
        // next install clears the rest, and nobody looks in there meanwhile.
        let _ = fs::remove_dir_all(&staging);
        fs::create_dir_all(&staging).with_context(|| cannot("create", &staging))?;
        let stage = tempfile::Builder::new()
            .prefix(&format!("{version}-"))
            .tempdir_in(&staging)
            .with_context(|| cannot("create a folder in", &staging))?;

        installer.fetch(version, stage.path())?;
        let Some(binary) = self.platform.binary_in(stage.path()) else {
            bail!(
                "the packages of codex {version} brought no native binary for {}; choose another \
                 version, or set CODEX_BIN to a binary of your own",
                self.platform.name()
            );
        };
        let said = installer.probe(&binary)?;
        if said != *version {
            bail!("the packages of codex {version} brought a binary that says it is {said}");
        }

        let home = self.home(version);
        if home.exists() {
            // It was found broken above.
            fs::remove_dir_all(&home).with_context(|| cannot("remove the broken", &home))?;
        }
        let stage = stage.keep();
        fs::rename(&stage, &home).with_context(|| cannot("move the runtime to", &home))?;
        let _ = fs::remove_dir_all(&staging);
        self.binary(version)
            .with_context(|| format!("codex {version} went missing: run it again"))
    }

    /// Waits until no other process installs; the cache is held until the file is dropped.
    fn lock(&self, installer: &impl Installer) -> anyhow::Result<File> {
        fs::create_dir_all(&self.folder).with_context(|| cannot("create", &self.folder))?;
        let path = self.folder.join(".lock");
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

/// The context of a failed access to a file.
fn cannot(verb: &str, path: &Path) -> String {
    format!("cannot {verb} {}", crate::workspace::shown(path))
}

#[cfg(test)]
mod tests;
