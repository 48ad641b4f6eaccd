//! JSON as serde_json reads it: the reference for the scanner.

use std::{fmt, ops::Range};

use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;

/// The members of an object: each key, and the range of its value in the text.
pub(super) type Members = Vec<(String, Range<usize>)>;

/// Returns the members of the object that a text consists of, in their order; `None` if the text is
/// not a JSON object. The nesting may have any depth.
pub(super) fn members(text: &str) -> Option<Members> {
    let members: RawMembers<'_> = serde_json::from_str(text).ok()?;
    let range = |value: &RawValue| {
        let start = value.get().as_ptr() as usize - text.as_ptr() as usize;
        start..start + value.get().len()
    };
    Some(
        members
            .0
            .into_iter()
            .map(|(key, value)| (key, range(value)))
            .collect(),
    )
}

/// Returns the value of the last member with this key, which is the one that counts.
pub(super) fn member<'a>(text: &'a str, members: &Members, key: &str) -> Option<&'a str> {
    let mut last_first = members.iter().rev();
    let (_, range) = last_first.find(|member| member.0 == key)?;
    Some(&text[range.clone()])
}

/// Whether a text is one JSON value, of any depth.
pub(super) fn is_json(text: &str) -> bool {
    serde_json::from_str::<&RawValue>(text).is_ok()
}

struct RawMembers<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for RawMembers<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;

        impl<'de> de::Visitor<'de> for MembersVisitor {
            type Value = RawMembers<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(RawMembers(members))
            }
        }

        deserializer.deserialize_map(MembersVisitor)
    }
}
