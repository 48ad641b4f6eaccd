//! Errors that occur while a test is set up or waits for an event.

use std::{fmt, io, path::PathBuf, time::Duration};

/// The result type of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error that occurs while a test is set up or waits for an event.
///
/// `Debug` prints the same message as `Display`, because tests usually call `unwrap`.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A scripted model or a fake app-server could not open its socket or start its thread.
    #[error("cannot listen on 127.0.0.1: {0}; is loopback available here?")]
    Listen(#[source] io::Error),

    /// An awaited event did not occur before the timeout expired.
    #[error("no {awaited} within {timeout:?}; {seen}")]
    TimedOut {
        /// The awaited event.
        awaited: String,
        /// The timeout.
        timeout: Duration,
        /// The events that occurred instead.
        seen: String,
    },

    /// The scripted model or fake app-server was dropped while a test waited for an event.
    #[error("the fake stopped while a test waited for {awaited}; keep it alive longer")]
    Stopped {
        /// The awaited event.
        awaited: String,
    },

    /// A recording cannot be read.
    #[error("cannot replay {path}: {reason}", path = path.display())]
    Recording {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },

    /// A client has sent something else than in the recording.
    #[error(
        "the client differs from the recording {path}:\n{list}",
        path = path.display(),
        list = listed(differences)
    )]
    Replay {
        /// The recording.
        path: PathBuf,
        /// One text for each message that differs: its line in the recording, its method, and a
        /// line for each member.
        differences: Vec<String>,
    },

    /// A file or directory of the temporary home could not be created or removed.
    #[error("cannot create or remove {path} of a temporary Codex home: {source}", path = path.display())]
    Home {
        /// The file or directory.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },

    /// `CODEX_BIN` does not name a file.
    #[error(
        "CODEX_BIN names {path}, which is not a file; \
         set it to a Codex executable, or unset it to use the one on PATH",
        path = path.display()
    )]
    NotAFile {
        /// The value of `CODEX_BIN`.
        path: PathBuf,
    },

    /// An example has not been built.
    #[error(
        "no program at {path}; build it with `cargo build --examples`, or run `cargo test` without \
         `--test`, which builds the examples",
        path = path.display()
    )]
    NoExample {
        /// The path of the program.
        path: PathBuf,
    },

    /// No Codex executable was found.
    #[error(
        "no Codex executable: CODEX_BIN is not set and PATH has no `{name}`; \
         run `cargo xtask test`, or set CODEX_BIN"
    )]
    NoBinary {
        /// The file name that `PATH` was searched for.
        name: String,
    },
}

/// Maximum number of messages in the text of an error.
const MAX_LISTED: usize = 20;

fn listed(differences: &[String]) -> String {
    let mut list = differences[..differences.len().min(MAX_LISTED)].join("\n");
    if let Some(more) = differences.len().checked_sub(MAX_LISTED + 1) {
        list.push_str(&format!("\nand {} more", more + 1));
    }
    list
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
