//! Writing a message from typed values.

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{JsonRpcError, RequestId};

/// A message to be sent, over borrowed values; serialises without a `jsonrpc` member.
///
/// ```
/// use codex_types::rpc::{Outgoing, RequestId};
///
/// let message = Outgoing::Notification { method: "initialized", params: None::<&()> };
/// assert_eq!(serde_json::to_string(&message)?, r#"{"method":"initialized"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub enum Outgoing<'a, T: ?Sized> {
    /// Asks the peer.
    Request {
        /// Must be unique among our requests on this connection.
        id: &'a RequestId,
        /// What is asked.
        method: &'a str,
        /// `None` leaves the member out.
        params: Option<&'a T>,
    },
    /// Tells the peer.
    Notification {
        /// What is told.
        method: &'a str,
        /// `None` leaves the member out.
        params: Option<&'a T>,
    },
    /// Answers the peer.
    Response {
        /// The id of the request that is answered.
        id: &'a RequestId,
        /// The answer.
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
