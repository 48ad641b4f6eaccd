//! `cargo xtask soak`: runs thousands of turns and restarts in one process.
//!
//! The soak test itself is an example of `codex-tests`, like the demo.

use crate::cargo;

/// Arguments of `cargo xtask soak`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Number of turns on one server.
    #[arg(long, default_value_t = 10_000)]
    turns: usize,
    /// Number of servers to start and end.
    #[arg(long, default_value_t = 300)]
    restarts: usize,
}

/// Runs the chore. Ends with the exit code of the example.
pub(crate) fn run(Args { turns, restarts }: Args) -> anyhow::Result<()> {
    cargo::run_example("soak", [turns, restarts].map(|count| count.to_string()))
}
