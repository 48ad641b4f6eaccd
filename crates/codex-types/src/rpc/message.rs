//! The envelope with owned, untyped contents.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Value, value::RawValue};

use super::{Incoming, JsonRpcError, Outgoing, RequestId};

/// Any message of either direction, with its contents as JSON values.
///
/// For logs, fakes and tests; a client decodes through [`Incoming`], which copies nothing.
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

impl<'de> Deserialize<'de> for JsonRpcMessage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Through the text of the message, so that any deserializer will do.
        let text = Box::<RawValue>::deserialize(deserializer)?;
        let value = |raw: Option<&RawValue>| {
            raw.map(|raw| serde_json::from_str::<Value>(raw.get()))
                .transpose()
        };
        let message = match Incoming::parse(text.get().as_bytes()).map_err(de::Error::custom)? {
            Incoming::Request { id, method, params } => Self::Request(JsonRpcRequest {
                id,
                method: method.into_owned(),
                params: value(params).map_err(de::Error::custom)?,
            }),
            Incoming::Notification {
                method,
                params,
                emitted_at_ms,
            } => Self::Notification(JsonRpcNotification {
                method: method.into_owned(),
                params: value(params).map_err(de::Error::custom)?,
                emitted_at_ms,
            }),
            Incoming::Response { id, result } => Self::Response(JsonRpcResponse {
                id,
                result: match result {
                    Ok(raw) => Ok(serde_json::from_str(raw.get()).map_err(de::Error::custom)?),
                    Err(error) => Err(error),
                },
            }),
        };
        Ok(message)
    }
}

impl Serialize for JsonRpcMessage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Request(JsonRpcRequest { id, method, params }) => Outgoing::Request {
                id,
                method,
                params: params.as_ref(),
            }
            .serialize(serializer),
            Self::Notification(JsonRpcNotification {
                method,
                params,
                emitted_at_ms,
            }) => {
                use serde::ser::SerializeMap;

                let mut map = serializer.serialize_map(None)?;
                map.serialize_entry("method", method)?;
                if let Some(params) = params {
                    map.serialize_entry("params", params)?;
                }
                if let Some(emitted_at_ms) = emitted_at_ms {
                    map.serialize_entry("emittedAtMs", emitted_at_ms)?;
                }
                map.end()
            }
            Self::Response(JsonRpcResponse { id, result }) => {
                use serde::ser::SerializeMap;

                let mut map = serializer.serialize_map(None)?;
                map.serialize_entry("id", id)?;
                match result {
                    Ok(result) => map.serialize_entry("result", result)?,
                    Err(error) => map.serialize_entry("error", error)?,
                }
                map.end()
            }
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
