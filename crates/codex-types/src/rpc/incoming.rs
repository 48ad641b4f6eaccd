//! Classifies received messages without decoding their contents.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{JsonRpcError, RequestId};
use crate::{
    redact::{Name, without_values},
    wire::BorrowedStr,
};

/// A received message, classified. Its `params` or `result` are the received bytes, undecoded.
/// `Debug` shows only their size.
#[derive(Clone)]
#[non_exhaustive]
pub enum Incoming<'a> {
    /// A request from the peer: has `method` and `id`.
    Request {
        /// The peer's id, which the response repeats.
        id: RequestId,
        /// The method.
        method: Cow<'a, str>,
        /// The undecoded params; `None` if absent.
        params: Option<&'a RawValue>,
    },
    /// A notification: has `method` but no `id`.
    Notification {
        /// The method.
        method: Cow<'a, str>,
        /// The undecoded params; `None` if absent.
        params: Option<&'a RawValue>,
        /// When the server sent it, in milliseconds since the Unix epoch.
        emitted_at_ms: Option<i64>,
    },
    /// A response: has `id`, and either `result` or `error`.
    Response {
        /// The id of the request; `None` if the peer could not read it.
        id: Option<RequestId>,
        /// The undecoded result, or the error.
        result: Result<&'a RawValue, JsonRpcError>,
    },
}

impl fmt::Debug for Incoming<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = |raw: &RawValue| format!("<{} bytes>", raw.get().len());
        let opaque = |raw: &Option<&RawValue>| raw.map(size);
        match self {
            Self::Request { id, method, params } => f
                .debug_struct("Request")
                .field("id", id)
                .field("method", &Name(method))
                .field("params", &opaque(params))
                .finish(),
            Self::Notification {
                method,
                params,
                emitted_at_ms,
            } => f
                .debug_struct("Notification")
                .field("method", &Name(method))
                .field("params", &opaque(params))
                .field("emitted_at_ms", emitted_at_ms)
                .finish(),
            Self::Response { id, result } => f
                .debug_struct("Response")
                .field("id", id)
                .field("result", &result.as_ref().map(|raw| size(raw)))
                .finish(),
        }
    }
}

impl<'a> Incoming<'a> {
    /// Classifies one message (one line on stdio, one text frame on a websocket).
    ///
    /// A `jsonrpc` member and unknown members are ignored.
    ///
    /// # Errors
    ///
    /// [`EnvelopeError`] if the bytes are not a JSON object in UTF-8, or if the members of the
    /// object match none of the three kinds.
    pub fn parse(message: &'a [u8]) -> Result<Self, EnvelopeError> {
        // One UTF-8 check of the whole message is cheaper than one per string. Decoding from `&str`
        // also shares its compiled code with the later decoding of params.
        let text = str::from_utf8(message).map_err(|error| EnvelopeError::new(&error))?;
        serde_json::from_str(text).map_err(|error| EnvelopeError::new(&error))
    }
}

/// The error for a received text that is not a JSON-RPC message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EnvelopeError {
    /// The fault and its position. Does not quote the text.
    pub reason: String,
}

impl EnvelopeError {
    #[cold]
    fn new(reason: &dyn fmt::Display) -> Self {
        Self {
            reason: without_values(reason),
        }
    }
}

impl fmt::Display for EnvelopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a JSON-RPC message: {}", self.reason)
    }
}

impl std::error::Error for EnvelopeError {}

impl<'de: 'a, 'a> Deserialize<'de> for Incoming<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(IncomingVisitor)
    }
}

struct IncomingVisitor;

