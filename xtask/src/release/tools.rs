//! Tools that a machine may lack.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::Context;

use super::succeed;
use crate::{cargo, workspace};

/// A tool that may be missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tool {
    /// A toolchain of rustup.
    Toolchain(String),
    /// A subcommand of cargo, from the crate of the same name.
    Cargo(&'static str),
}

impl Tool {
    /// Returns whether the tool is installed.
    pub(super) fn is_installed(&self) -> bool {
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
        };
        let status = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        status.is_ok_and(|status| status.success())
    }

    /// Installs the tool.
    pub(super) fn install(&self) -> anyhow::Result<()> {
        match self {
            Self::Toolchain(name) => succeed(Command::new("rustup").args([
                "toolchain",
                "install",
                name,
                "--profile",
                "minimal",
                "--no-self-update",
            ])),
            Self::Cargo(name) => {
                let mut install = cargo::command()?;
                install
                    .args(["install", "--locked", name, "--root"])
                    .arg(directory()?)
                    // The tool runs for seconds and compiles for minutes.
                    .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
                    .env("CARGO_PROFILE_RELEASE_LTO", "off")
                    .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
                succeed(&mut install)
            }
        }
    }

    /// Describes the missing tool, and how to get it.
    pub(super) fn remedy(&self) -> String {
        let missing = match self {
            Self::Toolchain(name) => format!("the toolchain {name}"),
            Self::Cargo(name) => (*name).to_owned(),
        };
        format!("{missing} is not installed; `cargo xtask release check --install` installs it")
    }
}

/// Returns a command that runs the cargo of a toolchain in the root of the workspace.
pub(super) fn on(toolchain: &str) -> anyhow::Result<Command> {
    let mut command = Command::new("rustup");
    command
        .args(["run", toolchain, "cargo"])
        .current_dir(workspace::root()?)
        // The cargo that runs this chore names its own tools.
        .env_remove("RUSTC")
        .env_remove("RUSTDOC");
    Ok(command)
}

/// Returns a command that runs a subcommand of cargo: the one in `target/tools`, or else the one in
/// `PATH`.
pub(super) fn cargo_tool(name: &str) -> Command {
    let program = format!("{name}{}", env::consts::EXE_SUFFIX);
    let installed = directory().map(|directory| directory.join("bin").join(&program));
    let installed = installed.ok().filter(|path| path.is_file());
    let mut command = Command::new(installed.unwrap_or_else(|| program.into()));
    command.arg(name.trim_start_matches("cargo-"));
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
        let tool = Tool::Cargo("cargo-no-such-tool");
        assert!(!tool.is_installed());
        assert!(
            tool.remedy()
                .starts_with("cargo-no-such-tool is not installed")
        );
        assert!(!Tool::Toolchain("no-such-toolchain".to_owned()).is_installed());
    }
}
