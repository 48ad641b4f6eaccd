//! What can go wrong, in terms of what the caller can do about it.

pub(crate) mod codex_not_found;
pub(crate) mod connection_closed;
pub(crate) mod decode_error;
pub(crate) mod output_mismatch;
pub(crate) mod rpc_error;
pub(crate) mod turn_detached;
pub(crate) mod turn_timeout;

use std::{fmt, io, path::PathBuf, sync::Arc, time::Duration};

use crate::{
    error::{
        codex_not_found::CodexNotFound,
        connection_closed::{CloseReason, ConnectionClosed},
        decode_error::DecodeError,
        output_mismatch::OutputMismatch,
        rpc_error::{RpcError, RpcErrorKind},
        turn_detached::TurnDetached,
        turn_timeout::TurnTimeout,
    },
    turn_result::TurnResult,
};

/// The result of nearly everything in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something did not work.
///
/// `{}` and `{:?}` both say it for people: what `main` prints of an error is its `Debug`, and one that
/// has the result of a turn in it would fill the screen, or a log, with all that the turn did. `{:#?}`
/// shows what is inside.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no `codex` on this machine, as far as could be seen.
    #[error(transparent)]
    CodexNotFound(Arc<CodexNotFound>),
    /// The `codex` that was found could not be started.
    #[error("could not start {}: {source}", program.display())]
    Launch {
        /// What was to be run.
        program: PathBuf,
        /// What the operating system says.
        source: Arc<io::Error>,
    },
    /// The connection has ended, and with it every call and every turn on it.
    #[error(transparent)]
    Closed(Arc<ConnectionClosed>),
    /// The server refused a request.
    #[error(transparent)]
    Rpc(Box<RpcError>),
    /// A message of the server is not what the protocol says.
    #[error(transparent)]
    Decode(Arc<DecodeError>),
    /// The server did not answer in time. Whether it did what was asked is not known; an answer that
    /// comes later is ignored.
    #[error("`{method}` was not answered within {} s", after.as_secs_f32())]
    Timeout {
        /// The method that was called.
        method: &'static str,
        /// How long the answer was waited for.
        after: Duration,
    },
    /// The turn ended as failed. What it had done until then is in the result.
    #[error("the turn failed: {}", .0.failure())]
    TurnFailed(Box<TurnResult>),
    /// The end of the turn will not be told to this client, which goes on working: the server has closed
    /// its thread, or this client has unsubscribed from it.
    #[error(transparent)]
    TurnDetached(Box<TurnDetached>),
    /// The turn ended without an answer of the type that was asked for. The answer as text is in it.
    #[error(transparent)]
    OutputMismatch(Box<OutputMismatch>),
    /// The turn took longer than it was given, and was told to stop. It holds a handle of the turn.
    #[error(transparent)]
    TurnTimeout(Box<TurnTimeout>),
    /// This reader of notifications was too slow: so many were dropped, the oldest first. Reading
    /// goes on with the next one.
    #[error("{skipped} notifications were dropped because they were not read in time")]
    Lagged {
        /// How many.
        skipped: u64,
    },
    /// The blocking API was used inside an async runtime, whose thread it would keep from everything
    /// else. Nothing was sent. There, use [`Codex`](crate::Codex), or a thread of your own.
    #[error(
        "the blocking API was used inside an async runtime: use `codex_client::Codex` there, or a \
         plain thread"
    )]
    InsideRuntime,
    /// The thread that the blocking API works on could not be started.
    #[error("could not start the thread of the blocking API: {0}")]
    Worker(Arc<io::Error>),
    /// A request of the server waits for no answer any more: it was answered, the server has withdrawn
    /// it, or the connection has ended.
    #[error("`{method}` is resolved already: it was answered or withdrawn")]
    Resolved {
        /// The method that the server had called.
        method: &'static str,
    },
    /// A handler of requests of the server failed, panicked or took too long; the request was
    /// declined. From [`Codex::notifications`](crate::Codex::notifications).
    #[error("the handler of `{method}` {reason}; the request was declined")]
    Handler {
        /// The method that the server had called.
        method: &'static str,
        /// What was wrong with the handler.
        reason: Box<str>,
    },
    /// Something was asked that cannot be sent.
    #[error("{0}")]
    InvalidInput(Box<str>),
}

