//! Measures how many turns one app-server runs at once, and how many app-servers one machine
//! carries:
//!
//! ```text
//! cargo xtask scale [--turns 1,100,1000] [--servers 1,8,32]
//! ```
//!
//! The command installs the pinned runtime, sets `CODEX_BIN` to its path and runs this example. The
//! model is a script on loopback, which holds all responses until every turn has asked for one, so all
//! turns run at the same time. The example prints the tables of `docs/scaling.md`. The figures
//! depend on the machine, and nothing is checked but that every turn gets its response.

mod process;
mod servers;
mod turns;

use anyhow::{Context as _, Result};

#[tokio::main]
async fn main() -> Result<()> {
    let mut lists = std::env::args().skip(1).map(|word| counts(&word));
    let mut list = || lists.next().context("two lists of counts are expected")?;
    let (turn_counts, server_counts) = (list()?, list()?);
    turns::run(&turn_counts).await?;
    println!();
    servers::run(&server_counts).await
}

/// Reads a list of counts, separated by commas.
fn counts(word: &str) -> Result<Vec<usize>> {
    let parsed: Result<_, _> = word.split(',').map(str::parse).collect();
    parsed.with_context(|| format!("`{word}` is not a list of counts such as `1,100`"))
}
