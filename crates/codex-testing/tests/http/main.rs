//! The scripted model as an HTTP client sees it, without Codex.

// Helpers of tests are tests, too, but clippy takes only test functions for them.
#![expect(clippy::unwrap_used)]

mod answers;
mod client;
mod waits;
