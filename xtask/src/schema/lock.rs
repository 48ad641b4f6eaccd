//! The lock file of the schema: the release that printed it, the commands, and the hashes.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use semver::Version;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::census::Census;

/// The name of a bundle's file, as Codex chooses it.
pub(super) const BUNDLE_FILE: &str = "codex_app_server_protocol.schemas.json";

/// The comment at the top of the lock file.
const HEADER: &str = "\
# The protocol that this workspace speaks, as the named Codex release printed it.
# Written by `cargo xtask schema update`, checked by `cargo xtask schema verify`: not edited by hand.
";

/// The content of `schema/codex.lock.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lock {
    /// The pinned release. It is defined only here.
    pub(super) codex: Version,
    /// The bundle without experimental methods and fields.
    pub(super) stable: Entry,
    /// The complete bundle.
    pub(super) experimental: Entry,
    /// The table of first releases.
    pub(super) first_releases: File,
    /// The evidence about clearable fields.
    pub(super) clearable_fields: File,
    /// The parts that older releases have.
    pub(super) kept: File,
}

/// A pinned file that a chore wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// The path relative to the lock file.
    pub(super) file: String,
    /// The SHA-256 of the bytes, in lowercase hexadecimal.
    pub(super) sha256: String,
}

impl File {
    /// Describes a file with this content.
    pub(super) fn describe(file: &str, content: &[u8]) -> Self {
        Self {
            file: file.to_owned(),
            sha256: sha256(content),
        }
    }
}

/// One pinned file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    /// The path relative to the lock file, with `/` on every platform.
    pub(super) file: String,
    /// The command that printed it.
    pub(super) command: String,
    /// The size in bytes.
    pub(super) bytes: usize,
    /// The SHA-256 of the bytes, in lowercase hexadecimal.
    pub(super) sha256: String,
    /// The counts of the bundle.
    pub(super) counts: Census,
}

impl Entry {
    /// Describes the file of a bundle.
    pub(super) fn describe(flavour: Flavour, content: &[u8], counts: Census) -> Self {
        Self {
            file: flavour.file(),
            command: format!("codex {} --out DIR", flavour.arguments().join(" ")),
            bytes: content.len(),
            sha256: sha256(content),
            counts,
        }
    }
}

/// One of the two bundles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flavour {
    /// Without experimental methods and fields.
    Stable,
    /// With experimental methods and fields.
    Experimental,
}

impl Flavour {
    /// Returns the name of the directory and of the table in the lock file.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Experimental => "experimental",
        }
    }

    /// Returns the path of the bundle under `schema/`.
    pub(super) fn file(self) -> String {
        format!("{}/{BUNDLE_FILE}", self.name())
    }

    /// Returns the arguments with which codex prints the bundle. `--out` and a directory follow
    /// them.
    pub(super) fn arguments(self) -> Vec<&'static str> {
        let mut arguments = vec!["app-server", "generate-json-schema"];
        if self == Self::Experimental {
            arguments.push("--experimental");
        }
        arguments
    }
}

/// Returns the directory of the pinned schema.
pub(super) fn directory() -> anyhow::Result<PathBuf> {
    Ok(crate::workspace::root()?.join("schema"))
}

/// Returns the path of the lock file in the directory of a schema.
pub(super) fn path(directory: &Path) -> PathBuf {
    directory.join("codex.lock.toml")
}

/// Reads the lock file in the directory of a schema.
pub(super) fn read(directory: &Path) -> anyhow::Result<Lock> {
    let path = path(directory);
    let shown = crate::workspace::shown(&path);
    let text = fs::read_to_string(&path).with_context(|| {
        format!("cannot read {shown}; restore it from git or run `cargo xtask schema update`")
    })?;
    toml::from_str(&text)
        .with_context(|| format!("{shown} is not a schema lock; restore it from git"))
}

/// Returns the text of the lock file.
pub(super) fn print(lock: &Lock) -> anyhow::Result<String> {
    Ok(format!(
        "{HEADER}{}",
        toml::to_string(lock).context("cannot print the schema lock")?
    ))
}

/// Returns the SHA-256 of `content` in lowercase hexadecimal.
pub(crate) fn sha256(content: &[u8]) -> String {
    Sha256::digest(content)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_lock_reads_back_unchanged() {
        let entry = |flavour| Entry::describe(flavour, b"{}", Census::default());
        let lock = Lock {
            codex: Version::new(0, 169, 0),
            stable: entry(Flavour::Stable),
            experimental: entry(Flavour::Experimental),
            first_releases: File::describe("first_releases.toml", b""),
            clearable_fields: File::describe("clearable_fields.toml", b""),
            kept: File::describe("kept.json", b""),
        };
        let directory = tempfile::tempdir().unwrap();
        fs::write(path(directory.path()), print(&lock).unwrap()).unwrap();
        assert_eq!(read(directory.path()).unwrap(), lock);
    }

    #[test]
    fn a_missing_lock_names_the_remedy() {
        let directory = tempfile::tempdir().unwrap();
        let error = read(directory.path()).unwrap_err().to_string();
        assert!(error.contains("codex.lock.toml"), "{error}");
        assert!(error.contains("cargo xtask schema update"), "{error}");
    }

    #[test]
    fn the_hash_of_a_known_text_is_right() {
        assert_eq!(
            sha256(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
