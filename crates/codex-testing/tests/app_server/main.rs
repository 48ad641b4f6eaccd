//! Tests the scripted model behind a real app-server. Without a Codex executable these tests fail with
//! the remedy.

// A helper panics where the test would; clippy exempts only the test functions themselves.
#![expect(clippy::unwrap_used)]

mod completed;
mod driver;
mod held_and_failed;
