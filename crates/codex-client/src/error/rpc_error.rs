//! Error responses from the server, classified.

use codex_types::rpc::{JsonRpcError, error_code};
use semver::Version;
use serde_json::Value;

use crate::version::{self, UPDATE};

/// An error response from the server.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("the server rejected `{method}`: {} (code {code}){}", self.short_message(), self.advice())]
#[non_exhaustive]
pub struct RpcError {
    /// The method of the request.
    pub method: &'static str,
    /// The kind of the error.
    pub kind: RpcErrorKind,
    /// The JSON-RPC error code.
    pub code: i64,
    /// The message from the server.
    pub message: String,
    /// The details, if the server sent any.
    pub data: Option<Value>,
    /// The version of the server. `None` if the server did not report it.
    pub server_version: Option<Version>,
    /// The first release with the method, if the server is older than that.
    pub required_version: Option<Version>,
}

/// The kind of an error response.
///
/// The server uses few codes, so some kinds are recognized by their message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RpcErrorKind {
    /// The server could not parse the request.
    Parse,
    /// The request is not valid in the current state, and no more specific kind applies.
    InvalidRequest,
    /// The server does not know the method: it speaks an older or newer version of the protocol.
    MethodNotFound,
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
    /// The thread has no active turn to steer or interrupt.
    NoActiveTurn,
    /// The active turn is not the one that the request names.
    TurnMismatch,
    /// The thread is not stored on disk yet: it cannot be resumed before its first turn.
    RolloutMissing,
    /// The thread is not loaded: either it has to be resumed first, or it does not exist.
    ThreadNotLoaded,
    /// Another process is writing to the thread.
    ActiveWriter,
    /// The input would join the active turn, which has a different output schema or none.
    OutputSchemaMismatch,
    /// Any other error.
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
            server_version: None,
            required_version: None,
        }
    }

    /// Adds the version of the server.
    pub(crate) fn on_server(mut self, server_version: Option<&Version>) -> Self {
        self.server_version = server_version.cloned();
        if self.kind == RpcErrorKind::MethodNotFound {
            self.required_version =
                server_version.and_then(|it| version::required(self.method, it));
        }
        self
    }

    /// Returns the message without the list of all methods that the server knows.
    fn short_message(&self) -> &str {
        let end = match self.kind {
            RpcErrorKind::MethodNotFound => self.message.find(", expected one of"),
            _ => None,
        };
        &self.message[..end.unwrap_or(self.message.len())]
    }

    /// Returns the end of the message, which says what a method needs.
    fn advice(&self) -> String {
        let Some(server) = &self.server_version else {
            return String::new();
        };
        match &self.required_version {
            Some(required) => format!(
                "; `{}` needs codex {required} or newer, and the server is codex {server}: update \
                 it with `{UPDATE}`",
                self.method
            ),
            None if self.kind == RpcErrorKind::MethodNotFound => {
                format!("; the server is codex {server}")
            }
            None => String::new(),
        }
    }
}

impl RpcErrorKind {
    fn of(method: &str, error: &JsonRpcError) -> Self {
        let message = error.message.to_lowercase();
        match error.code {
            error_code::PARSE_ERROR => Self::Parse,
            error_code::METHOD_NOT_FOUND => Self::MethodNotFound,
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
        const PHRASES: [(&str, RpcErrorKind); 8] = [
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
    fn a_method_that_an_older_server_lacks_is_an_error_with_both_versions() {
        let unknown = "Invalid request: unknown variant `thread/start`, expected one of `a`, `b`";
        let error = JsonRpcError::new(-32600, unknown);
        let error = RpcError::new("thread/start", error).on_server(Some(&Version::new(0, 44, 0)));
        assert_eq!(error.required_version, Some(Version::new(0, 133, 0)));
        assert_eq!(
            error.to_string(),
            "the server rejected `thread/start`: Invalid request: unknown variant `thread/start` \
             (code -32600); `thread/start` needs codex 0.133.0 or newer, and the server is codex \
             0.44.0: update it with `npm install -g @openai/codex@latest`"
        );
        let unknown = JsonRpcError::new(-32601, "unknown method");
        let error = RpcError::new("thread/start", unknown).on_server(Some(&Version::new(9, 0, 0)));
        assert_eq!(error.required_version, None);
        assert!(
            error.to_string().ends_with("; the server is codex 9.0.0"),
            "{error}"
        );
        let invalid = JsonRpcError::new(-32600, "no active turn");
        let error = RpcError::new("turn/steer", invalid).on_server(Some(&Version::new(0, 44, 0)));
        assert_eq!(error.required_version, None);
        assert!(error.to_string().ends_with("(code -32600)"), "{error}");
    }

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
