//! The error type, with one variant for each way in which a caller may react.

pub(crate) mod codex_not_found;
#[cfg(feature = "websocket")]
pub(crate) mod connect_failed;
pub(crate) mod connection_closed;
pub(crate) mod decode_error;
pub(crate) mod handshake_timeout;
pub(crate) mod output_mismatch;
pub(crate) mod rpc_error;
pub(crate) mod rpc_error_kind;
mod serialized;
pub(crate) mod stderr_excerpt;
pub(crate) mod turn_detached;
pub(crate) mod turn_failure;
pub(crate) mod turn_timeout;

use std::{fmt, io, path::PathBuf, str::FromStr, sync::Arc, time::Duration};

use codex_types::redact;
use serde::{
    Deserialize,
    de::{IntoDeserializer, value},
};

use crate::{
    error::{
        codex_not_found::CodexNotFound,
        connection_closed::{CloseReason, ConnectionClosed},
        decode_error::DecodeError,
        handshake_timeout::HandshakeTimeout,
        output_mismatch::OutputMismatch,
        rpc_error::RpcError,
        rpc_error_kind::RpcErrorKind,
        turn_detached::TurnDetached,
        turn_timeout::TurnTimeout,
    },
    turn_result::TurnResult,
    version::VersionMismatch,
};

/// A `Result` whose error is an [`Error`] by default.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The error type of this crate.
///
/// `{}` and `{:?}` print the same message, because `main` prints a returned error with `{:?}`, and
/// the contents of an error may include everything that a turn did. `{:#?}` prints the contents.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No `codex` program was found, or the configured one cannot be run.
    #[error(transparent)]
    CodexNotFound(Arc<CodexNotFound>),
    /// The `codex` program could not be started.
    #[error("could not start {}: {source}", program.display())]
    Launch {
        /// The path of the program.
        program: PathBuf,
        /// The error of the operating system.
        source: Arc<io::Error>,
    },
    /// The server could not be joined: it cannot be reached, does not accept the bearer token, or is no
    /// app-server. Returned only by the methods of the feature `websocket`.
    #[cfg(feature = "websocket")]
    #[error(transparent)]
    Connect(Box<connect_failed::ConnectFailed>),
    /// The connection has ended, and with it all of its requests and turns. If the client is
    /// [supervised](crate::supervisor), it may continue:
    /// [`reconnecting`](ConnectionClosed::reconnecting) is true then.
    #[error(transparent)]
    Closed(Arc<ConnectionClosed>),
    /// The server responded to a request with an error.
    #[error(transparent)]
    Rpc(Box<RpcError>),
    /// A message from the server does not match the protocol.
    #[error(transparent)]
    Decode(Arc<DecodeError>),
    /// The server did not respond before the timeout. If the request was sent, the server may still
    /// process it; a late response is ignored.
    #[error(
        "`{method}` timed out after {} s{}",
        after.as_secs_f32(),
        if *sent { "" } else { "; it was not sent, because the server does not read its input or \
                               too many requests are in flight" }
    )]
    Timeout {
        /// The method of the request.
        method: &'static str,
        /// The timeout.
        after: Duration,
        /// Whether any part of the request was written. If false, the request will never be sent,
        /// and it is safe to repeat.
        sent: bool,
    },
    /// The server did not respond to the handshake before the timeout. Contains what it sent
    /// instead.
    #[error(transparent)]
    HandshakeTimeout(Box<HandshakeTimeout>),
    /// The version of the server differs from the one that this crate is made for. Returned or
    /// reported only if a [`VersionPolicy`](crate::version::VersionPolicy) asks for it.
    #[error(transparent)]
    VersionMismatch(Box<VersionMismatch>),
    /// The turn failed. Contains the result up to the failure. A turn for which the server waits
    /// until a usage limit is reset, which may take days, is interrupted and has failed.
    #[error("the turn failed: {}", redact::without_tokens(.0.failure_message()))]
    TurnFailed(Box<TurnResult>),
    /// This client receives no more events for the turn: the server closed the turn's thread, this
    /// client unsubscribed from that thread, or the server moved on without reporting the end of
    /// the turn. The connection stays open.
    #[error(transparent)]
    TurnDetached(Box<TurnDetached>),
    /// The final response of the turn does not match the requested type. Contains the response as
    /// text.
    #[error(transparent)]
    OutputMismatch(Box<OutputMismatch>),
    /// The turn exceeded its timeout or its idle timeout and was interrupted. Contains the result
    /// so far.
    #[error(transparent)]
    TurnTimeout(Box<TurnTimeout>),
    /// The future that was passed to [`until`](crate::builder::RunBuilder::until) was ready before
    /// the turn had started. If the server has received the request, the turn is interrupted as soon
    /// as it starts.
    #[error("the turn was stopped before it had started")]
    Stopped,
    /// The reader of a stream was too slow, and its oldest unread notifications were dropped. The
    /// stream continues with the notification after them.
    #[error("{skipped} notifications were dropped because the reader was too slow")]
    Lagged {
        /// The number of dropped notifications.
        skipped: u64,
    },
    /// The blocking API was used inside an async runtime, where it would block other tasks. Nothing
    /// was sent. Use [`Codex`](crate::Codex) there, or call the blocking API from a thread of your
    /// own.
    #[error(
        "the blocking API cannot be used inside an async runtime: use `codex_client::Codex` \
         there, or call the blocking API from a plain thread"
    )]
    InsideRuntime,
    /// The async API was used outside of a Tokio runtime, or in one without the timers or the I/O
    /// that it needs. Nothing was started or sent.
    #[error("{0}")]
    UnsuitableRuntime(&'static str),
    /// The thread that runs the blocking API could not be started.
    #[error("could not start the thread of the blocking API: {0}")]
    Worker(Arc<io::Error>),
    /// A request from the server is no longer open: it already has a response, the server withdrew
    /// it, or the connection has ended.
    #[error("`{method}` is no longer open: it already has a response or was withdrawn")]
    Resolved {
        /// The method of the request.
        method: &'static str,
    },
    /// A handler of server requests failed, panicked or timed out, and the request was declined.
    /// Reported by [`Codex::notifications`](crate::Codex::notifications).
    #[error("the handler of `{method}` {reason}; the request was declined")]
    Handler {
        /// The method of the request.
        method: &'static str,
        /// The reason for the failure.
        reason: Box<str>,
    },
    /// The [recording](crate::builder::CodexBuilder::record) of the connection cannot be written. The
    /// connection continues without it. Reported by
    /// [`Codex::notifications`](crate::Codex::notifications).
    #[error("cannot write the recording {}: {source}", path.display())]
    Recording {
        /// The path of the recording.
        path: PathBuf,
        /// The cause.
        source: Arc<io::Error>,
    },
    /// A request or a response is invalid and was not sent.
    #[error("{0}")]
    InvalidInput(Box<str>),
}

