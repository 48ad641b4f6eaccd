//! `cargo xtask demo`: runs one turn on a real app-server and streams it to the terminal.
//!
//! The demo itself is an example of `codex-tests`. It is compiled only when it runs, so that this
//! crate depends on no crate of the workspace.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use crate::{cargo, picture, runtime, spinner::Spinner, workspace};

/// The package and the name of the example.
const EXAMPLE: [&str; 4] = ["--package", "codex-tests", "--example", "demo"];

/// The column at which the texts of the demo begin.
const INDENT: usize = 9;

/// Arguments of `cargo xtask demo`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The prompt; by default, a question about the files in the directory.
    prompt: Option<String>,
    /// Use your own login and model instead of a scripted model; the sandbox is read-only.
    #[arg(long)]
    live: bool,
    /// Write a picture of the output to this file instead of printing it.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

/// Runs the chore. Ends with the exit code of the example.
pub(crate) fn run(Args { prompt, live, svg }: Args) -> anyhow::Result<()> {
    let binary = runtime::ensure(None)?;
    let spinner = Spinner::default();
    spinner.say("compiling the demo".into());
    cargo::build(&EXAMPLE, "the demo")?;
    drop(spinner);
    let mut example = cargo::command()?;
    example
        .args(["run", "--quiet"])
        .args(EXAMPLE)
        .arg("--")
        .args(live.then_some("--live"))
        .args(prompt)
        .env(runtime::CODEX_BIN, binary);
    // With `--live`, the model works in the directory of the user.
    example.current_dir(std::env::current_dir()?);
    match svg {
        Some(path) => draw(&mut example, &path),
        None => cargo::hand_over(example),
    }
}

/// Runs the example as on a terminal with colors, and draws what it prints.
fn draw(example: &mut Command, path: &Path) -> anyhow::Result<()> {
    let output = example
        .env("CLICOLOR_FORCE", "1")
        .env_remove("NO_COLOR")
        .output()
        .context("cannot run the demo")?;
    ensure!(
        output.status.success(),
        "the demo failed:\n{}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    let printed = String::from_utf8_lossy(&output.stdout);
    let svg = picture::draw("cargo xtask demo", &printed, INDENT);
    // Relative to the directory of the user.
    std::fs::write(path, svg).with_context(|| format!("cannot write {}", path.display()))?;
    println!("wrote {}", workspace::shown(path));
    Ok(())
}
