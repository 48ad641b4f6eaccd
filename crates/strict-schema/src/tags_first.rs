//! Serializes a schema with tags before other properties.

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::Value;

use crate::keywords::{Object, tags_first};

/// Serializes a schema with the tags of enums before the other properties of their objects,
/// regardless of the order of the `Map` that holds them.
pub(crate) struct TagsFirst<'a>(pub(crate) &'a Value);

impl Serialize for TagsFirst<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(schema) => {
                let mut map = serializer.serialize_map(Some(schema.len()))?;
                for (key, value) in schema {
                    match (key.as_str(), value) {
                        ("properties", Value::Object(properties)) => {
                            map.serialize_entry(key, &Properties(properties))?;
                        }
                        _ => map.serialize_entry(key, &TagsFirst(value))?,
                    }
                }
                map.end()
            }
            Value::Array(values) => serializer.collect_seq(values.iter().map(TagsFirst)),
            scalar => scalar.serialize(serializer),
        }
    }
}

/// The schemas of an object's properties. Their names are not keywords: a property may be called
/// `properties`.
struct Properties<'a>(&'a Object);

impl Serialize for Properties<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let properties = tags_first(self.0).into_iter();
        serializer.collect_map(properties.map(|(name, schema)| (name, TagsFirst(schema))))
    }
}
