//! A copy of the crates in `target/releases`, with the types of another release.
//!
//! One copy serves all releases in turn, so that what does not depend on the types is compiled once.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use anyhow::Context;
use serde_json::Value;

use crate::{cargo, workspace};

/// The files and directories of the workspace that the copy has.
const COPIED: &[&str] = &[
    "Cargo.lock",
    "rust-toolchain.toml",
    "README.md",
    "crates",
    "tests/contract/random_values.rs",
    "tests/contract/recorded_traffic.rs",
    "tests/fixtures/recorded-0.163.0",
    "tests/src/json.rs",
    "tests/src/manifest_dir.rs",
    "tests/src/protocol.rs",
    "tests/src/recorded.rs",
    "tests/src/schema",
];

/// The part of `codex-tests` that depends on the types alone.
const TESTS_MANIFEST: &str = r#"[package]
name = "codex-tests"
version.workspace = true
edition.workspace = true
publish = false

[dependencies]
codex-types.workspace = true
serde = { workspace = true, features = ["derive"] }
serde_json.workspace = true

[dev-dependencies]
proptest = { version = "1", default-features = false, features = ["std"] }

[[test]]
name = "contract"
path = "contract/main.rs"
"#;

const TESTS_LIBRARY: &str = "\
//! The part of the shared code of the tests that depends on the types alone.
pub mod json;
pub mod manifest_dir;
pub mod protocol;
pub mod recorded;
pub mod schema;
";

/// The tests of the types.
const TESTS: &str = "//! Contracts of the types.\nmod random_values;\nmod recorded_traffic;\n";

/// Marks the directory as build output for programs that search the checkout, or back it up.
const CACHE_TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n";

/// A copy of the workspace.
pub(super) struct Copy {
    root: PathBuf,
    target: PathBuf,
}

impl Copy {
    /// Copies the workspace.
    pub(super) fn new() -> anyhow::Result<Self> {
        let from = workspace::root()?;
        let target = from.join("target/releases");
        let copy = Self {
            root: target.join("workspace"),
            target: target.join("target"),
        };
        put(&target.join("CACHEDIR.TAG"), CACHE_TAG.as_bytes())?;
        for path in COPIED {
            let is_kept = |path: &Path| path.ends_with("src/generated");
            synchronise(&from.join(path), &copy.root.join(path), &is_kept)?;
        }
        let manifest = fs::read_to_string(from.join("Cargo.toml"))?;
        put(
            &copy.root.join("Cargo.toml"),
            members(&manifest, is_copied)?.as_bytes(),
        )?;
        for (file, content) in [
            ("tests/Cargo.toml", TESTS_MANIFEST),
            ("tests/src/lib.rs", TESTS_LIBRARY),
            ("tests/contract/main.rs", TESTS),
        ] {
            put(&copy.root.join(file), content.as_bytes())?;
        }
        Ok(copy)
    }

    /// Replaces the generated types, and the schema that the tests compare them with.
    pub(super) fn set(
        &self,
        files: &BTreeMap<String, String>,
        experimental: &Value,
    ) -> anyhow::Result<()> {
        let generated = self.root.join("crates/codex-types/src/generated");
        for entry in fs::read_dir(&generated)? {
            let entry = entry?;
            if !files.contains_key(&*entry.file_name().to_string_lossy()) {
                fs::remove_file(entry.path())?;
            }
        }
        for (name, text) in files {
            put(&generated.join(name), text.as_bytes())?;
        }
        let bundle = "schema/experimental/codex_app_server_protocol.schemas.json";
        put(&self.root.join(bundle), experimental.to_string().as_bytes())
    }

    /// Runs cargo in the copy.
    pub(super) fn cargo(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        let mut command = cargo::command()?;
        command
            .current_dir(&self.root)
            .args(arguments)
            .env("CARGO_TARGET_DIR", &self.target)
            // The cargo that runs this chore names its own package.
            .env_remove("CARGO_MANIFEST_DIR");
        command.output().context("cannot run cargo")
    }
}

/// Returns the manifest of the workspace with some of its members only.
pub(crate) fn members(manifest: &str, is_member: fn(&str) -> bool) -> anyhow::Result<String> {
    let mut manifest: toml::Table = manifest.parse().context("cannot read Cargo.toml")?;
    let table = manifest
        .get_mut("workspace")
        .and_then(toml::Value::as_table_mut)
        .context("Cargo.toml defines no workspace")?;
    table.remove("default-members");
    table.remove("exclude");
    let members = table.get_mut("members").and_then(toml::Value::as_array_mut);
    members
        .context("the workspace has no members")?
        .retain(|member| member.as_str().is_some_and(is_member));
    Ok(manifest.to_string())
}

/// Whether a member of the workspace is copied.
pub(crate) fn is_copied(member: &str) -> bool {
    member == "tests" || member.starts_with("crates/")
}

/// Makes a directory equal to another one, or a file equal to another. Directories for which `is_kept`
/// returns `true` stay as they are once they exist.
pub(crate) fn synchronise(
    from: &Path,
    to: &Path,
    is_kept: &dyn Fn(&Path) -> bool,
) -> anyhow::Result<()> {
    let shown = workspace::shown(from);
    if from.is_file() {
        let content = fs::read(from).with_context(|| format!("cannot read {shown}"))?;
        return put(to, &content);
    }
    if is_kept(from) && to.exists() {
        return Ok(());
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(to)? {
        let entry = entry?;
        if from.join(entry.file_name()).exists() {
            continue;
        }
        match entry.file_type()?.is_dir() {
            true => fs::remove_dir_all(entry.path())?,
            false => fs::remove_file(entry.path())?,
        }
    }
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {shown}"))? {
        let name = entry?.file_name();
        synchronise(&from.join(&name), &to.join(&name), is_kept)?;
    }
    Ok(())
}

/// Writes a file if its content differs: cargo compiles again what is newer than its output.
pub(crate) fn put(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    if fs::read(path).is_ok_and(|old| old == content) {
        return Ok(());
    }
    let directory = path.parent().unwrap_or(path);
    fs::create_dir_all(directory)
        .and_then(|()| fs::write(path, content))
        .with_context(|| format!("cannot write {}", workspace::shown(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_has_the_crates_and_the_tests_of_the_workspace_only() {
        let manifest = fs::read_to_string(workspace::root().unwrap().join("Cargo.toml")).unwrap();
        let copied: toml::Table = members(&manifest, is_copied).unwrap().parse().unwrap();
        let members = copied["workspace"]["members"].as_array().unwrap();
        let members: Vec<_> = members.iter().filter_map(toml::Value::as_str).collect();
        assert!(members.contains(&"crates/codex-types") && members.contains(&"tests"));
        assert!(
            members.iter().all(|member| is_copied(member)),
            "{members:?}"
        );
    }

    #[test]
    fn a_synchronised_directory_loses_what_the_original_does_not_have() {
        let directory = tempfile::tempdir().unwrap();
        let (from, to) = (directory.path().join("from"), directory.path().join("to"));
        put(&from.join("kept/a"), b"1").unwrap();
        put(&to.join("kept/a"), b"0").unwrap();
        put(&to.join("kept/b"), b"0").unwrap();
        put(&to.join("gone/c"), b"0").unwrap();
        synchronise(&from, &to, &|_| false).unwrap();
        assert_eq!(fs::read(to.join("kept/a")).unwrap(), b"1");
        assert!(!to.join("kept/b").exists() && !to.join("gone").exists());
    }
}
