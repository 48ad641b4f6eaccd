//! The oldest dependencies that the manifests allow, in a copy of the workspace with a lock file of
//! its own.

use std::fs;
use std::process::Command;

use anyhow::Context;

use super::metadata::Package;
use crate::releases::copy::{members, put, synchronise};
use crate::tools::succeed;
use crate::{cargo, workspace};

/// The files that the crates and their tests need.
const COPIED: [&str; 9] = [
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "rust-toolchain.toml",
    "crates",
    "docs",
    "schema",
    "tests",
    "xtask/tests",
];

/// Resolves the direct dependencies to the oldest versions, compiles the crates with all features,
/// and runs their unit tests.
pub(super) fn check(packages: &[Package]) -> anyhow::Result<()> {
    let from = workspace::root()?;
    let directory = from.join("target/minimal-versions");
    let copy = directory.join("workspace");
    for path in COPIED {
        synchronise(&from.join(path), &copy.join(path), &|_| false)?;
    }
    let manifest = fs::read_to_string(from.join("Cargo.toml")).context("cannot read Cargo.toml")?;
    let manifest = members(&manifest, |member| member.starts_with("crates/"))?;
    put(&copy.join("Cargo.toml"), manifest.as_bytes())?;
    let cargo = |words: &[&str]| -> anyhow::Result<Command> {
        let mut command = cargo::command()?;
        command
            .current_dir(&copy)
            .args(words)
            .env("CARGO_TARGET_DIR", directory.join("target"))
            // Old macros expand to code that newer compilers warn of.
            .env("RUSTFLAGS", "--cap-lints allow")
            .env_remove("CARGO_MANIFEST_DIR");
        Ok(command)
    };
    // The option is unstable, and only the resolver of cargo needs it.
    let update = ["update", "--quiet", "-Z", "direct-minimal-versions"];
    succeed(cargo(&update)?.env("RUSTC_BOOTSTRAP", "1"))?;
    let names: Vec<&str> = packages
        .iter()
        .flat_map(|it| ["--package", &it.name])
        .collect();
    let check = ["check", "--quiet", "--all-features"];
    succeed(&mut cargo(&[&check[..], &names].concat())?)?;
    let test = ["test", "--quiet", "--all-features", "--lib"];
    // The tests on random inputs take long, and exercise no dependency.
    let skipped = ["--", "--skip", "fuzzing"];
    succeed(&mut cargo(&[&test[..], &names, &skipped].concat())?)
}
