//! The packages as they are uploaded.

use std::fs;

use anyhow::{Context, bail, ensure};

use super::metadata::Package;
use crate::cargo;
use crate::tools::succeed;

/// The files that every package has.
const REQUIRED: [&str; 4] = ["Cargo.toml", "LICENSE", "README.md", "src/lib.rs"];

/// The files that cargo adds.
const ADDED: [&str; 3] = [".cargo_vcs_info.json", "Cargo.lock", "Cargo.toml.orig"];

/// Checks the metadata of each package and the list of its files.
pub(super) fn check(packages: &[Package]) -> anyhow::Result<()> {
    let mut faults = Vec::new();
    for package in packages {
        let files = files(package)?;
        println!(
            "{} {}: {} files",
            package.name,
            package.version,
            files.len()
        );
        let readme = package
            .readme
            .as_ref()
            .map(|it| package.directory().join(it));
        let readme = readme.and_then(|path| fs::read_to_string(path).ok());
        let found = of_files(&files)
            .into_iter()
            .chain(of_metadata(package))
            .chain(of_readme(&readme.unwrap_or_default(), package.features()));
        faults.extend(found.map(|fault| format!("{}: {fault}", package.name)));
    }
    ensure!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}

/// Compiles each package from the files that would be uploaded.
pub(super) fn publish() -> anyhow::Result<()> {
    // Changes that are not committed do not matter to a check.
    succeed(cargo::command()?.args(["publish", "--workspace", "--dry-run", "--allow-dirty"]))
}

/// Returns the files of a package.
fn files(package: &Package) -> anyhow::Result<Vec<String>> {
    let output = cargo::command()?
        .args(["package", "--list", "--allow-dirty", "--package"])
        .arg(&package.name)
        .output()
        .context("cannot run `cargo package`")?;
    if !output.status.success() {
        bail!(
            "`cargo package --list` failed:\n{}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().map(|line| line.replace('\\', "/")).collect())
}

/// Returns the faults in a list of files.
fn of_files(files: &[String]) -> Vec<String> {
    let has = |name: &str| files.iter().any(|file| file == name);
    let missing = REQUIRED.into_iter().filter(|name| !has(name));
    let missing = missing.map(|name| format!("`{name}` is missing"));
    let surplus = files.iter().filter(|file| !belongs(file)).map(|file| {
        format!("`{file}` does not belong in the package: name it in `exclude` of Cargo.toml")
    });
    missing.chain(surplus).collect()
}

/// Returns whether a file belongs in a package: sources, the pages that they include, and examples; no
/// tests.
fn belongs(file: &str) -> bool {
    if REQUIRED.contains(&file) || ADDED.contains(&file) || file == "examples/README.md" {
        return true;
    }
    let Some((stem, "rs" | "html" | "css" | "js")) = file.rsplit_once('.') else {
        return false;
    };
    let is_test = stem
        .split('/')
        .any(|part| part == "tests" || part.ends_with("_tests"));
    !is_test && (stem.starts_with("src/") || stem.starts_with("examples/"))
}

/// Returns the faults in the metadata of a package.
fn of_metadata(package: &Package) -> Vec<String> {
    let docs_rs = &package.metadata["docs"]["rs"];
    let present = [
        ("description", package.description.is_some()),
        ("license", package.license.is_some()),
        ("homepage", package.homepage.is_some()),
        ("repository", package.repository.is_some()),
        ("readme", package.readme.is_some()),
        ("rust-version", package.rust_version.is_some()),
        ("keywords", !package.keywords.is_empty()),
        ("categories", !package.categories.is_empty()),
        ("package.metadata.docs.rs", docs_rs["all-features"] == true),
    ];
    let missing = present.into_iter().filter(|(_, is_present)| !is_present);
    missing
        .map(|(name, _)| format!("Cargo.toml lacks `{name}`"))
        .collect()
}

/// Returns the features that a README does not document.
fn of_readme<'a>(readme: &str, features: impl Iterator<Item = &'a str>) -> Vec<String> {
    let missing = features.filter(|feature| !readme.contains(&format!("`{feature}`")));
    missing
        .map(|feature| format!("README.md does not document the feature `{feature}`"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // Wine cannot read the output of the cargo of the host.
    #[cfg(unix)]
    #[test]
    fn the_packages_have_all_metadata_and_no_tests() {
        check(&crate::release::metadata::published().unwrap()).unwrap();
    }

    #[test]
    fn a_feature_that_the_readme_does_not_name_is_a_fault() {
        let faults = of_readme("- `a`: the first", ["a", "b"].into_iter());
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].ends_with("`b`"), "{faults:?}");
    }

    #[test]
    fn tests_fixtures_and_missing_files_are_faults() {
        let list = |files: &[&str]| -> Vec<String> {
            let files = REQUIRED.iter().chain(files);
            files.map(|&file| file.to_owned()).collect()
        };
        assert_eq!(
            of_files(&list(&["src/a.rs", "examples/b.rs", "Cargo.lock"])),
            [""; 0]
        );
        for file in [
            "src/tests/a.rs",
            "src/a/tests.rs",
            "src/a/joined_tests.rs",
            "tests/fixtures/a.json",
            "src/a.json",
            "fuzz/a.rs",
        ] {
            let faults = of_files(&list(&[file]));
            assert_eq!(faults.len(), 1, "{file}: {faults:?}");
            assert!(faults[0].contains(file), "{faults:?}");
        }
        assert_eq!(of_files(&[]).len(), REQUIRED.len());
    }
}
