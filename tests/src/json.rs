//! Comparing JSON as the protocol does.

use serde_json::Value;

/// The value without members that are `null`: absent and `null` are the same to most of the
/// protocol.
#[must_use]
pub fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(object) => object
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key.clone(), without_nulls(value)))
            .collect(),
        Value::Array(array) => array.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}
