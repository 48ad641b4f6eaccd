//! Serialises messages from typed values.

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{JsonRpcError, RequestId};

/// A message to send, borrowing its contents. Serialises without a `jsonrpc` member.
///
/// ```
/// use codex_types::rpc::Outgoing;
///
/// let message = Outgoing::Notification { method: "initialized", params: None::<&()> };
/// assert_eq!(serde_json::to_string(&message).unwrap(), r#"{"method":"initialized"}"#);
/// ```
#[derive(Debug, Clone, Copy)]
pub enum Outgoing<'a, T: ?Sized> {
    /// A request.
    Request {
        /// Unique among the requests that this side sends on the connection.
        id: &'a RequestId,
        /// The method.
        method: &'a str,
        /// `None` omits the member.
        params: Option<&'a T>,
    },
    /// A notification.
    Notification {
        /// The method.
        method: &'a str,
        /// `None` omits the member.
        params: Option<&'a T>,
    },
    /// A response to a request from the peer.
    Response {
        /// The id of the request.
        id: &'a RequestId,
        /// The result, or the error.
        result: Result<&'a T, &'a JsonRpcError>,
    },
}

impl<T: Serialize + ?Sized> Serialize for Outgoing<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self {
            Self::Request { id, method, params } => {
                map.serialize_entry("id", id)?;
                map.serialize_entry("method", method)?;
                if let Some(params) = params {
                    map.serialize_entry("params", params)?;
                }
            }
            Self::Notification { method, params } => {
                map.serialize_entry("method", method)?;
                if let Some(params) = params {
                    map.serialize_entry("params", params)?;
                }
            }
            Self::Response { id, result } => {
                map.serialize_entry("id", id)?;
                match result {
                    Ok(result) => map.serialize_entry("result", result)?,
                    Err(error) => map.serialize_entry("error", error)?,
                }
            }
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;
    use crate::rpc::Incoming;

    #[test]
    fn a_received_message_is_written_back_without_a_jsonrpc_member() {
        for message in [
            r#"{"id":1,"method":"a","params":{"b":[1,2]}}"#,
            r#"{"id":"x","method":"a"}"#,
            r#"{"method":"a","params":{}}"#,
            r#"{"id":1,"result":{"c":null}}"#,
            r#"{"id":1,"result":null}"#,
            r#"{"id":1,"error":{"code":-32600,"message":"no","data":[1]}}"#,
        ] {
            assert_eq!(written_back(message), message);
        }
        let tolerated = r#"{"jsonrpc":"2.0","id":1,"method":"a"}"#;
        assert_eq!(written_back(tolerated), r#"{"id":1,"method":"a"}"#);
    }

    fn written_back(message: &str) -> String {
        let incoming = Incoming::parse(message.as_bytes()).unwrap();
        let outgoing: Outgoing<'_, RawValue> = match &incoming {
            Incoming::Request { id, method, params } => Outgoing::Request {
                id,
                method,
                params: *params,
            },
            Incoming::Notification { method, params, .. } => Outgoing::Notification {
                method,
                params: *params,
            },
            Incoming::Response { id, result } => Outgoing::Response {
                id: id.as_ref().unwrap(),
                result: result.as_ref().map(|result| *result),
            },
        };
        serde_json::to_string(&outgoing).unwrap()
    }
}
