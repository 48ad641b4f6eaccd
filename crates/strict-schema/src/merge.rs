//! Two schemas that hold at once, as one.

use serde_json::Value;

use crate::keywords::Object;

/// The schema of a value that fits both; an object has the members of both. `None` if that cannot be
/// said: they have different types, or each has alternatives of its own.
pub(super) fn merge(one: &Object, other: &Value) -> Option<Object> {
    let other = other.as_object()?;
    if let (Some(ours), Some(theirs)) = (one.get("type"), other.get("type"))
        && ours != theirs
    {
        return None;
    }
    let mut merged = one.clone();
    for (key, theirs) in other {
        let Some(ours) = merged.get_mut(key) else {
            merged.insert(key.clone(), theirs.clone());
            continue;
        };
        match (key.as_str(), ours, theirs) {
            ("properties", Value::Object(ours), Value::Object(theirs)) => {
                for (name, member) in theirs {
                    ours.entry(name.clone()).or_insert_with(|| member.clone());
                }
            }
            ("allOf" | "required", Value::Array(ours), Value::Array(theirs)) => {
                ours.extend(theirs.iter().cloned());
            }
            ("oneOf" | "anyOf" | "$ref", ours, theirs) if ours != theirs => return None,
            // Whether there may be other members is for the one that says yes.
            ("additionalProperties" | "unevaluatedProperties", ours, theirs)
                if *ours == Value::Bool(false) =>
            {
                *ours = theirs.clone();
            }
            _ => {}
        }
    }
    // A second kind of alternatives beside the first.
    let kinds = ["oneOf", "anyOf"].map(|key| merged.contains_key(key));
    (kinds != [true, true]).then_some(merged)
}
