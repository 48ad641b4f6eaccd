//! The public API, compared with that of the recorded packages.
//!
//! The packages in `tests/baseline` are those that `cargo package` makes. `cargo xtask release
//! record` replaces them after each release.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use toml::{Table, Value};

use super::metadata::Package;
use crate::tools::{self, succeed};
use crate::{cargo, workspace};

/// The directory of the recorded packages, relative to the root of the workspace.
const BASELINE: &str = "tests/baseline";

/// Replaces the recorded packages.
pub(super) fn record(packages: &[Package]) -> anyhow::Result<()> {
    let root = workspace::root()?;
    let target = root.join("target/baseline");
    let mut package = cargo::command()?;
    package
        .args(["package", "--quiet", "--no-verify", "--allow-dirty"])
        .args(packages.iter().flat_map(|it| ["--package", &it.name]))
        .arg("--target-dir")
        .arg(&target);
    succeed(&mut package)?;
    let baseline = root.join(BASELINE);
    for old in recorded(&baseline)? {
        fs::remove_file(&old).with_context(|| format!("cannot remove {}", old.display()))?;
    }
    fs::create_dir_all(&baseline).with_context(|| format!("cannot create {BASELINE}"))?;
    for Package { name, version, .. } in packages {
        let file = format!("{name}-{version}.crate");
        fs::copy(target.join("package").join(&file), baseline.join(&file))
            .with_context(|| format!("cannot copy {file}"))?;
        println!("recorded {BASELINE}/{file}");
    }
    Ok(())
}

/// Compares the public API with that of the recorded packages.
pub(super) fn check(packages: &[Package]) -> anyhow::Result<()> {
    let root = workspace::root()?;
    let files = recorded(&root.join(BASELINE))?;
    ensure!(
        !files.is_empty(),
        "no packages are recorded in {BASELINE}: run `cargo xtask release record`"
    );
    let baseline = root.join("target/baseline/workspace");
    let names = unpack(&files, &baseline)?;
    let mut semver = tools::cargo_tool("cargo-semver-checks");
    semver.arg("--baseline-root").arg(&baseline);
    for package in packages {
        if names.contains(&package.name) {
            semver.args(["--package", &package.name]);
        } else {
            println!("left out: {} is new", package.name);
        }
    }
    succeed(&mut semver)
}

/// Returns the recorded packages.
fn recorded(baseline: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let Ok(entries) = fs::read_dir(baseline) else {
        return Ok(Vec::new());
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry
            .with_context(|| format!("cannot read {BASELINE}"))?
            .path();
        if path.extension().is_some_and(|it| it == "crate") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Unpacks packages into a workspace, and returns their names.
fn unpack(files: &[PathBuf], into: &Path) -> anyhow::Result<Vec<String>> {
    if into.exists() {
        fs::remove_dir_all(into).with_context(|| format!("cannot remove {}", into.display()))?;
    }
    fs::create_dir_all(into).with_context(|| format!("cannot create {}", into.display()))?;
    let mut directories = Vec::new();
    for file in files {
        succeed(
            Command::new("tar")
                .arg("-xzf")
                .arg(file)
                .arg("-C")
                .arg(into),
        )?;
        let directory = file.file_stem().unwrap_or_default();
        directories.push(directory.to_string_lossy().into_owned());
    }
    let mut manifests = Vec::new();
    for directory in &directories {
        let path = into.join(directory).join("Cargo.toml");
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let manifest: Table = text
            .parse()
            .with_context(|| format!("cannot read {}", path.display()))?;
        manifests.push((path, manifest));
    }
    let names: Vec<String> = manifests.iter().map(|(_, it)| name(it)).collect();
    for (path, manifest) in manifests {
        let manifest = with_paths(manifest, &names, &directories);
        fs::write(&path, manifest.to_string())
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    let members = directories.into_iter().map(Value::String).collect();
    let workspace: Table = [("members".to_owned(), Value::Array(members))]
        .into_iter()
        .collect();
    let root: Table = [("workspace".to_owned(), Value::Table(workspace))]
        .into_iter()
        .collect();
    fs::write(into.join("Cargo.toml"), root.to_string())
        .with_context(|| format!("cannot write {}", into.display()))?;
    Ok(names)
}

/// Returns the name of the package of a manifest.
fn name(manifest: &Table) -> String {
    let name = manifest.get("package").and_then(|it| it.get("name"));
    name.and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Returns a manifest whose dependencies on other recorded packages have paths. They need not be
/// published, and what only tests need is left out.
fn with_paths(mut manifest: Table, names: &[String], directories: &[String]) -> Table {
    manifest.remove("dev-dependencies");
    manifest.remove("example");
    let dependencies = manifest
        .get_mut("dependencies")
        .and_then(Value::as_table_mut);
    for (name, dependency) in dependencies.into_iter().flatten() {
        let at = names.iter().position(|it| it == name);
        if let (Some(at), Some(dependency)) = (at, dependency.as_table_mut()) {
            let path = format!("../{}", directories[at]);
            dependency.insert("path".to_owned(), Value::String(path));
        }
    }
    manifest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_packages_depend_on_each_other_by_path() {
        let manifest = "
            [package]
            name = 'a'
            [dependencies.b]
            version = '0.1.0'
            [dependencies.serde]
            version = '1'
            [dev-dependencies.c]
            version = '0.1.0'";
        let names = ["a".to_owned(), "b".to_owned()];
        let directories = ["a-0.1.0".to_owned(), "b-0.1.0".to_owned()];
        let manifest = with_paths(manifest.parse().unwrap(), &names, &directories);
        assert_eq!(name(&manifest), "a");
        let dependencies = manifest["dependencies"].as_table().unwrap();
        assert_eq!(dependencies["b"]["path"].as_str(), Some("../b-0.1.0"));
        assert!(dependencies["serde"].get("path").is_none());
        assert!(!manifest.contains_key("dev-dependencies"));
    }

    #[test]
    fn a_directory_without_packages_names_none() {
        let directory = tempfile::tempdir().unwrap();
        assert!(recorded(directory.path()).unwrap().is_empty());
        assert!(recorded(&directory.path().join("none")).unwrap().is_empty());
    }
}
