//! Compares JSON according to the rules of the protocol.

use serde_json::Value;

/// Returns the value without `null` members: most of the protocol treats absent and `null` alike.
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
