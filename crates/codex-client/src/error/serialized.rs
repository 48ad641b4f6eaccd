//! Errors as data, for programs that pass them to a window or another process.

use serde::{Serialize, Serializer};

use crate::{
    error::{Error, rpc_error::RpcError},
    turn_result::TurnResult,
};

/// The serialized form of an error.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Serialized<'a> {
    kind: &'static str,
    message: String,
    retryable: bool,
    transient: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rpc: Option<&'a RpcError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a TurnResult>,
}

/// An error is an object with
///
/// - `kind`: the name of its variant in camelCase, such as `turnFailed`;
/// - `message`: its message;
/// - `retryable` and `transient`: [`is_retryable`](Self::is_retryable) and
///   [`is_transient`](Self::is_transient);
/// - `retryAfterSeconds`: [`retry_after`](Self::retry_after), if there is one;
/// - `rpc`: the [`RpcError`], if it is an error response;
/// - `result`: the [`TurnResult`], which may be partial, if it is the error of a turn.
impl Serialize for Error {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let serialized = Serialized {
            kind: kind(self),
            message: self.to_string(),
            retryable: self.is_retryable(),
            transient: self.is_transient(),
            retry_after_seconds: self.retry_after().map(|delay| delay.as_secs_f64()),
            rpc: match self {
                Self::Rpc(error) => Some(error),
                _ => None,
            },
            result: match self {
                Self::Closed(closed) => closed.partial.as_deref(),
                Self::TurnFailed(result) => Some(result),
                Self::TurnDetached(detached) => detached.partial.as_ref(),
                Self::TurnTimeout(timeout) => timeout.partial.as_ref(),
                Self::OutputMismatch(mismatch) => Some(&mismatch.result),
                _ => None,
            },
        };
        serialized.serialize(serializer)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Error {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Error".into()
    }

    fn schema_id() -> std::borrow::Cow<'static, str> {
        concat!(module_path!(), "::Error").into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "object",
            "properties": {
                // Later versions add kinds.
                "kind": { "type": "string" },
                "message": { "type": "string" },
                "retryable": { "type": "boolean" },
                "transient": { "type": "boolean" },
                "retryAfterSeconds": { "type": "number" },
                "rpc": generator.subschema_for::<RpcError>(),
                "result": generator.subschema_for::<TurnResult>(),
            },
            "required": ["kind", "message", "retryable", "transient"],
        })
    }
}

/// Returns the name of the variant of an error.
pub(super) fn kind(error: &Error) -> &'static str {
    match error {
        Error::CodexNotFound(_) => "codexNotFound",
        Error::Launch { .. } => "launch",
        Error::Closed(_) => "closed",
        Error::Rpc(_) => "rpc",
        Error::Decode(_) => "decode",
        Error::Timeout { .. } => "timeout",
        Error::HandshakeTimeout(_) => "handshakeTimeout",
        Error::VersionMismatch(_) => "versionMismatch",
        Error::TurnFailed(_) => "turnFailed",
        Error::TurnDetached(_) => "turnDetached",
        Error::OutputMismatch(_) => "outputMismatch",
        Error::TurnTimeout(_) => "turnTimeout",
        Error::Stopped => "stopped",
        Error::Lagged { .. } => "lagged",
        Error::InsideRuntime => "insideRuntime",
        Error::UnsuitableRuntime(_) => "unsuitableRuntime",
        Error::Worker(_) => "worker",
        Error::Resolved { .. } => "resolved",
        Error::Handler { .. } => "handler",
        #[cfg(feature = "websocket")]
        Error::Connect(_) => "connect",
        Error::Recording { .. } => "recording",
        Error::InvalidInput(_) => "invalidInput",
    }
}
