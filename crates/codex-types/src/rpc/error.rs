//! The error member of a response.

use std::fmt;

use serde_json::Value;

use crate::{
    redact::{Opaque, without_tokens},
    wire,
};

/// Values of [`JsonRpcError::code`] that the app-server uses.
pub mod error_code {
    /// The message is not valid JSON.
    pub const PARSE_ERROR: i64 = -32700;
    /// The request is invalid in the current state. The app-server uses this code for most
    /// refusals; only the text of the message distinguishes them.
    pub const INVALID_REQUEST: i64 = -32600;
    /// The method is unknown.
    pub const METHOD_NOT_FOUND: i64 = -32601;
    /// The params do not match the method.
    pub const INVALID_PARAMS: i64 = -32602;
    /// The server failed to handle the request.
    pub const INTERNAL_ERROR: i64 = -32603;
    /// The server rejected the request before processing it, because too many are in flight.
    /// Retrying later is safe.
    pub const OVERLOADED: i64 = -32001;
}

/// The error of a failed request, as reported by the peer. `Debug` and `Display` mask keys and
/// tokens in the message, and `Debug` shows only the size of the details.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct JsonRpcError {
    /// The error code; [`error_code`] lists the known ones.
    pub code: i64,
    /// A message for humans.
    pub message: String,
    /// Optional details.
    pub data: Option<Value>,
}

wire::object! { JsonRpcError {
    code: required "code",
    message: required "message",
    data: optional "data",
} }

impl JsonRpcError {
    /// Creates an error without details.
    #[must_use]
    pub fn new(code: i64, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            data: None,
        }
    }

    /// Sets the details.
    #[must_use]
    pub fn data(mut self, data: impl Into<Value>) -> Self {
        self.data = Some(data.into());
        self
    }
}

impl fmt::Display for JsonRpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (code {})", without_tokens(&self.message), self.code)
    }
}

impl fmt::Debug for JsonRpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonRpcError")
            .field("code", &self.code)
            .field("message", &without_tokens(&self.message))
            .field("data", &self.data.as_ref().map(Opaque))
            .finish()
    }
}

impl std::error::Error for JsonRpcError {}
