//! A schema as it is sent.

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::Value;

use crate::keywords::{Object, tags_first};

/// Writes tags before the other members of their objects, whatever the order of the `Map` that they
/// are in.
///
/// Models write members in this order. The API tells the objects of a choice apart by their first
/// members, and refuses some that begin alike: a tag that another member comes before is none.
pub struct TagsFirst<'a>(pub &'a Value);

impl Serialize for TagsFirst<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(schema) => {
                let mut map = serializer.serialize_map(Some(schema.len()))?;
                for (key, value) in schema {
                    match (key.as_str(), value) {
                        ("properties", Value::Object(members)) => {
                            map.serialize_entry(key, &Members(members))?;
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

/// The members of an object, and their schemas.
struct Members<'a>(&'a Object);

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let members = tags_first(self.0).into_iter();
        serializer.collect_map(members.map(|(name, schema)| (name, TagsFirst(schema))))
    }
}
