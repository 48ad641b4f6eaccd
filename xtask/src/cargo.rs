//! Runs cargo in the workspace.

use std::env;
use std::process::Command;

use anyhow::{Context, ensure};

use crate::{runtime, workspace};

/// Creates a command for the cargo that runs this chore, in the root of the workspace.
pub(crate) fn command() -> anyhow::Result<Command> {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace::root()?);
    Ok(command)
}

/// Compiles the target that these arguments select, without output unless it fails. `name` is part
/// of the error message.
pub(crate) fn build(target: &[&str], name: &str) -> anyhow::Result<()> {
    let output = command()?
        .args(["build", "--quiet"])
        .args(target)
        .output()?;
    ensure!(
        output.status.success(),
        "cannot compile {name}:\n{}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(())
}

/// Runs an example of `codex-tests` in the release profile, with the pinned runtime. Ends with its
/// exit code.
pub(crate) fn run_example(
    name: &str,
    arguments: impl IntoIterator<Item = String>,
) -> anyhow::Result<()> {
    let mut example = command()?;
    example
        .args(["run", "--quiet", "--release"])
        .args(["--package", "codex-tests", "--example", name, "--"])
        .args(arguments)
        .env(runtime::CODEX_BIN, runtime::ensure(None)?);
    hand_over(example)
}

/// Creates a command for the compiler of the workspace's toolchain.
pub(crate) fn rustc() -> anyhow::Result<Command> {
    let mut command = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    command.current_dir(workspace::root()?);
    Ok(command)
}

/// Replaces this process with the command, so that the command receives all signals and its exit
/// code is that of the chore.
#[cfg(unix)]
pub(crate) fn hand_over(mut command: Command) -> anyhow::Result<()> {
    use std::os::unix::process::CommandExt as _;

    Err(command.exec()).with_context(|| format!("cannot run {}", command.get_program().display()))
}

/// Runs the command and exits with its exit code.
#[cfg(not(unix))]
pub(crate) fn hand_over(mut command: Command) -> anyhow::Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot run {}", command.get_program().display()))?;
    std::process::exit(status.code().unwrap_or(1))
}
