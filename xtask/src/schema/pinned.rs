//! Loads the pinned schema, and refuses it unless it matches the lock file byte for byte: a bundle
//! edited by hand would mislead the generator.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use semver::Version;
use serde_json::Value;

use super::census::Census;
use super::clearable_fields::ClearableFields;
use super::first_releases::{self, FirstReleases};
use super::kept::{self, Kept};
use super::lock::{self, Entry, Flavour, Lock};

/// The remedy for a file that does not match the lock.
const REMEDY: &str =
    "restore it with `git restore schema`, or pin it again with `cargo xtask schema update`";

/// Both bundles of the pinned release, and the tables that belong to them, verified.
#[derive(Debug, Clone)]
pub(crate) struct Pinned {
    /// The release that printed the bundles, such as `0.169.0`.
    pub(crate) version: String,
    /// The bundle without experimental methods and fields.
    pub(crate) stable: Value,
    /// The complete bundle, a superset of `stable`.
    pub(crate) experimental: Value,
    /// The first release with each method.
    pub(crate) first_releases: FirstReleases,
    /// The evidence about clearable fields, from the TypeScript of the release.
    pub(crate) clearable_fields: ClearableFields,
    /// The parts that older releases have.
    pub(crate) kept: Kept,
}

impl Pinned {
    /// Adds the parts that older releases have and this one does not.
    ///
    /// # Errors
    ///
    /// Fails if the name of the release is not a version.
    pub(crate) fn complete(&self) -> anyhow::Result<Self> {
        let version = Version::parse(&self.version)
            .with_context(|| format!("`{}` is not a release", self.version))?;
        let release = self.kept.add_to(kept::Release {
            version,
            stable: self.stable.clone(),
            experimental: self.experimental.clone(),
            clearable_fields: self.clearable_fields.clone(),
        });
        Ok(Self {
            stable: release.stable,
            experimental: release.experimental,
            clearable_fields: release.clearable_fields,
            ..self.clone()
        })
    }

    /// Leaves out everything experimental: the stable bundle takes the place of the complete one.
    ///
    /// # Errors
    ///
    /// Fails if the stable bundle has no requests.
    pub(crate) fn into_stable(self) -> anyhow::Result<Self> {
        let methods = first_releases::methods(&self.stable)?;
        Ok(Self {
            experimental: self.stable.clone(),
            kept: self.kept.into_stable(),
            first_releases: self.first_releases.only(&methods),
            ..self
        })
    }
}

/// Loads the pinned schema of this workspace.
///
/// # Errors
///
/// Fails if the lock file or a bundle is missing, or if a bundle does not match the lock.
pub(crate) fn load() -> anyhow::Result<Pinned> {
    load_from(&lock::directory()?).map(|(_, pinned)| pinned)
}

/// Returns the pinned release. Reads only the lock file.
///
/// # Errors
///
/// Fails if the lock file is missing or unreadable.
pub(crate) fn version() -> anyhow::Result<Version> {
    Ok(lock::read(&lock::directory()?)?.codex)
}

/// Loads and verifies the schema in `directory`.
pub(super) fn load_from(directory: &Path) -> anyhow::Result<(Lock, Pinned)> {
    let (lock, printed) = printed(directory)?;
    let first_releases = table(directory, &lock.first_releases, FirstReleases::parse)?;
    let kept = table(directory, &lock.kept, Kept::parse)?;
    Ok((
        lock,
        Pinned {
            version: printed.version.to_string(),
            stable: printed.stable,
            experimental: printed.experimental,
            first_releases,
            clearable_fields: printed.clearable_fields,
            kept,
        },
    ))
}

/// Loads and verifies what the release in `directory` has printed.
pub(super) fn printed(directory: &Path) -> anyhow::Result<(Lock, kept::Release)> {
    let lock = lock::read(directory)?;
    let release = kept::Release {
        version: lock.codex.clone(),
        stable: verified(directory, Flavour::Stable, &lock.stable)?,
        experimental: verified(directory, Flavour::Experimental, &lock.experimental)?,
        clearable_fields: table(directory, &lock.clearable_fields, ClearableFields::parse)?,
    };
    Ok((lock, release))
}

/// Reads a table and compares it to its entry.
fn table<T>(
    directory: &Path,
    entry: &lock::File,
    parse: fn(&str) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let path = directory.join(&entry.file);
    let shown = crate::workspace::shown(&path);
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {shown}; {REMEDY}"))?;
    ensure!(
        lock::sha256(text.as_bytes()) == entry.sha256,
        "{shown} does not match the lock; {REMEDY}"
    );
    parse(&text).with_context(|| format!("cannot use {shown}; {REMEDY}"))
}

