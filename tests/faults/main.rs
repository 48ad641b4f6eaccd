//! The SDK on the fake app-server: its child processes, its scripts and its faults.
//!
//! `cargo test -p codex-tests --test faults child_process::` runs one module.

// Helpers panic on behalf of the tests, but clippy exempts only the test functions themselves.
#![expect(clippy::unwrap_used)]

mod child_process;
mod drift;
mod drifted_requests;
mod failed_starts;
mod minimal_server;
mod opentelemetry;
mod process_trees;
mod recordings;
mod scripts;
mod spans;
mod supervision;

use std::path::Path;

use codex_client::Codex;
use codex_testing::FakeConnection;

/// Returns the program that stands in for `codex`.
fn fake_codex() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_fake_codex"))
}

/// Starts a client whose server is this child process.
async fn start(fake: &mut FakeConnection) -> Codex {
    let builder = Codex::builder().binary(fake_codex()).envs(fake.envs());
    let (codex, ()) = tokio::join!(builder.start(), fake.handshake());
    codex.unwrap()
}
