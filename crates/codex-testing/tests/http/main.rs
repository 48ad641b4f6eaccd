//! Tests the scripted model with a plain HTTP client, without Codex.

// A helper panics where the test would; clippy exempts only the test functions themselves.
#![expect(clippy::unwrap_used)]

mod client;
mod responses;
mod waits;
