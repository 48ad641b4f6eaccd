//! The directory of this crate, found when a test runs.
//!
//! Several checkouts may share one target directory, and thus one test binary. A path compiled into
//! the binary could then name the wrong checkout.

use std::{env, path::PathBuf};

/// Returns the directory of this crate, which cargo names in `CARGO_MANIFEST_DIR`.
///
/// # Panics
///
/// If the process was not started by cargo.
#[must_use]
pub fn manifest_dir() -> PathBuf {
    env::var_os("CARGO_MANIFEST_DIR")
        .map(PathBuf::from)
        .expect("CARGO_MANIFEST_DIR is not set: run the tests with `cargo test`")
}