/// Reads a bundle and compares it to its entry.
fn verified(directory: &Path, flavour: Flavour, entry: &Entry) -> anyhow::Result<Value> {
    let path = directory.join(&entry.file);
    let shown = crate::workspace::shown(&path);
    let content = fs::read(&path).with_context(|| format!("cannot read {shown}; {REMEDY}"))?;
    let sha256 = lock::sha256(&content);
    ensure!(
        sha256 == entry.sha256 && content.len() == entry.bytes,
        "{shown} does not match the lock: the lock has {} bytes with sha256 {}, but the file \
         has {} bytes with sha256 {sha256}; {REMEDY}",
        entry.bytes,
        entry.sha256,
        content.len(),
    );
    let bundle: Value =
        serde_json::from_slice(&content).with_context(|| format!("{shown} is not JSON"))?;
    let counts = Census::of(&bundle).with_context(|| format!("cannot count {shown}"))?;
    // The hash is right, so either the lock was edited or the counting has changed.
    let expected = Entry::describe(flavour, &content, counts);
    ensure!(
        *entry == expected,
        "the `[{}]` table of the lock does not describe {shown}; expected\n{}\n{REMEDY}",
        flavour.name(),
        toml::to_string(&expected).unwrap_or_default(),
    );
    Ok(bundle)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUNDLE: &str = r#"{"definitions": {
        "ClientRequest": {"oneOf": []}, "ClientNotification": {"oneOf": []},
        "ServerRequest": {"oneOf": []}, "ServerNotification": {"oneOf": []}, "v2": {}}}"#;

    const TABLE: &str = "releases = [\"1.2.3\"]\n[methods]\n";

    const KEPT: &str = "{}";

    const FIELDS: &str = "[clearable]\nA = [\"b\"]\n[written_by_hand]\n[absent]\n";

    /// A directory with two mini bundles, a table of first releases and their lock.
    fn pinned_directory() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        let counts = Census::of(&serde_json::from_str(BUNDLE).unwrap()).unwrap();
        let mut entries = [Flavour::Stable, Flavour::Experimental].map(|flavour| {
            let entry = Entry::describe(flavour, BUNDLE.as_bytes(), counts);
            let path = directory.path().join(&entry.file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, BUNDLE).unwrap();
            entry
        });
        let [stable, experimental] = &mut entries;
        let lock = Lock {
            codex: Version::new(1, 2, 3),
            stable: stable.clone(),
            experimental: experimental.clone(),
            first_releases: lock::File::describe("first_releases.toml", TABLE.as_bytes()),
            clearable_fields: lock::File::describe("clearable_fields.toml", FIELDS.as_bytes()),
            kept: lock::File::describe("kept.json", KEPT.as_bytes()),
        };
        fs::write(directory.path().join("first_releases.toml"), TABLE).unwrap();
        fs::write(directory.path().join("clearable_fields.toml"), FIELDS).unwrap();
        fs::write(directory.path().join("kept.json"), KEPT).unwrap();
        fs::write(lock::path(directory.path()), lock::print(&lock).unwrap()).unwrap();
        directory
    }

    #[test]
    fn the_schema_of_this_workspace_matches_its_lock() {
        let pinned = load().unwrap();
        assert_eq!(pinned.version, version().unwrap().to_string());
        assert!(pinned.experimental["definitions"]["v2"]["Thread"].is_object());
    }

    #[test]
    fn an_edited_table_of_first_releases_is_refused() {
        let directory = pinned_directory();
        load_from(directory.path()).unwrap();
        fs::write(
            directory.path().join("first_releases.toml"),
            TABLE.replace("1.2.3", "1.2.4"),
        )
        .unwrap();
        let error = load_from(directory.path()).unwrap_err().to_string();
        assert!(
            error.contains("first_releases.toml does not match the lock"),
            "{error}"
        );
    }

    #[test]
    fn edited_evidence_about_clearable_fields_is_refused() {
        let directory = pinned_directory();
        let path = directory.path().join("clearable_fields.toml");
        fs::write(path, FIELDS.replace("\"b\"", "\"c\"")).unwrap();
        let error = load_from(directory.path()).unwrap_err().to_string();
        assert!(
            error.contains("clearable_fields.toml does not match the lock"),
            "{error}"
        );
    }

    #[test]
    fn edited_kept_parts_are_refused() {
        let directory = pinned_directory();
        fs::write(directory.path().join("kept.json"), "{ }").unwrap();
        let error = load_from(directory.path()).unwrap_err().to_string();
        assert!(
            error.contains("kept.json does not match the lock"),
            "{error}"
        );
    }

    #[test]
    fn the_newest_entry_of_the_changelog_names_the_pinned_release() {
        let changelog = crate::workspace::root().unwrap().join("CHANGELOG.md");
        let changelog = fs::read_to_string(changelog).unwrap();
        let newest = changelog.split("\n## [").nth(1).unwrap();
        let sentence = format!("**Codex {}**", version().unwrap());
        assert!(newest.contains(&sentence), "no `{sentence}` in: {newest}");
    }

    #[test]
    fn one_changed_byte_is_refused_with_the_file_and_the_remedy() {
        let directory = pinned_directory();
        load_from(directory.path()).unwrap();
        fs::write(
            directory.path().join(Flavour::Stable.file()),
            BUNDLE.replace("v2", "v3"),
        )
        .unwrap();
        let error = load_from(directory.path()).unwrap_err().to_string();
        assert!(error.contains(&Flavour::Stable.file()), "{error}");
        assert!(error.contains("git restore schema"), "{error}");
    }

    #[test]
    fn a_missing_bundle_is_refused_with_the_file_and_the_remedy() {
        let directory = pinned_directory();
        fs::remove_file(directory.path().join(Flavour::Experimental.file())).unwrap();
        let error = load_from(directory.path()).unwrap_err().to_string();
        assert!(error.contains(&Flavour::Experimental.file()), "{error}");
        assert!(error.contains("cargo xtask schema update"), "{error}");
    }

    #[test]
    fn an_edited_count_in_the_lock_is_refused() {
        let directory = pinned_directory();
        let path = lock::path(directory.path());
        let text = fs::read_to_string(&path).unwrap();
        fs::write(
            &path,
            text.replacen("definitions = 4", "definitions = 5", 1),
        )
        .unwrap();
        let error = load_from(directory.path()).unwrap_err().to_string();
        assert!(
            error.contains("[stable]") && error.contains("definitions = 4"),
            "{error}"
        );
    }

    #[test]
    fn maps_are_sorted_so_that_generated_code_is_reproducible() {
        let value: Value = serde_json::from_str(r#"{"b": 1, "a": 2}"#).unwrap();
        assert_eq!(value.to_string(), r#"{"a":2,"b":1}"#);
    }
}
