//! Tests the scripted model with a plain HTTP client, without Codex.

// Helpers panic on behalf of the tests, but clippy exempts only the test functions themselves.
#![expect(clippy::unwrap_used)]

mod client;
mod responses;
mod waits;
