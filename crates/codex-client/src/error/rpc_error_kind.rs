//! Kinds of error responses, recognized by the codes and messages of the servers.

use std::fmt;

use codex_types::rpc::{JsonRpcError, error_code};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The kind of an error response.
///
/// The server uses few codes, so some kinds are recognized by their message. As text
/// and in serde, a kind is its name in camelCase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum RpcErrorKind {
    /// The server could not parse the request.
    Parse,
    /// The request is not valid in the current state, and no more specific kind applies.
    InvalidRequest,
    /// The server does not know the method: it speaks an older or newer version of the protocol.
    MethodNotFound,
    /// The server knows the method, but does not support it for this thread. Ephemeral threads have
    /// no history, and the turns of a thread cannot be read before its first one.
    Unsupported,
    /// The params do not match the method.
    InvalidParams,
    /// The server failed to process the request.
    Internal,
    /// Too many requests are in flight. The request was rejected before it was processed, so it can
    /// be sent again.
    Overloaded,
    /// The server reached its own retry limit.
    RetryLimit,
    /// The method, or a field of the params, requires the `experimentalApi` capability.
    ExperimentalRequired,
    /// The server's configuration cannot be read or is not valid.
    /// [`RpcError::config_location`](crate::RpcError::config_location) returns the position of the fault.
    InvalidConfig,
    /// The method requires a login.
    LoginRequired,
    /// The thread has no active turn to steer or interrupt.
    NoActiveTurn,
    /// The active turn is not the one that the request names.
    TurnMismatch,
    /// The active turn takes no further input, because it is a review or a compaction.
    TurnNotSteerable,
    /// The thread is not stored on disk yet: it cannot be resumed before its first turn.
    RolloutMissing,
    /// The thread is archived. [`thread_unarchive`](crate::Codex::thread_unarchive) restores it.
    ThreadArchived,
    /// The server is unloading the thread. The request can be sent again once the thread is closed.
    ThreadClosing,
    /// The thread is not loaded: either it has to be resumed first, or it does not exist.
    ThreadNotLoaded,
    /// Another process is writing to the thread.
    ActiveWriter,
    /// The command or process has exited, or was never started.
    NoActiveProcess,
    /// The input would join the active turn, which has a different output schema or none.
    OutputSchemaMismatch,
    /// Any other error.
    Other,
}

/// The name, such as `threadNotLoaded`.
impl fmt::Display for RpcErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

impl RpcErrorKind {
    /// Classifies the error response to a method.
    pub(crate) fn of(method: &str, error: &JsonRpcError) -> Self {
        let message = error.message.to_lowercase();
        match error.code {
            error_code::PARSE_ERROR => Self::Parse,
            error_code::METHOD_NOT_FOUND => {
                Self::from_message(&message).unwrap_or(Self::MethodNotFound)
            }
            error_code::INVALID_PARAMS => Self::InvalidParams,
            error_code::INTERNAL_ERROR => Self::from_message(&message).unwrap_or(Self::Internal),
            error_code::INVALID_REQUEST => {
                // The app-server reports an unknown method with this code and message.
                let unknown_method = format!("unknown variant `{}`", method.to_lowercase());
                if message.contains(&unknown_method) {
                    return Self::MethodNotFound;
                }
                Self::from_message(&message).unwrap_or(Self::InvalidRequest)
            }
            -32099..=-32000
                if message.contains("retry limit")
                    || message.contains("too many failed attempts") =>
            {
                Self::RetryLimit
            }
            error_code::OVERLOADED => Self::Overloaded,
            -32099..=-32000 if error.data.as_ref().is_some_and(mentions_overload) => {
                Self::Overloaded
            }
            _ => Self::Other,
        }
    }

    /// Recognizes a kind from the message, which must be in lower case.
    fn from_message(message: &str) -> Option<Self> {
        const PHRASES: &[(&str, RpcErrorKind)] = &[
            // A message about the configuration quotes it, so these come first.
            ("failed to load configuration", RpcErrorKind::InvalidConfig),
            ("failed to read configuration", RpcErrorKind::InvalidConfig),
            (
                "requires experimentalapi capability",
                RpcErrorKind::ExperimentalRequired,
            ),
            ("no active turn", RpcErrorKind::NoActiveTurn),
            ("expected active turn id", RpcErrorKind::TurnMismatch),
            ("cannot steer a ", RpcErrorKind::TurnNotSteerable),
            ("no rollout found", RpcErrorKind::RolloutMissing),
            ("is not materialized yet", RpcErrorKind::Unsupported),
            (" is archived", RpcErrorKind::ThreadArchived),
            ("is closing; retry", RpcErrorKind::ThreadClosing),
            ("thread not loaded", RpcErrorKind::ThreadNotLoaded),
            ("thread not found", RpcErrorKind::ThreadNotLoaded),
            ("active writer", RpcErrorKind::ActiveWriter),
            (
                "activeturnoutputschemamismatch",
                RpcErrorKind::OutputSchemaMismatch,
            ),
            (
                "active turn uses a different output schema",
                RpcErrorKind::OutputSchemaMismatch,
            ),
            ("authentication required", RpcErrorKind::LoginRequired),
            ("requires chatgpt auth", RpcErrorKind::LoginRequired),
            ("no active command/exec", RpcErrorKind::NoActiveProcess),
            ("no active process", RpcErrorKind::NoActiveProcess),
            ("is not supported yet", RpcErrorKind::Unsupported),
            ("is not implemented yet", RpcErrorKind::Unsupported),
            ("do not support", RpcErrorKind::Unsupported),
            ("does not support", RpcErrorKind::Unsupported),
        ];
        let mut phrases = PHRASES.iter();
        let found = phrases.find(|(phrase, _)| message.contains(phrase));
        found.map(|(_, kind)| *kind)
    }
}

