//! The scripted model behind a real app-server. Without a codex executable these tests fail, and say how
//! to get one.

// Helpers of tests are tests, too, but clippy takes only test functions for them.
#![expect(clippy::unwrap_used)]

mod driver;
mod halts;
mod turns;