impl<'de> Visitor<'de> for IncomingVisitor {
    type Value = Incoming<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON-RPC request, notification or response")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Incoming<'de>, A::Error> {
        let mut id: Option<Option<RequestId>> = None;
        let mut method: Option<Cow<'de, str>> = None;
        let mut params: Option<&'de RawValue> = None;
        let mut result: Option<&'de RawValue> = None;
        let mut error: Option<JsonRpcError> = None;
        let mut emitted_at_ms = None;
        while let Some(BorrowedStr(key)) = map.next_key()? {
            match &*key {
                "id" => id = Some(map.next_value()?),
                "method" => method = Some(map.next_value::<BorrowedStr<'de>>()?.0),
                "params" => params = Some(map.next_value()?),
                "result" => result = Some(map.next_value()?),
                "error" => error = map.next_value()?,
                "emittedAtMs" => emitted_at_ms = map.next_value()?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        let malformed = |reason: &str| Err(de::Error::custom(reason));
        match (method, id, result, error) {
            (Some(method), Some(Some(id)), None, None) => {
                Ok(Incoming::Request { id, method, params })
            }
            (Some(method), None, None, None) => Ok(Incoming::Notification {
                method,
                params,
                emitted_at_ms,
            }),
            (Some(_), Some(None), _, _) => malformed("a request whose `id` is null"),
            (Some(_), _, _, _) => malformed("both a `method` and a `result` or `error`"),
            (None, id, _, Some(error)) => Ok(Incoming::Response {
                id: id.flatten(),
                result: Err(error),
            }),
            (None, Some(Some(id)), Some(result), None) => Ok(Incoming::Response {
                id: Some(id),
                result: Ok(result),
            }),
            (None, _, Some(_), None) => malformed("a `result` without an `id`"),
            (None, _, None, None) => malformed("neither `method` nor `result` nor `error`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(message: &str) -> &'static str {
        match Incoming::parse(message.as_bytes()) {
            Ok(Incoming::Request { .. }) => "request",
            Ok(Incoming::Notification { .. }) => "notification",
            Ok(Incoming::Response { result: Ok(_), .. }) => "result",
            Ok(Incoming::Response { result: Err(_), .. }) => "error",
            Err(_) => "malformed",
        }
    }

    #[test]
    fn a_message_is_classified_by_its_members_in_any_order() {
        assert_eq!(kind(r#"{"id":1,"method":"a","params":{}}"#), "request");
        assert_eq!(kind(r#"{"params":{},"method":"a","id":"x"}"#), "request");
        assert_eq!(kind(r#"{"method":"a"}"#), "notification");
        assert_eq!(
            kind(r#"{"emittedAtMs":7,"method":"a","params":null}"#),
            "notification"
        );
        assert_eq!(kind(r#"{"result":{},"id":1}"#), "result");
        assert_eq!(kind(r#"{"id":1,"result":null}"#), "result");
        assert_eq!(
            kind(r#"{"error":{"code":-1,"message":"no"},"id":1}"#),
            "error"
        );
        assert_eq!(
            kind(r#"{"error":{"code":-1,"message":"no"},"id":null}"#),
            "error"
        );
    }

    #[test]
    fn a_jsonrpc_member_and_unknown_members_are_ignored() {
        assert_eq!(
            kind(r#"{"jsonrpc":"2.0","id":1,"method":"a","trace":null}"#),
            "request"
        );
    }

    #[test]
    fn a_malformed_message_is_refused_with_a_reason() {
        for (message, reason) in [
            ("{}", "neither `method`"),
            (r#"{"id":1}"#, "neither `method`"),
            (r#"{"result":1}"#, "without an `id`"),
            (r#"{"id":null,"method":"a"}"#, "`id` is null"),
            (r#"{"id":1,"method":"a","result":1}"#, "both a `method`"),
            (r#"{"id":1.5,"method":"a"}"#, "request id"),
            ("[]", "expected a JSON-RPC"),
            ("npm warn", "expected"),
        ] {
            let error = Incoming::parse(message.as_bytes()).unwrap_err();
            assert!(error.to_string().contains(reason), "{message}: {error}");
        }
        assert!(Incoming::parse(b"{\"method\":\"\xff\"}").is_err());
    }

    #[test]
    fn params_are_the_received_bytes() {
        let Ok(Incoming::Notification {
            params: Some(params),
            ..
        }) = Incoming::parse(br#"{"method":"a","params":{ "b" : 1.50 }}"#)
        else {
            panic!("a notification with params")
        };
        assert_eq!(params.get(), r#"{ "b" : 1.50 }"#);
    }

    #[test]
    fn an_escaped_method_is_unescaped() {
        let Ok(Incoming::Notification { method, .. }) = Incoming::parse(br#"{"method":"a\/b"}"#)
        else {
            panic!("a notification")
        };
        assert_eq!(method, "a/b");
    }
}
