//! Compares JSON according to the rules of the protocol, and changes single members of it.

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

/// Returns the JSON pointers of all members below a value, each after those below it. Of a list, only the
/// first two elements count: the elements of one list resemble each other.
#[must_use]
pub fn members(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    add_members(value, "", &mut found);
    found
}

fn add_members(value: &Value, path: &str, found: &mut Vec<String>) {
    let mut visit = |key: &str, value: &Value| {
        let path = format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"));
        add_members(value, &path, found);
        found.push(path);
    };
    match value {
        Value::Object(object) => object.iter().for_each(|(key, value)| visit(key, value)),
        Value::Array(elements) => elements
            .iter()
            .take(2)
            .enumerate()
            .for_each(|(index, value)| visit(&index.to_string(), value)),
        _ => {}
    }
}

/// Returns a copy of a value in which the member at a JSON pointer is replaced, or removed; `None` if the
/// member is an element of a list and would have to be removed.
#[must_use]
pub fn changed(value: &Value, pointer: &str, by: Option<Value>) -> Option<Value> {
    let mut value = value.clone();
    match by {
        Some(by) => *value.pointer_mut(pointer)? = by,
        None => {
            let (parent, key) = pointer.rsplit_once('/')?;
            let key = key.replace("~1", "/").replace("~0", "~");
            value.pointer_mut(parent)?.as_object_mut()?.remove(&key)?;
        }
    }
    Some(value)
}
