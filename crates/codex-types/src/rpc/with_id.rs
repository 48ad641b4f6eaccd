//! A typed request with its id.

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, Error as _},
    ser::Error as _,
};
use serde_json::Value;

use super::RequestId;
use crate::wire;

/// A request as it stands on the wire: a [`ServerRequest`](crate::ServerRequest) or
/// [`ClientRequest`](crate::ClientRequest), and the id that its answer repeats.
#[derive(Debug, Clone, PartialEq)]
pub struct WithId<T> {
    /// The sender's id.
    pub id: RequestId,
    /// What is asked.
    pub request: T,
}

struct Id {
    id: RequestId,
}

wire::object! { Id { id: required "id" } }

impl<'de, T: DeserializeOwned> Deserialize<'de> for WithId<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Through text: both parts are read from all of it.
        let text = Value::deserialize(deserializer)?.to_string();
        let Id { id } = serde_json::from_str(&text).map_err(D::Error::custom)?;
        let request = serde_json::from_str(&text).map_err(D::Error::custom)?;
        Ok(Self { id, request })
    }
}

impl<T: Serialize> Serialize for WithId<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut value = serde_json::to_value(&self.request).map_err(S::Error::custom)?;
        let id = serde_json::to_value(&self.id).map_err(S::Error::custom)?;
        match &mut value {
            Value::Object(members) => drop(members.insert("id".to_owned(), id)),
            _ => return Err(S::Error::custom("a request is an object")),
        }
        value.serialize(serializer)
    }
}
