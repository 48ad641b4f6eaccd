//! Refusals of the server, told apart.

use codex_types::rpc::{JsonRpcError, error_code};
use serde_json::Value;

/// The server refused a request.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("`{method}` was refused: {message} (code {code})")]
#[non_exhaustive]
pub struct RpcError {
    /// The method that was called.
    pub method: &'static str,
    /// What kind of refusal.
    pub kind: RpcErrorKind,
    /// The code as it came.
    pub code: i64,
    /// The server's prose.
    pub message: String,
    /// Details, if the server gave any.
    pub data: Option<Value>,
}

/// What kind of refusal.
///
/// The server answers most of them with one code and different prose, so some kinds are recognised
/// by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RpcErrorKind {
    /// The message was no valid JSON.
    Parse,
    /// Not valid in this state, for a reason that has no kind of its own here.
    InvalidRequest,
    /// This server does not know the method: it is older, or newer, than this crate's protocol.
    MethodNotFound,
    /// The params do not fit the method.
    InvalidParams,
    /// The server failed.
    Internal,
    /// Too many requests in flight; refused before anything was done, so it may be sent again.
    Overloaded,
    /// The server itself has tried often enough.
    RetryLimit,
    /// The method or one of the fields needs the `experimentalApi` capability.
    ExperimentalRequired,
    /// The thread has no running turn to steer or interrupt.
    NoActiveTurn,
    /// Another turn is running than the one that was named.
    TurnMismatch,
    /// The thread has not been saved: it cannot be resumed before its first turn.
    RolloutMissing,
    /// The server has no such thread loaded: it is to be resumed first, or does not exist.
    ThreadNotLoaded,
    /// Another process is writing to the thread.
    ActiveWriter,
    /// The running turn, which the new one would have joined, has another output schema, or none.
    OutputSchemaMismatch,
    /// Anything else.
    Other,
}

impl RpcError {
    pub(crate) fn new(method: &'static str, error: JsonRpcError) -> Self {
        Self {
            method,
            kind: RpcErrorKind::of(method, &error),
            code: error.code,
            message: error.message,
            data: error.data,
        }
    }
}

impl RpcErrorKind {
    fn of(method: &str, error: &JsonRpcError) -> Self {
        let prose = error.message.to_lowercase();
        match error.code {
            error_code::PARSE_ERROR => Self::Parse,
            error_code::METHOD_NOT_FOUND => Self::MethodNotFound,
            error_code::INVALID_PARAMS => Self::InvalidParams,
            error_code::INTERNAL_ERROR => Self::of_prose(&prose).unwrap_or(Self::Internal),
            error_code::INVALID_REQUEST => {
                // How the real server says that it does not know a method.
                let unknown = format!("unknown variant `{}`", method.to_lowercase());
                if prose.contains(&unknown) {
                    return Self::MethodNotFound;
                }
                Self::of_prose(&prose).unwrap_or(Self::InvalidRequest)
            }
            -32099..=-32000
                if prose.contains("retry limit") || prose.contains("too many failed attempts") =>
            {
                Self::RetryLimit
            }
            error_code::OVERLOADED => Self::Overloaded,
            -32099..=-32000 if error.data.as_ref().is_some_and(says_overloaded) => Self::Overloaded,
            _ => Self::Other,
        }
    }

    fn of_prose(prose: &str) -> Option<Self> {
        const PROSE: [(&str, RpcErrorKind); 8] = [
            (
                "requires experimentalapi capability",
                RpcErrorKind::ExperimentalRequired,
            ),
            ("no active turn", RpcErrorKind::NoActiveTurn),
            ("expected active turn id", RpcErrorKind::TurnMismatch),
            ("no rollout found", RpcErrorKind::RolloutMissing),
            ("thread not loaded", RpcErrorKind::ThreadNotLoaded),
            ("thread not found", RpcErrorKind::ThreadNotLoaded),
            ("active writer", RpcErrorKind::ActiveWriter),
            (
                "activeturnoutputschemamismatch",
                RpcErrorKind::OutputSchemaMismatch,
            ),
        ];
        let found = PROSE.iter().find(|(words, _)| prose.contains(words));
        found.map(|(_, kind)| *kind)
    }
}

/// Whether the details say `server_overloaded` anywhere.
fn says_overloaded(data: &Value) -> bool {
    match data {
        Value::String(text) => {
            text.eq_ignore_ascii_case("server_overloaded")
                || text.eq_ignore_ascii_case("serverOverloaded")
        }
        Value::Array(values) => values.iter().any(says_overloaded),
        Value::Object(members) => members.values().any(says_overloaded),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_apart_by_code_and_prose() {
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