/// Whether the details contain the string `server_overloaded`, at any depth.
fn mentions_overload(data: &Value) -> bool {
    match data {
        Value::String(text) => {
            text.eq_ignore_ascii_case("server_overloaded")
                || text.eq_ignore_ascii_case("serverOverloaded")
        }
        Value::Array(values) => values.iter().any(mentions_overload),
        Value::Object(members) => members.values().any(mentions_overload),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_responses_are_classified_by_code_and_message() {
        use RpcErrorKind::*;
        for (code, message, kind) in [
            (-32700, "", Parse),
            (-32600, "Not initialized", InvalidRequest),
            (-32601, "", MethodNotFound),
            (
                -32600,
                "Invalid request: unknown variant `turn/steer`, expected one of `a`",
                MethodNotFound,
            ),
            (
                -32600,
                "Invalid request: unknown variant `bogus`, expected one of `never`",
                InvalidRequest,
            ),
            (-32602, "", InvalidParams),
            (-32603, "No such file or directory (os error 2)", Internal),
            (-32001, "Server overloaded; retry later.", Overloaded),
            (-32001, "retry limit reached", RetryLimit),
            (
                -32600,
                "process/kill requires experimentalApi capability",
                ExperimentalRequired,
            ),
            (-32600, "no active turn to steer", NoActiveTurn),
            (
                -32600,
                "expected active turn id `a` but found `b`",
                TurnMismatch,
            ),
            (-32600, "no rollout found for thread id x", RolloutMissing),
            (-32600, "thread not loaded: x", ThreadNotLoaded),
            (
                -32603,
                "thread x already has an active writer",
                ActiveWriter,
            ),
            (
                -32603,
                "failed to submit turn input: ActiveTurnOutputSchemaMismatch",
                OutputSchemaMismatch,
            ),
            (
                -32600,
                "active turn uses a different output schema",
                OutputSchemaMismatch,
            ),
            (
                -32600,
                "failed to load configuration: Model provider `no active turn` not found",
                InvalidConfig,
            ),
            (
                -32603,
                "failed to read configuration layers: /c/config.toml:16:9: extra `=`",
                InvalidConfig,
            ),
            (
                -32600,
                "session x is archived. Run `codex unarchive x` to unarchive it first.",
                ThreadArchived,
            ),
            (
                -32600,
                "thread x is closing; retry thread/resume after the thread is closed",
                ThreadClosing,
            ),
            (
                -32600,
                "no archived rollout found for thread id x",
                InvalidRequest,
            ),
            (
                -32600,
                "thread x is not materialized yet; thread/turns/list is unavailable before first \
                 user message",
                Unsupported,
            ),
            (-32601, "list_turns is not supported yet", Unsupported),
            (
                -32601,
                "thread/prediction/request is not implemented yet",
                Unsupported,
            ),
            (
                -32600,
                "ephemeral threads do not support thread/turns/list",
                Unsupported,
            ),
            (
                -32600,
                "ephemeral thread does not support goals: x",
                Unsupported,
            ),
            (-32600, "cannot steer a review turn", TurnNotSteerable),
            (
                -32600,
                "codex account authentication required to read rate limits",
                LoginRequired,
            ),
            (-32600, "app/read requires ChatGPT auth", LoginRequired),
            (
                -32600,
                "no active command/exec for process id \"p\"",
                NoActiveProcess,
            ),
            (
                -32600,
                "no active process for process handle \"p\"",
                NoActiveProcess,
            ),
            (-32000, "client says no", Other),
        ] {
            let error = JsonRpcError::new(code, message);
            assert_eq!(RpcErrorKind::of("turn/steer", &error), kind, "{message}");
        }
        let data = serde_json::json!({"errorInfo": {"x": "server_overloaded"}});
        let error = JsonRpcError::new(-32050, "busy").data(data);
        assert_eq!(RpcErrorKind::of("x", &error), Overloaded);
    }
}
