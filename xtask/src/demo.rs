//! `cargo xtask demo`: runs one turn on a real app-server and streams it to the terminal.
//!
//! The demo itself is an example of `codex-tests`. It is compiled only when it runs, so that this
//! crate depends on no crate of the workspace.

use crate::{cargo, runtime, spinner::Spinner};

/// The package and the name of the example.
const EXAMPLE: [&str; 4] = ["--package", "codex-tests", "--example", "demo"];

/// Arguments of `cargo xtask demo`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The prompt; by default, a question about the files in the directory.
    prompt: Option<String>,
    /// Use your own login and model instead of a scripted model; the sandbox is read-only.
    #[arg(long)]
    live: bool,
}

/// Runs the chore. Ends with the exit code of the example.
pub(crate) fn run(Args { prompt, live }: Args) -> anyhow::Result<()> {
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
    cargo::hand_over(example)
}