impl Error {
    /// Whether the same request can be sent again and may then succeed.
    ///
    /// True if the server rejected the request before processing it and may accept it later, if the
    /// request timed out before any part of it was sent, or if the session of a
    /// [supervised](crate::supervisor) client ended before that. False after any other timeout or end:
    /// the server may have processed the request.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Timeout { sent: false, .. })
            || matches!(self, Self::Closed(closed) if closed.reconnecting && closed.unsent)
            || matches!(
                self.rpc_kind(),
                Some(RpcErrorKind::Overloaded | RpcErrorKind::ThreadClosing)
            )
    }

    /// Whether the same operation may succeed later, without any change.
    ///
    /// True if [`is_retryable`](Self::is_retryable) is true, and for a [failed
    /// turn](Self::TurnFailed) if the model provider was overloaded, limited the rate of requests,
    /// failed internally (429, 5xx), could not be reached, or ended its stream early. True if a server
    /// to join could not be reached. False if the
    /// usage limit of the account or the context window is exhausted, and if the input, the
    /// credentials, the sandbox or a policy is the reason.
    ///
    /// A failed turn may have run commands and changed files, and it stays in the history of its
    /// thread. [`RetryPolicy::retry_if`](crate::RetryPolicy::retry_if) starts another one.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::TurnFailed(result) => result
                .error
                .as_ref()
                .is_some_and(turn_failure::is_transient),
            #[cfg(feature = "websocket")]
            Self::Connect(failed) => failed.is_transient,
            other => other.is_retryable(),
        }
    }

    /// Returns the time to wait before another attempt, if the model provider mentions one in the
    /// error of a [failed turn](Self::TurnFailed), as in `Please try again in 3.2s`.
    ///
    /// The time at which a usage limit is reset is not in the error: it is in the
    /// [rate limits](codex_types::GetAccountRateLimitsParams) of the account.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TurnFailed(result) => turn_failure::retry_after(result.failure_message()),
            _ => None,
        }
    }

    /// Returns the kind of an [error response](Self::Rpc); `None` for other errors.
    ///
    /// ```no_run
    /// use codex_client::{Result, RpcErrorKind, TurnHandle};
    ///
    /// async fn example(turn: &TurnHandle) -> Result<()> {
    ///     match turn.steer("Only the lexer.").await {
    ///         Err(error) if error.rpc_kind() == Some(RpcErrorKind::NoActiveTurn) => {
    ///             println!("too late: the turn has ended");
    ///             Ok(())
    ///         }
    ///         result => result,
    ///     }
    /// }
    /// ```
    pub fn rpc_kind(&self) -> Option<RpcErrorKind> {
        match self {
            Self::Rpc(error) => Some(error.kind),
            _ => None,
        }
    }

    /// Whether the server refused a request because the turn that it names is not running.
    pub(crate) fn is_not_running(&self) -> bool {
        matches!(
            self.rpc_kind(),
            Some(RpcErrorKind::NoActiveTurn | RpcErrorKind::TurnMismatch)
        )
    }

    /// Returns the last item of a stream that ends with its connection; `None` if this client
    /// closed the connection.
    pub(crate) fn at_end(closed: Arc<ConnectionClosed>) -> Option<Self> {
        let is_own = matches!(closed.reason, CloseReason::Requested | CloseReason::Dropped);
        (!is_own).then_some(Self::Closed(closed))
    }

    /// Returns the name of the kind of the error, and of the reason if the connection has ended.
    /// It contains nothing that the server has written.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Closed(closed) => closed.reason.name(),
            other => serialized::kind(other),
        }
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
            #[cfg(feature = "websocket")]
            Self::Connect(inner) => f.debug_tuple("Connect").field(inner).finish(),
            Self::Closed(inner) => f.debug_tuple("Closed").field(inner).finish(),
            Self::Rpc(inner) => f.debug_tuple("Rpc").field(inner).finish(),
            Self::Decode(inner) => f.debug_tuple("Decode").field(inner).finish(),
            Self::HandshakeTimeout(inner) => {
                f.debug_tuple("HandshakeTimeout").field(inner).finish()
            }
            Self::VersionMismatch(inner) => f.debug_tuple("VersionMismatch").field(inner).finish(),
            Self::TurnFailed(inner) => f.debug_tuple("TurnFailed").field(inner).finish(),
            Self::TurnDetached(inner) => f.debug_tuple("TurnDetached").field(inner).finish(),
            Self::OutputMismatch(inner) => f.debug_tuple("OutputMismatch").field(inner).finish(),
            Self::TurnTimeout(inner) => f.debug_tuple("TurnTimeout").field(inner).finish(),
            // The messages of the other variants include all of their contents.
            other => fmt::Display::fmt(other, f),
        }
    }
}

