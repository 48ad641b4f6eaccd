//! The id of a request.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::wire;

/// The id of a JSON-RPC request: an integer or a string, unique within one direction of a
/// connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RequestId {
    /// A string id.
    String(String),
    /// An integer id. This SDK sends only integer ids.
    Integer(i64),
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String(id) => f.write_str(id),
            Self::Integer(id) => id.fmt(f),
        }
    }
}

impl From<i64> for RequestId {
    fn from(id: i64) -> Self {
        Self::Integer(id)
    }
}

impl From<String> for RequestId {
    fn from(id: String) -> Self {
        Self::String(id)
    }
}

impl From<&str> for RequestId {
    fn from(id: &str) -> Self {
        Self::String(id.to_owned())
    }
}

impl Serialize for RequestId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::String(id) => serializer.serialize_str(id),
            Self::Integer(id) => serializer.serialize_i64(*id),
        }
    }
}

wire::schema! {
    RequestId, generator => schemars::json_schema!({ "type": ["string", "integer"] })
}

impl wire::Readable for RequestId {
    fn read<'de>(source: &mut dyn wire::Source<'de>) -> wire::Read<Self> {
        let id = source.scalar("a request id (string or 64-bit integer)")?;
        Ok(match id {
            wire::Scalar::Integer(id) => Self::Integer(id),
            wire::Scalar::Text(id) => Self::String(id),
        })
    }

    fn absent() -> Option<Self> {
        None
    }
}

wire::deserialize!(RequestId);
