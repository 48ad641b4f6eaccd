//! The messages that a fake has received.

use std::{fmt, sync::Arc};

use serde_json::Value;

/// A message of the client: a request, a notification, or the response to a request of the server.
/// Clones are cheap.
#[derive(Clone)]
pub struct ClientMessage(Arc<Value>);

impl ClientMessage {
    pub(crate) fn new(message: Value) -> Self {
        Self(Arc::new(message))
    }

    /// Returns the whole message.
    pub fn body(&self) -> &Value {
        &self.0
    }

    /// Returns the method of a request or notification.
    pub fn method(&self) -> Option<&str> {
        self.0["method"].as_str()
    }

    /// Returns the id of a request or response, or null.
    pub fn id(&self) -> &Value {
        &self.0["id"]
    }

    /// Returns the params of a request or notification, or null.
    pub fn params(&self) -> &Value {
        &self.0["params"]
    }

    /// Returns the result of a successful response, or null.
    pub fn result(&self) -> &Value {
        &self.0["result"]
    }

    /// Returns the error of a failed response, or null.
    pub fn error(&self) -> &Value {
        &self.0["error"]
    }

    /// Returns whether the message is a request.
    pub fn is_request(&self) -> bool {
        self.method().is_some() && self.0.get("id").is_some()
    }

    /// Returns whether the message is a response.
    pub fn is_response(&self) -> bool {
        self.method().is_none() && self.0.get("id").is_some()
    }

    /// Returns the text of the user's input, for `turn/start` and `turn/steer`.
    pub fn text(&self) -> String {
        let input = self.params()["input"].as_array();
        let texts = input.into_iter().flatten();
        let texts = texts.filter_map(|item| item["text"].as_str());
        texts.collect::<Vec<_>>().join("\n")
    }
}

impl fmt::Debug for ClientMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
