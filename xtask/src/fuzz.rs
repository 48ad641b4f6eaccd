//! `cargo xtask fuzz`: searches for inputs that violate a property, with cargo-fuzz.
//!
//! `fuzz/` is a workspace of its own, because its targets need a nightly toolchain. The seeds come
//! from an example of `codex-tests`, so that this crate depends on no crate of the workspace.

use std::{path::Path, process::Command};

use anyhow::{Context, bail, ensure};
use clap::{ValueEnum, builder::PossibleValue};

use crate::{cargo, workspace};

/// Arguments of `cargo xtask fuzz`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The target to run; by default, all of them, one after the other.
    target: Option<Target>,
    /// The time for each target.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    minutes: u64,
}

/// A fuzz target. `docs/testing.md` describes the properties.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Target {
    Scanner,
    Connection,
    Envelope,
    Messages,
    Lines,
    Queue,
}

impl Target {
    /// Returns the name of the binary.
    fn name(self) -> &'static str {
        match self {
            Self::Scanner => "scanner",
            Self::Connection => "connection",
            Self::Envelope => "envelope",
            Self::Messages => "messages",
            Self::Lines => "lines",
            Self::Queue => "queue",
        }
    }

    /// Returns the maximum length of an input, in bytes.
    fn max_length(self) -> usize {
        match self {
            // A step is one byte, or a few.
            Self::Connection | Self::Queue => 1024,
            Self::Scanner | Self::Envelope | Self::Messages | Self::Lines => 8192,
        }
    }
}

impl ValueEnum for Target {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            Self::Scanner,
            Self::Connection,
            Self::Envelope,
            Self::Messages,
            Self::Lines,
            Self::Queue,
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
}

/// Runs the chore. Fails if a target has found something, after all targets have run.
pub(crate) fn run(Args { target, minutes }: Args) -> anyhow::Result<()> {
    require(
        nightly().args(["rustc", "--version"]),
        "rustup toolchain install nightly --profile minimal",
    )?;
    require(
        nightly().args(["cargo", "fuzz", "--version"]),
        "cargo install cargo-fuzz",
    )?;
    let fuzz = workspace::root()?.join("fuzz");
    write_seeds(&fuzz.join("corpus"))?;
    let targets = match target {
        Some(target) => vec![target],
        None => Target::value_variants().to_vec(),
    };
    let mut found = Vec::new();
    for target in targets {
        let status = command(target, minutes, &fuzz)
            .status()
            .context("cannot run `cargo fuzz`")?;
        if !status.success() {
            found.push(target.name());
        }
    }
    ensure!(
        found.is_empty(),
        "failed: {}. The output names the input, in {}",
        found.join(", "),
        workspace::shown(&fuzz.join("artifacts"))
    );
    Ok(())
}

/// Creates a command that runs a program of the nightly toolchain.
fn nightly() -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly"]);
    command
}

/// Fails with a remedy if a command does not succeed.
fn require(command: &mut Command, remedy: &str) -> anyhow::Result<()> {
    match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(_) => bail!("fuzzing needs a tool that is not installed: run `{remedy}`"),
        Err(error) => bail!("fuzzing needs rustup: {error}"),
    }
}

/// Writes the seeds and the dictionary.
fn write_seeds(corpus: &Path) -> anyhow::Result<()> {
    let status = cargo::command()?
        .args(["run", "--quiet", "--package", "codex-tests"])
        .args(["--example", "fuzz_seeds", "--"])
        .arg(corpus)
        .status()?;
    ensure!(status.success(), "cannot write the seeds");
    Ok(())
}

/// Returns the command that builds a target and runs it.
fn command(target: Target, minutes: u64, fuzz: &Path) -> Command {
    let mut command = nightly();
    // The workspace has no unsafe code for a sanitizer to check.
    command
        .args(["cargo", "fuzz", "run", "--sanitizer", "none"])
        .arg("--fuzz-dir")
        .arg(fuzz);
    if target == Target::Messages {
        command.args(["--features", "messages"]);
    }
    command
        .arg(target.name())
        .arg("--")
        .arg(format!("-max_total_time={}", minutes * 60))
        .arg(format!("-max_len={}", target.max_length()))
        .args(["-timeout=20", "-print_final_stats=1"])
        .current_dir(fuzz);
    if !matches!(target, Target::Connection | Target::Queue) {
        command.arg("-dict=corpus/dictionary");
    }
    command
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_targets_are_those_of_the_manifest() {
        let manifest = fs::read_to_string(workspace::root().unwrap().join("fuzz/Cargo.toml"));
        let manifest: toml::Table = manifest.unwrap().parse().unwrap();
        let mut binaries: Vec<_> = manifest["bin"]
            .as_array()
            .unwrap()
            .iter()
            .map(|binary| binary["name"].as_str().unwrap())
            .collect();
        binaries.sort_unstable();
        let mut targets: Vec<_> = Target::value_variants()
            .iter()
            .map(|target| target.name())
            .collect();
        targets.sort_unstable();
        assert_eq!(binaries, targets);
    }

    // Wine cannot read the output of the cargo of the host, which it starts without the streams.
    #[cfg(unix)]
    #[test]
    fn a_missing_tool_is_named_with_its_remedy() {
        let mut unknown = cargo::command().unwrap();
        let missing = require(unknown.arg("no-such-command"), "cargo install cargo-fuzz");
        let error = missing.unwrap_err().to_string();
        assert!(error.contains("run `cargo install cargo-fuzz`"), "{error}");
        let absent = require(&mut Command::new("no-such-program"), "y");
        assert!(absent.unwrap_err().to_string().contains("rustup"));
    }
}