/// Parses a name, such as `threadNotLoaded`.
impl FromStr for RpcErrorKind {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::deserialize(name.into_deserializer()).map_err(|_: value::Error| {
            let message = format!("`{name}` is not the name of an `RpcErrorKind`");
            Error::InvalidInput(message.into())
        })
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
    use codex_types::{ErrorNotification, Turn, TurnError, TurnStatus};

    use super::*;
    use crate::error::turn_detached::DetachReason;

    #[test]
    fn a_kind_is_read_from_its_displayed_and_its_serialized_name() {
        let kinds = [RpcErrorKind::Parse, RpcErrorKind::ThreadNotLoaded];
        for (kind, name) in kinds.into_iter().zip(["parse", "threadNotLoaded"]) {
            assert_eq!(kind.to_string(), name);
            assert_eq!(name.parse::<RpcErrorKind>().unwrap(), kind);
            assert_eq!(serde_json::to_value(kind).unwrap(), name);
        }
        let error = "full".parse::<RpcErrorKind>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "`full` is not the name of an `RpcErrorKind`"
        );
    }

    #[test]
    fn the_debug_form_is_the_message_and_the_alternate_form_has_the_contents() {
        let mut turn = Turn::new("u", Vec::new(), TurnStatus::Failed);
        turn.error = Some(TurnError::new("the model is gone"));
        let result = TurnResult::new(turn, Vec::new(), None);
        let error = Error::TurnFailed(Box::new(result));
        assert_eq!(format!("{error:?}"), "the turn failed: the model is gone");
        let contents = format!("{error:#?}");
        assert!(contents.contains("TurnFailed("), "{contents}");
        assert!(contents.contains("status: Failed"), "{contents}");
    }

    #[test]
    fn no_form_of_the_error_of_a_turn_shows_a_key_in_a_message_of_the_server() {
        const KEY: &str = "sk-1234567890";
        let mut failure = TurnError::new(format!("the key {KEY} is wrong"));
        failure.additional_details = Some(format!("OPENAI_API_KEY={KEY} was refused"));
        let mut turn = Turn::new("u", Vec::new(), TurnStatus::Failed);
        turn.error = Some(failure.clone());
        let mut result = TurnResult::new(turn, Vec::new(), None);
        result.last_error = Some(ErrorNotification::new("t", "u", failure, false));
        let detached = TurnDetached {
            thread_id: "t".to_owned(),
            turn_id: Some("u".to_owned()),
            reason: DetachReason::ThreadInactive,
            partial: Some(result.clone()),
        };
        for error in [
            Error::TurnFailed(Box::new(result)),
            Error::TurnDetached(Box::new(detached)),
        ] {
            let forms = [
                format!("{error}"),
                format!("{error:?}"),
                format!("{error:#?}"),
            ];
            for form in &forms {
                assert!(!form.contains(KEY), "{form}");
                assert!(form.contains("the key … is wrong"), "{form}");
            }
            assert!(
                forms[2].contains("OPENAI_API_KEY=… was refused"),
                "{error:#?}"
            );
        }
    }

    #[test]
    fn the_error_is_small_and_can_be_sent_to_other_threads() {
        fn assert_send_and_sync<T: Send + Sync + 'static>() {}
        assert_send_and_sync::<Error>();
        // The path of `Launch` is the largest field, and is larger on Windows.
        let most = size_of::<PathBuf>() + 2 * size_of::<usize>();
        assert!(size_of::<Error>() <= most, "{}", size_of::<Error>());
    }
}
