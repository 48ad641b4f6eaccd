//! The error member of a response.

use std::fmt;

use serde_json::Value;

use crate::wire;

/// Codes that the app-server puts into [`JsonRpcError::code`].
pub mod error_code {
    /// The message was no valid JSON.
    pub const PARSE_ERROR: i64 = -32700;
    /// The request is not valid in this state: most refusals of the app-server, told apart only
    /// by their prose.
    pub const INVALID_REQUEST: i64 = -32600;
    /// The method is not known.
    pub const METHOD_NOT_FOUND: i64 = -32601;
    /// The params do not fit the method.
    pub const INVALID_PARAMS: i64 = -32602;
    /// The server failed while it served the request.
    pub const INTERNAL_ERROR: i64 = -32603;
    /// The server refused the request before it looked at it, because too many are in flight.
    /// It is safe to send it again, later.
    pub const OVERLOADED: i64 = -32001;
}

/// Why a request failed, as the peer says it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct JsonRpcError {
    /// What kind of failure; known ones are in [`error_code`].
    pub code: i64,
    /// Prose for people.
    pub message: String,
    /// Details, if the peer gave any.
    pub data: Option<Value>,
}

wire::object! { JsonRpcError {
    code: required "code",
    message: required "message",
    data: optional "data",
} }

impl JsonRpcError {
    /// An error without details.
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
        write!(f, "{} (code {})", self.message, self.code)
    }
}

impl std::error::Error for JsonRpcError {}
