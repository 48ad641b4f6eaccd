//! Error responses from the server, classified.

use std::fmt;

use codex_types::{
    redact,
    rpc::{JsonRpcError, error_code},
};
use semver::Version;
use serde::{Deserialize, Serialize, Serializer, ser::SerializeStruct};
use serde_json::Value;

use crate::version::{self, UPDATE};

/// An error response from the server.
///
/// `Display` and `Debug` mask keys and tokens in the message, and `Debug` shows only the size of the
/// details. In serde, the fields have their names in camelCase; the message is masked, and the
/// details are left out.
#[derive(Clone, PartialEq)]
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
/// The server uses few codes, so some kinds are recognized by their message. In serde, a kind is its
/// name in camelCase.
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
    /// [`RpcError::config_location`] returns the position of the fault.
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

/// The position of a fault in a configuration file, from [`RpcError::config_location`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigLocation<'a> {
    /// The path of the file on the machine of the server.
    pub file: &'a str,
    /// The line, starting at 1.
    pub line: u32,
    /// The column, starting at 1.
    pub column: u32,
}

impl Serialize for RpcError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let version = |version: &Option<Version>| version.as_ref().map(Version::to_string);
        let mut fields = serializer.serialize_struct("RpcError", 6)?;
        fields.serialize_field("method", self.method)?;
        fields.serialize_field("kind", &self.kind)?;
        fields.serialize_field("code", &self.code)?;
        fields.serialize_field("message", &redact::without_tokens(&self.message))?;
        fields.serialize_field("serverVersion", &version(&self.server_version))?;
        fields.serialize_field("requiredVersion", &version(&self.required_version))?;
        fields.end()
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for RpcError {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RpcError".into()
    }

    fn schema_id() -> std::borrow::Cow<'static, str> {
        concat!(module_path!(), "::RpcError").into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "object",
            "properties": {
                "method": { "type": "string" },
                "kind": generator.subschema_for::<RpcErrorKind>(),
                "code": { "type": "integer", "format": "int64" },
                "message": { "type": "string" },
                "serverVersion": { "type": ["string", "null"] },
                "requiredVersion": { "type": ["string", "null"] },
            },
            "required": ["method", "kind", "code", "message", "serverVersion", "requiredVersion"],
        })
    }
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

    /// Returns the position of the fault in the server's configuration, if the kind is
    /// [`InvalidConfig`](RpcErrorKind::InvalidConfig) and the message names one. For example, it
    /// names none if a value is unknown, such as the name of a model provider.
    pub fn config_location(&self) -> Option<ConfigLocation<'_>> {
        if self.kind != RpcErrorKind::InvalidConfig {
            return None;
        }
        // The message is `PROSE: FILE:LINE:COLUMN: FAULT`.
        let (_, rest) = self.message.split_once(": ")?;
        let mut ends = rest.match_indices(": ").map(|(end, _)| &rest[..end]);
        ends.find_map(|position| {
            let mut parts = position.rsplitn(3, ':');
            let column = parts.next()?.parse().ok()?;
            let line = parts.next()?.parse().ok()?;
            let file = parts.next()?;
            Some(ConfigLocation { file, line, column })
        })
    }
}

impl fmt::Display for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = redact::without_tokens(self.short_message());
        let (method, code) = (self.method, self.code);
        let advice = self.advice();
        write!(
            f,
            "the server rejected `{method}`: {message} (code {code}){advice}"
        )
    }
}

impl fmt::Debug for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = |data: &Value| format!("<{} bytes>", data.to_string().len());
        f.debug_struct("RpcError")
            .field("method", &self.method)
            .field("kind", &self.kind)
            .field("code", &self.code)
            .field("message", &redact::without_tokens(&self.message))
            .field("data", &self.data.as_ref().map(size))
            .field("server_version", &self.server_version)
            .field("required_version", &self.required_version)
            .finish()
    }
}

impl std::error::Error for RpcError {}

impl RpcErrorKind {
    fn of(method: &str, error: &JsonRpcError) -> Self {
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

    #[test]
    fn the_position_of_a_configuration_fault_is_read_from_the_message() {
        let location = |message: &str| {
            let error = RpcError::new("thread/start", JsonRpcError::new(-32600, message));
            let location = error.config_location()?;
            Some((location.file.to_owned(), location.line, location.column))
        };
        let fault = "failed to load configuration: /a: b/config.toml:16:9: extra `=`: expected";
        assert_eq!(location(fault), Some(("/a: b/config.toml".into(), 16, 9)));
        let fault = "failed to read configuration layers: C:\\x\\config.toml:1:2: duplicate key";
        assert_eq!(location(fault), Some(("C:\\x\\config.toml".into(), 1, 2)));
        for other in [
            "failed to load configuration: Model provider `nope` not found",
            "failed to load configuration: /a/config.toml:16:9",
            "no active turn: a:1:2: b",
        ] {
            assert_eq!(location(other), None, "{other}");
        }
    }
}
