//! Tests the scripted model behind a real app-server. Without a Codex executable, these tests fail
//! with a message that names the remedy.

// Helpers panic on behalf of the tests, but clippy exempts only the test functions themselves.
#![expect(clippy::unwrap_used)]

mod completed;
mod driver;
mod held_and_failed;
