//! `cargo xtask release`: the checks that the published crates have to pass, and the public API that
//! they are compared with.

mod deny;
mod features;
mod metadata;
mod minimal;
mod packages;
mod semver;

use std::time::Instant;

use anyhow::ensure;
use clap::{Subcommand, ValueEnum};

use self::metadata::Package;
use crate::tools::Tool;

/// Arguments of `cargo xtask release`.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Checks that the crates can be published. Uploads nothing.
    Check {
        /// The checks; by default, all of them.
        checks: Vec<Check>,
        /// Install missing tools and toolchains, below `target/tools` and with rustup.
        #[arg(long)]
        install: bool,
        /// Print what is left out because a tool or the network is missing, instead of failing.
        #[arg(long)]
        allow_missing: bool,
    },
    /// Replaces the packages in `tests/baseline`, with which `semver` compares the public API.
    Record,
}

/// A check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Check {
    /// The files of each package, and its metadata.
    Packages,
    /// `cargo publish --dry-run` of all crates, in the order of their dependencies.
    Publish,
    /// Each feature by itself, none, and all.
    Features,
    /// The documentation as docs.rs builds it, with the nightly toolchain.
    Docs,
    /// The oldest toolchain that the manifests allow.
    Msrv,
    /// The oldest dependencies that the manifests allow.
    Minimal,
    /// Licenses, sources, duplicates and advisories of the dependencies.
    Deny,
    /// The public API, compared with the recorded one.
    Semver,
}

/// The result of a check that did not fail.
enum Outcome {
    Passed,
    /// Something could not be checked, for this reason.
    LeftOut(String),
}

/// Runs the chore.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    match &args.action {
        Action::Check {
            checks,
            install,
            allow_missing,
        } => check(checks, *install, *allow_missing),
        Action::Record => semver::record(&metadata::published()?),
    }
}

/// Runs checks, all of them even if one fails, and prints a table of the results.
fn check(checks: &[Check], install: bool, allow_missing: bool) -> anyhow::Result<()> {
    let checks = match checks {
        [] => Check::value_variants(),
        checks => checks,
    };
    let packages = metadata::published()?;
    let mut lines = Vec::new();
    let mut failed = Vec::new();
    for check in checks {
        let name = check.name();
        println!("\n==> release check {name}");
        let start = Instant::now();
        let outcome = check.run(&packages, install);
        let seconds = start.elapsed().as_secs();
        let result = match outcome {
            Ok(Outcome::Passed) => "passed".to_owned(),
            Ok(Outcome::LeftOut(reason)) => {
                if !allow_missing {
                    failed.push(name.clone());
                }
                format!("left out: {reason}")
            }
            Err(error) => {
                println!("{error:#}");
                failed.push(name.clone());
                "failed".to_owned()
            }
        };
        lines.push(format!("{name:<9} {seconds:>5} s  {result}"));
    }
    println!("\n{}", lines.join("\n"));
    ensure!(failed.is_empty(), "not ready: {}", failed.join(", "));
    Ok(())
}

impl Check {
    /// Returns the name of the check on the command line.
    fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Runs the check.
    fn run(self, packages: &[Package], install: bool) -> anyhow::Result<Outcome> {
        if let Some(tool) = self.tool(packages)
            && !tool.is_installed()
        {
            if !install {
                return Ok(Outcome::LeftOut(tool.remedy("release check")));
            }
            if let Err(error) = tool.install() {
                return Ok(Outcome::LeftOut(format!("{error:#}")));
            }
        }
        match self {
            Self::Packages => packages::check(packages)?,
            Self::Publish => packages::publish()?,
            Self::Features => features::check(packages)?,
            Self::Docs => features::document(packages)?,
            Self::Msrv => features::check_with(&metadata::oldest_toolchain(packages)?, packages)?,
            Self::Minimal => minimal::check(packages)?,
            Self::Deny => return deny::check(),
            Self::Semver => semver::check(packages)?,
        }
        Ok(Outcome::Passed)
    }

    /// Returns the tool that the check needs, if it may be missing.
    fn tool(self, packages: &[Package]) -> Option<Tool> {
        match self {
            Self::Docs => Some(Tool::Toolchain("nightly".to_owned())),
            Self::Msrv => metadata::oldest_toolchain(packages)
                .ok()
                .map(Tool::Toolchain),
            Self::Deny => Some(Tool::Cargo("cargo-deny")),
            Self::Semver => Some(Tool::Cargo("cargo-semver-checks")),
            Self::Packages | Self::Publish | Self::Features | Self::Minimal => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_check_is_described_in_the_guide() {
        let root = crate::workspace::root().unwrap();
        let guide = std::fs::read_to_string(root.join("docs/releasing.md")).unwrap();
        for check in Check::value_variants() {
            let row = format!("\n| `{}` |", check.name());
            assert!(guide.contains(&row), "{row}");
        }
    }
}
