//! The envelope with owned, untyped contents.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::SerializeMap};
use serde_json::Value;

use super::{Incoming, JsonRpcError, RequestId};
use crate::{W3cTraceContext, wire};

/// Any message of either direction, with its contents as JSON values.
///
/// For fakes and tests; a client decodes through [`Incoming`], which copies nothing. Its `Debug`
/// shows all that is in the message, keys and tokens too.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum JsonRpcMessage {
    /// Has `method` and `id`.
    Request(JsonRpcRequest),
    /// Has `method` and no `id`.
    Notification(JsonRpcNotification),
    /// Has `result` or `error`.
    Response(JsonRpcResponse),
}

/// A request of either direction.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonRpcRequest {
    /// The sender's id.
    pub id: RequestId,
    /// What is asked.
    pub method: String,
    /// `None` if the member is absent.
    pub params: Option<Value>,
    /// W3C trace context, for distributed tracing.
    pub trace: Option<W3cTraceContext>,
}

/// A notification of either direction.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonRpcNotification {
    /// What is told.
    pub method: String,
    /// `None` if the member is absent.
    pub params: Option<Value>,
    /// When the server sent it, in milliseconds since the Unix epoch.
    pub emitted_at_ms: Option<i64>,
}

/// A response of either direction.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonRpcResponse {
    /// The id of the request that is answered; `None` when the peer could not read it.
    pub id: Option<RequestId>,
    /// The answer.
    pub result: Result<Value, JsonRpcError>,
}

wire::object! { JsonRpcRequest {
    id: required "id",
    method: required "method",
    params: optional "params",
    trace: optional "trace",
} }

wire::object! { JsonRpcNotification {
    method: required "method",
    params: optional "params",
    emitted_at_ms: optional "emittedAtMs",
} }

impl<'de> Deserialize<'de> for JsonRpcMessage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Classified first, so that the text is needed twice.
        let text = Value::deserialize(deserializer)?.to_string();
        let text = text.as_str();
        match Incoming::parse(text.as_bytes()).map_err(D::Error::custom)? {
            Incoming::Request { .. } => serde_json::from_str(text).map(Self::Request),
            Incoming::Notification { .. } => serde_json::from_str(text).map(Self::Notification),
            Incoming::Response { id, result } => match result {
                Ok(result) => serde_json::from_str(result.get()).map(Ok),
                Err(error) => Ok(Err(error)),
            }
            .map(|result| Self::Response(JsonRpcResponse { id, result })),
        }
        .map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for JsonRpcResponse {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match JsonRpcMessage::deserialize(deserializer)? {
            JsonRpcMessage::Response(response) => Ok(response),
            _ => Err(D::Error::custom("not a response: it has a `method`")),
        }
    }
}

impl Serialize for JsonRpcResponse {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.id)?;
        match &self.result {
            Ok(result) => map.serialize_entry("result", result)?,
            Err(error) => map.serialize_entry("error", error)?,
        }
        map.end()
    }
}

impl Serialize for JsonRpcMessage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Request(request) => request.serialize(serializer),
            Self::Notification(notification) => notification.serialize(serializer),
            Self::Response(response) => response.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owned_message_round_trips_without_a_jsonrpc_member() {
        for message in [
            r#"{"id":1,"method":"a","params":{"b":[1,2]}}"#,
            r#"{"id":"x","method":"a"}"#,
            r#"{"method":"a","params":{},"emittedAtMs":7}"#,
            r#"{"id":1,"result":{"c":null}}"#,
            r#"{"id":1,"result":null}"#,
            r#"{"id":null,"error":{"code":-32600,"message":"no","data":[1]}}"#,
        ] {
            let decoded: JsonRpcMessage = serde_json::from_str(message).unwrap();
            assert_eq!(serde_json::to_string(&decoded).unwrap(), message);
        }
        let tolerated = r#"{"jsonrpc":"2.0","id":1,"method":"a"}"#;
        let decoded: JsonRpcMessage = serde_json::from_str(tolerated).unwrap();
        assert_eq!(
            serde_json::to_string(&decoded).unwrap(),
            r#"{"id":1,"method":"a"}"#
        );
    }
}
