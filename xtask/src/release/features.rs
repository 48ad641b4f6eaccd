//! The features of the crates, in the combinations that users choose.

use std::process::Command;

use super::metadata::Package;
use crate::cargo;
use crate::tools::{self, succeed};

/// Compiles each crate with every feature by itself, and its tests and examples with no feature and
/// with all of them. The manifest names the features.
pub(super) fn check(packages: &[Package]) -> anyhow::Result<()> {
    for package in packages {
        for words in combinations(package) {
            let mut clippy = cargo::command()?;
            clippy
                .args(["clippy", "--quiet", "--package", &package.name])
                .args(words)
                .args(["--", "-D", "warnings"]);
            succeed(&mut clippy)?;
        }
    }
    Ok(())
}

/// Returns the arguments that choose each combination.
fn combinations(package: &Package) -> Vec<Vec<String>> {
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
    if package.features().next().is_none() {
        return vec![words(&["--all-targets"])];
    }
    let mut found = vec![words(&["--all-targets", "--no-default-features"])];
    found.extend(
        package
            .features()
            .map(|name| words(&["--no-default-features", "--features", name])),
    );
    found.push(words(&["--all-targets", "--all-features"]));
    found
}

/// Compiles the crates with all features on an older toolchain.
pub(super) fn check_with(toolchain: &str, packages: &[Package]) -> anyhow::Result<()> {
    let mut check = tools::on(toolchain)?;
    check.args(["check", "--all-features"]);
    succeed(named(&mut check, packages))
}

/// Builds the documentation as docs.rs does, where the documentation names the feature of an item.
pub(super) fn document(packages: &[Package]) -> anyhow::Result<()> {
    let mut doc = tools::on("nightly")?;
    doc.args(["doc", "--quiet", "--no-deps", "--all-features"])
        .env("RUSTDOCFLAGS", "--cfg docsrs -D warnings");
    succeed(named(&mut doc, packages))
}

/// Adds the names of the packages.
fn named<'a>(command: &'a mut Command, packages: &[Package]) -> &'a mut Command {
    let names = packages.iter().flat_map(|it| ["--package", &it.name]);
    command.args(names)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    // Wine cannot read the output of the cargo of the host, hence `unix`.
    #[test]
    fn every_feature_of_the_manifest_is_compiled_by_itself() {
        for package in crate::release::metadata::published().unwrap() {
            let combinations = combinations(&package);
            for feature in package.features() {
                let alone = ["--no-default-features", "--features", feature];
                assert!(
                    combinations.iter().any(|words| *words == alone),
                    "{}: {feature}",
                    package.name
                );
            }
        }
    }
}
