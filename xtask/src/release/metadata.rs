//! The published packages of the workspace, as cargo describes them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde::Deserialize;

use crate::cargo;

/// A package that is published.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    manifest_path: PathBuf,
    /// The features, each with those that it enables.
    features: BTreeMap<String, Vec<String>>,
    pub(super) dependencies: Vec<Dependency>,
    pub(super) rust_version: Option<String>,
    pub(super) description: Option<String>,
    pub(super) license: Option<String>,
    pub(super) homepage: Option<String>,
    pub(super) repository: Option<String>,
    pub(super) readme: Option<String>,
    #[serde(default)]
    pub(super) keywords: Vec<String>,
    #[serde(default)]
    pub(super) categories: Vec<String>,
    pub(super) metadata: serde_json::Value,
    /// The registries that the package may be published to; `None` means all.
    publish: Option<Vec<String>>,
}

/// A dependency of a package.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Dependency {
    pub(super) name: String,
    /// `dev` or `build`; `None` for a normal one.
    pub(super) kind: Option<String>,
    /// The directory of a package of the workspace.
    path: Option<PathBuf>,
}

impl Package {
    /// Returns the directory of the package.
    pub(super) fn directory(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(&self.manifest_path)
    }

    /// Returns the features, except the default ones.
    pub(super) fn features(&self) -> impl Iterator<Item = &str> {
        let names = self.features.keys().map(String::as_str);
        names.filter(|name| *name != "default")
    }

    /// Returns the packages of the workspace that this one depends on, except for tests.
    pub(super) fn local_dependencies(&self) -> impl Iterator<Item = &str> {
        let dependencies = self.dependencies.iter();
        dependencies
            .filter(|it| it.path.is_some() && it.kind.as_deref() != Some("dev"))
            .map(|it| it.name.as_str())
    }
}

/// Returns the published packages, each after those that it depends on.
pub(super) fn published() -> anyhow::Result<Vec<Package>> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Package>,
    }
    let output = cargo::command()?
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output()
        .context("cannot run `cargo metadata`")?;
    ensure!(
        output.status.success(),
        "`cargo metadata` failed:\n{}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    let metadata: Metadata =
        serde_json::from_slice(&output.stdout).context("cannot read `cargo metadata`")?;
    let mut packages = metadata.packages;
    packages.retain(|package| package.publish.is_none());
    in_order(packages)
}

/// Sorts packages, each after those that it depends on.
fn in_order(mut rest: Vec<Package>) -> anyhow::Result<Vec<Package>> {
    let mut sorted: Vec<Package> = Vec::new();
    while !rest.is_empty() {
        let is_next = |package: &Package| {
            let mut names = package.local_dependencies();
            names.all(|name| sorted.iter().any(|it| it.name == name))
        };
        let at = rest.iter().position(is_next).with_context(|| {
            let names: Vec<&str> = rest.iter().map(|it| it.name.as_str()).collect();
            format!(
                "these packages depend on each other, or on one that is not published: {}",
                names.join(", ")
            )
        })?;
        sorted.push(rest.remove(at));
    }
    Ok(sorted)
}

/// Returns the name of the oldest toolchain that all packages allow.
pub(super) fn oldest_toolchain(packages: &[Package]) -> anyhow::Result<String> {
    let versions: Vec<&String> = packages
        .iter()
        .filter_map(|it| it.rust_version.as_ref())
        .collect();
    let version = *versions
        .first()
        .context("no package has a `rust-version`")?;
    ensure!(
        versions.len() == packages.len() && versions.iter().all(|it| *it == version),
        "the packages have different values of `rust-version`"
    );
    // A toolchain without its last number would change with each of its updates.
    Ok(match version.split('.').count() {
        2 => format!("{version}.0"),
        _ => version.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // Wine cannot read the output of the cargo of the host.
    #[cfg(unix)]
    #[test]
    fn each_package_comes_after_those_that_it_depends_on() {
        let packages = published().unwrap();
        let names: Vec<&str> = packages.iter().map(|it| it.name.as_str()).collect();
        let at = |name| names.iter().position(|it| *it == name).unwrap();
        assert!(at("codex-types") < at("codex-client"), "{names:?}");
        assert!(at("strict-schema") < at("codex-client"), "{names:?}");
        for private in ["xtask", "codex-tests"] {
            assert!(!names.contains(&private), "{names:?}");
        }
        assert_eq!(oldest_toolchain(&packages).unwrap().split('.').count(), 3);
    }

    #[test]
    fn a_cycle_is_an_error_that_names_its_packages() {
        let package = |name: &str, on: &str| -> Package {
            serde_json::from_value(serde_json::json!({
                "name": name, "version": "1.0.0", "manifest_path": "", "features": {},
                "dependencies": [{"name": on, "kind": null, "path": "p"}], "metadata": null,
            }))
            .unwrap()
        };
        let error = in_order(vec![package("a", "b"), package("b", "a")]).unwrap_err();
        assert!(error.to_string().ends_with(": a, b"), "{error}");
    }
}