impl Error {
    /// Whether the same call may be sent again and is likely to succeed later.
    ///
    /// True only where the server refused the call before it did anything. After a timeout it is
    /// false: the server may have done what was asked.
    pub fn is_retryable(&self) -> bool {
        self.rpc_kind() == Some(RpcErrorKind::Overloaded)
    }

    /// What kind of refusal it is, if the server [refused](Self::Rpc) a request.
    ///
    /// ```no_run
    /// use codex_client::RpcErrorKind;
    ///
    /// # async fn example(turn: codex_client::TurnHandle) -> codex_client::Result<()> {
    /// match turn.steer("Only the lexer.").await {
    ///     Err(error) if error.rpc_kind() == Some(RpcErrorKind::NoActiveTurn) => {
    ///         println!("too late: the turn has ended");
    ///     }
    ///     steered => steered?,
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn rpc_kind(&self) -> Option<RpcErrorKind> {
        match self {
            Self::Rpc(error) => Some(error.kind),
            _ => None,
        }
    }

    /// Returns the last item of a stream that ends with its connection; `None` if this client closed
    /// the connection.
    pub(crate) fn at_end(closed: Arc<ConnectionClosed>) -> Option<Self> {
        let is_own = matches!(closed.reason, CloseReason::Requested | CloseReason::Dropped);
        (!is_own).then_some(Self::Closed(closed))
    }

    pub(crate) fn closed(closed: &Arc<ConnectionClosed>) -> Self {
        Self::Closed(Arc::clone(closed))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            return fmt::Display::fmt(self, f);
        }
        match self {
            Self::CodexNotFound(inner) => f.debug_tuple("CodexNotFound").field(inner).finish(),
            Self::Launch { program, source } => f
                .debug_struct("Launch")
                .field("program", program)
                .field("source", source)
                .finish(),
            Self::Closed(inner) => f.debug_tuple("Closed").field(inner).finish(),
            Self::Rpc(inner) => f.debug_tuple("Rpc").field(inner).finish(),
            Self::Decode(inner) => f.debug_tuple("Decode").field(inner).finish(),
            Self::TurnFailed(inner) => f.debug_tuple("TurnFailed").field(inner).finish(),
            Self::TurnDetached(inner) => f.debug_tuple("TurnDetached").field(inner).finish(),
            Self::OutputMismatch(inner) => f.debug_tuple("OutputMismatch").field(inner).finish(),
            Self::TurnTimeout(inner) => f.debug_tuple("TurnTimeout").field(inner).finish(),
            // All that is in the others is in their message.
            other => fmt::Display::fmt(other, f),
        }
    }
}

impl From<CodexNotFound> for Error {
    fn from(error: CodexNotFound) -> Self {
        Self::CodexNotFound(Arc::new(error))
    }
}

impl From<RpcError> for Error {
    fn from(error: RpcError) -> Self {
        Self::Rpc(Box::new(error))
    }
}

impl From<DecodeError> for Error {
    fn from(error: DecodeError) -> Self {
        Self::Decode(Arc::new(error))
    }
}

#[cfg(test)]
mod tests {
    use codex_types::{Turn, TurnError, TurnStatus};

    use super::*;

    #[test]
    fn an_error_of_main_reads_as_a_sentence_and_shows_its_contents_when_asked() {
        let mut turn = Turn::new("u", Vec::new(), TurnStatus::Failed);
        turn.error = Some(TurnError::new("the model is gone"));
        let result = TurnResult::new(turn, Vec::new(), None);
        let error = Error::TurnFailed(Box::new(result));
        assert_eq!(format!("{error:?}"), "the turn failed: the model is gone");
        let inside = format!("{error:#?}");
        assert!(inside.contains("TurnFailed("), "{inside}");
        assert!(inside.contains("status: Failed"), "{inside}");
    }

    #[test]
    fn the_error_is_small_and_crosses_threads() {
        fn crosses_threads<T: Send + Sync + 'static>() {}
        crosses_threads::<Error>();
        assert!(size_of::<Error>() <= 40, "{}", size_of::<Error>());
    }
}
