//! `cargo xtask windows`: compiles the tests for Windows and runs them under Wine.
//!
//! The tests are those of the crates that users run on Windows, of this one, and those of the SDK
//! on the fake app-server. The app-server of Codex 0.169.0 does not start under Wine 8 (`Lock
//! violation (os error 33)`). The chore prints which tests it leaves out.

mod tools;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};

use self::tools::{GCC, TARGET, Tool};
use crate::{cargo, workspace};

/// The packages whose tests run.
const PACKAGES: [&str; 6] = [
    "codex-types",
    "strict-schema",
    "codex-client",
    "codex-testing",
    "codex-tests",
    "xtask",
];

/// The test programs of these packages that need no app-server.
const TESTS: [&str; 4] = ["http", "schemas", "checkouts", "faults"];

/// The tests that do not run, and why.
const NOT_RUN: [(&str, &str); 4] = [
    (
        "stories, example programs, `app_server`",
        "the real app-server does not start under Wine",
    ),
    ("contracts", "they do not depend on the system"),
    (
        "the fault matrix",
        "it starts 2,000 processes, which takes minutes under Wine",
    ),
    (
        "documentation tests",
        "each is a program, so they take minutes",
    ),
];

/// The source of the library that Wine lacks.
const LIBRARY: &str = "bcryptprimitives";

/// The signature that marks a directory as a cache.
const CACHE_TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n";

/// Arguments of `cargo xtask windows`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Install what is missing, with rustup and apt-get.
    #[arg(long)]
    install: bool,
    /// If a tool is missing, report what is left out instead of failing.
    #[arg(long)]
    allow_missing: bool,
    /// Arguments for `cargo test`: filters, or a second `--` with arguments for the tests.
    #[arg(last = true, value_name = "ARGUMENTS")]
    arguments: Vec<OsString>,
}

/// Runs the chore. Ends with the exit code of `cargo test`, whose summary is printed last.
pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    if cfg!(windows) {
        bail!("this chore is for other systems; on Windows, run `cargo xtask test`");
    }
    let missing = missing(args.install)?;
    if let Some(reason) = left_out(&missing) {
        ensure!(args.allow_missing, "{reason}");
        eprintln!("{reason}");
        if missing != [Tool::Wine] {
            return Ok(());
        }
    }
    let mut test = cargo::command()?;
    test.args(["test", "--target", TARGET, "--lib", "--bins"]);
    test.args(PACKAGES.iter().flat_map(|package| ["--package", package]));
    test.args(TESTS.iter().flat_map(|name| ["--test", name]));
    match tools::wine() {
        Some(wine) => run_under(&wine, &mut test)?,
        None => _ = test.arg("--no-run"),
    }
    test.args(args.arguments);
    for (tests, reason) in NOT_RUN {
        eprintln!("left out: {tests} ({reason})");
    }
    cargo::hand_over(test)
}

/// Returns the tools that are missing, after installing them if asked to.
fn missing(install: bool) -> anyhow::Result<Vec<Tool>> {
    let mut missing = Vec::new();
    for tool in Tool::ALL {
        if install && !tool.is_installed()? {
            tool.install();
        }
        if !tool.is_installed()? {
            missing.push(tool);
        }
    }
    Ok(missing)
}

/// Describes what cannot be done without the missing tools, and how to get them.
fn left_out(missing: &[Tool]) -> Option<String> {
    if missing.is_empty() {
        return None;
    }
    let what = match missing {
        [Tool::Wine] => "the tests for Windows are compiled but not run",
        _ => "the tests for Windows are neither compiled nor run",
    };
    let each = missing.iter().map(|tool| {
        let command = tool.install_command().join(" ");
        format!("{} is missing (`{command}`)", tool.name())
    });
    Some(format!("{what}: {}", each.collect::<Vec<_>>().join(", ")))
}

/// Makes cargo run the tests under Wine, in a prefix of this workspace.
fn run_under(wine: &Path, test: &mut Command) -> anyhow::Result<()> {
    let directory = workspace::root()?.join("target").join("wine");
    fs::create_dir_all(&directory)
        .with_context(|| format!("cannot create {}", directory.display()))?;
    // The prefix has a link to `/`, which programs that search the workspace must not follow.
    fs::write(directory.join("CACHEDIR.TAG"), CACHE_TAG)?;
    build_library(&directory)?;
    // One failing package must not hide the results of the others.
    test.arg("--no-fail-fast");
    test.env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER", wine)
        .env("WINEPREFIX", directory.join("prefix"))
        // A directory of Unix is on the drive `Z:`.
        .env("WINEPATH", format!("Z:{}", directory.display()))
        // Neither debug messages nor a window.
        .env("WINEDEBUG", "-all")
        // Tests leave out what Wine does not do.
        .env("CODEX_TESTS_UNDER_WINE", "1")
        .env_remove("DISPLAY");
    Ok(())
}

/// Compiles the library that Wine lacks, in a directory where Wine finds it.
fn build_library(directory: &Path) -> anyhow::Result<()> {
    let source = source()?;
    let library = directory.join(LIBRARY).with_extension("dll");
    let status = Command::new(GCC)
        .args(["-shared", "-O2", "-o"])
        .arg(&library)
        .arg(&source)
        .arg("-ladvapi32")
        .status()
        .with_context(|| format!("cannot run {GCC}"))?;
    ensure!(status.success(), "cannot compile {}", source.display());
    Ok(())
}

fn source() -> anyhow::Result<PathBuf> {
    let directory = workspace::root()?.join("xtask/src/windows");
    Ok(directory.join(LIBRARY).with_extension("c"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_named_with_the_command_that_installs_it() {
        assert_eq!(left_out(&[]), None);
        let reason = left_out(&[Tool::Wine]).unwrap();
        assert!(reason.contains("compiled but not run"), "{reason}");
        assert!(reason.contains("`apt-get install -y wine64`"), "{reason}");
        let reason = left_out(&[Tool::Target, Tool::Wine]).unwrap();
        assert!(reason.contains("neither compiled nor run"), "{reason}");
        assert!(reason.contains("rustup target add"), "{reason}");
    }

    #[test]
    fn the_source_of_the_library_exists() {
        assert!(source().unwrap().is_file());
    }
}
