//! Tools that a machine may lack: toolchains, and programs that cargo installs.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

use crate::{cargo, workspace};

/// A tool that may be missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tool {
    /// A toolchain of rustup.
    Toolchain(String),
    /// A subcommand of cargo, from the crate of the same name.
    Cargo(&'static str),
    /// A program, from the crate of the same name.
    Program {
        /// The name of the program and of the crate.
        name: &'static str,
        /// The versions that the workspace is written for.
        version: &'static str,
        /// The features to compile it with, which are fewer than the default ones.
        features: &'static [&'static str],
    },
}

impl Tool {
    /// Returns whether the tool is installed.
    pub(crate) fn is_installed(&self) -> bool {
        let mut command = match self {
            Self::Toolchain(name) => {
                let mut command = Command::new("rustup");
                command.args(["run", name, "rustc", "--version"]);
                command
            }
            Self::Cargo(name) => {
                let mut command = cargo_tool(name);
                command.arg("--version");
                command
            }
            Self::Program { name, .. } => {
                let mut command = program(name);
                command.arg("--version");
                command
            }
        };
        let status = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        status.is_ok_and(|status| status.success())
    }

    /// Installs the tool.
    pub(crate) fn install(&self) -> anyhow::Result<()> {
        match self {
            Self::Toolchain(name) => succeed(Command::new("rustup").args([
                "toolchain",
                "install",
                name,
                "--profile",
                "minimal",
                "--no-self-update",
            ])),
            Self::Cargo(name) => succeed(&mut install(name)?),
            Self::Program {
                name,
                version,
                features,
            } => succeed(
                install(name)?
                    .args(["--version", version, "--no-default-features", "--features"])
                    .arg(features.join(",")),
            ),
        }
    }

    /// Describes the missing tool, and the chore that installs it.
    pub(crate) fn remedy(&self, chore: &str) -> String {
        let missing = match self {
            Self::Toolchain(name) => format!("the toolchain {name}"),
            Self::Cargo(name) | Self::Program { name, .. } => (*name).to_owned(),
        };
        format!("{missing} is not installed; `cargo xtask {chore} --install` installs it")
    }
}

/// Returns a command that installs a crate's programs in `target/tools`.
fn install(name: &str) -> anyhow::Result<Command> {
    let mut install = cargo::command()?;
    install
        .args(["install", "--locked", name, "--root"])
        .arg(directory()?)
        // The tool runs for seconds and compiles for minutes.
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    Ok(install)
}

/// Runs a command, which prints what it does, and fails unless it succeeds.
pub(crate) fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let words: Vec<_> = command.get_args().map(|it| it.to_string_lossy()).collect();
    let shown = words.join(" ");
    println!("    {shown}");
    let status = command
        .status()
        .with_context(|| format!("cannot run `{}`", command.get_program().display()))?;
    ensure!(status.success(), "`{shown}` failed ({status})");
    Ok(())
}

/// Returns a command that runs the cargo of a toolchain in the root of the workspace.
pub(crate) fn on(toolchain: &str) -> anyhow::Result<Command> {
    let mut command = Command::new("rustup");
    command
        .args(["run", toolchain, "cargo"])
        .current_dir(workspace::root()?)
        // The cargo that runs this chore names its own tools.
        .env_remove("RUSTC")
        .env_remove("RUSTDOC");
    Ok(command)
}

/// Returns a command that runs a subcommand of cargo.
pub(crate) fn cargo_tool(name: &str) -> Command {
    let mut command = program(name);
    command.arg(name.trim_start_matches("cargo-"));
    command
}

/// Returns a command that runs a program in the root of the workspace: the one in `target/tools`, or
/// else the one in `PATH`.
pub(crate) fn program(name: &str) -> Command {
    let program = format!("{name}{}", env::consts::EXE_SUFFIX);
    let installed = directory().map(|directory| directory.join("bin").join(&program));
    let installed = installed.ok().filter(|path| path.is_file());
    let mut command = Command::new(installed.unwrap_or_else(|| program.into()));
    if let Ok(root) = workspace::root() {
        command.current_dir(root);
    }
    command
}

/// Returns the directory of the installed tools.
fn directory() -> anyhow::Result<PathBuf> {
    Ok(workspace::root()
        .context("cannot find the directory of the tools")?
        .join("target/tools"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_tool_is_named_with_its_remedy() {
        let program = Tool::Program {
            name: "no-such-program",
            version: "1",
            features: &[],
        };
        let toolchain = Tool::Toolchain("no-such-toolchain".to_owned());
        for tool in [Tool::Cargo("cargo-no-such-tool"), program, toolchain] {
            assert!(!tool.is_installed());
            let remedy = tool.remedy("some chore");
            assert!(remedy.contains("no-such-"), "{remedy}");
            assert!(
                remedy.contains("`cargo xtask some chore --install`"),
                "{remedy}"
            );
        }
    }

    #[test]
    fn a_failed_command_is_named_with_its_arguments() {
        let mut command = Command::new("no-such-program");
        let error = succeed(command.arg("x")).unwrap_err().to_string();
        assert!(error.contains("no-such-program"), "{error}");
    }
}
