//! Runs many turns and restarts in one process, and checks that the process does not grow:
//!
//! ```text
//! cargo xtask soak [--turns N] [--restarts N]
//! ```
//!
//! The command installs the pinned runtime, sets `CODEX_BIN` to its path and runs this example. The
//! model is a script on loopback. The process is measured at regular points, at which no turn runs:
//! resident memory, threads, descriptors, tasks of the runtime, and child processes. The example
//! prints the table and fails if the process has grown since the first sample.

mod restarts;
mod sample;
mod turns;

use anyhow::{Context as _, Result};
use codex_tests::stage::Stage;
use sample::Table;

/// Number of samples in each part, not counting the first.
const SAMPLES: usize = 10;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let mut numbers = std::env::args().skip(1).map(|word| word.parse::<usize>());
    let mut number = |default| numbers.next().unwrap_or(Ok(default));
    let turn_count = number(10_000).context("the number of turns")?;
    let restart_count = number(300).context("the number of restarts")?;
    let stage = Stage::new();
    let mut table = Table::new();
    turns::run(&stage, turn_count, &mut table).await?;
    restarts::run(&stage, restart_count, &mut table).await?;
    table.finish()
}
