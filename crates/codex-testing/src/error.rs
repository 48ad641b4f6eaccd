//! What can go wrong while a test is set up, or waits.

use std::{fmt, io, path::PathBuf, time::Duration};

/// The result of the crate's fallible functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a test could not be set up, or waited in vain.
///
/// Its `Debug` is its message, because tests say `unwrap`.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The scripted model could not open its socket or its thread.
    #[error("the scripted model cannot listen on 127.0.0.1: {0}; is loopback available here?")]
    Listen(#[source] io::Error),

    /// What a test waited for did not happen in time.
    #[error("no {awaited} within {patience:?}; {seen}")]
    TimedOut {
        /// What was waited for.
        awaited: String,
        /// How long.
        patience: Duration,
        /// What the model has seen instead.
        seen: String,
    },

    /// The scripted model was dropped while something waited for it.
    #[error("the scripted model stopped while a test waited for {awaited}; keep it alive longer")]
    Stopped {
        /// What was waited for.
        awaited: String,
    },

    /// A file or directory of the temporary home could not be made or removed.
    #[error("cannot make or remove {path} of a temporary codex home: {source}", path = path.display())]
    Home {
        /// The file or directory.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },

    /// `CODEX_BIN` does not name a file.
    #[error(
        "CODEX_BIN names {path}, which is not a file; \
         set it to a codex executable, or unset it to use the one on PATH",
        path = path.display()
    )]
    NotAFile {
        /// The value of `CODEX_BIN`.
        path: PathBuf,
    },

    /// There is no codex executable to test against.
    #[error(
        "no codex executable: CODEX_BIN is not set and PATH has no `{name}`; \
         run `cargo xtask test`, or set CODEX_BIN"
    )]
    NoBinary {
        /// The file name that was looked for.
        name: String,
    },
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
