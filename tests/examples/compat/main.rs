//! Runs the core behaviours on the server of `CODEX_BIN`, for `cargo xtask compat`.
//!
//! Prints one line of JSON per step: its name, and the error if it failed.

use std::{io::Write, time::Duration};

use codex_testing::codex_bin;
use codex_tests::compat::steps;
use serde_json::json;

/// Time for a step, long enough for a busy machine. An older server may never send an event.
const TIMEOUT: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let program = codex_bin()?;
    for step in steps() {
        let error = match tokio::time::timeout(TIMEOUT, step.run(&program)).await {
            Ok(outcome) => outcome.err().map(|error| error.to_string()),
            Err(_) => Some(format!("no end within {} s", TIMEOUT.as_secs())),
        };
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", json!({"step": step.name, "error": error}))?;
        out.flush()?;
    }
    Ok(())
}
