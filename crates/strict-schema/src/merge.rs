//! Merges two schemas that apply to the same value.

use serde_json::Value;

use crate::keywords::Object;

/// Returns the schema of the values that match both schemas; an object gets the properties of both.
///
/// `None` if no single schema can express that: the types differ, or both have alternatives.
pub(crate) fn merge(left: &Object, right: &Value) -> Option<Object> {
    let right = right.as_object()?;
    if let (Some(left), Some(right)) = (left.get("type"), right.get("type"))
        && left != right
    {
        return None;
    }
    let mut merged = left.clone();
    for (key, right) in right {
        let Some(left) = merged.get_mut(key) else {
            merged.insert(key.clone(), right.clone());
            continue;
        };
        match (key.as_str(), left, right) {
            ("properties", Value::Object(left), Value::Object(right)) => {
                for (name, property) in right {
                    left.entry(name.clone()).or_insert_with(|| property.clone());
                }
            }
            ("allOf" | "required", Value::Array(left), Value::Array(right)) => {
                left.extend(right.iter().cloned());
            }
            ("oneOf" | "anyOf" | "$ref", left, right) if left != right => return None,
            // The permissive schema decides on additional properties, since the strict schema does
            // not know the properties of the other one.
            ("additionalProperties" | "unevaluatedProperties", left, right)
                if *left == Value::Bool(false) =>
            {
                *left = right.clone();
            }
            _ => {}
        }
    }
    // `oneOf` in one schema and `anyOf` in the other are two sets of alternatives.
    let alternatives = ["oneOf", "anyOf"].map(|key| merged.contains_key(key));
    (alternatives != [true, true]).then_some(merged)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn merged(left: Value, right: &Value) -> Option<Value> {
        let Value::Object(left) = left else {
            panic!("{left} is not an object")
        };
        merge(&left, right).map(Value::Object)
    }

    #[test]
    fn objects_get_the_properties_of_both() {
        let left = json!({"properties": {"a": true}, "required": ["a"]});
        let right = json!({"properties": {"a": false, "b": true}, "required": ["b"]});
        let expected = json!({"properties": {"a": true, "b": true}, "required": ["a", "b"]});
        assert_eq!(merged(left, &right), Some(expected));
    }

    #[test]
    fn one_permissive_side_allows_additional_properties() {
        let strict = || json!({"additionalProperties": false});
        let map = json!({"additionalProperties": {"type": "string"}});
        assert_eq!(merged(strict(), &map), Some(map.clone()));
        assert_eq!(merged(map.clone(), &strict()), Some(map));
        assert_eq!(merged(strict(), &strict()), Some(strict()));
    }

    #[test]
    fn different_types_and_two_sets_of_alternatives_do_not_merge() {
        for (left, right) in [
            (json!({"type": "object"}), json!({"type": "string"})),
            (json!({"oneOf": [1]}), json!({"oneOf": [2]})),
            (json!({"oneOf": [1]}), json!({"anyOf": [1]})),
            (json!({"$ref": "#/$defs/A"}), json!({"$ref": "#/$defs/B"})),
            (json!({}), json!(true)),
        ] {
            assert_eq!(merged(left.clone(), &right), None, "{left} {right}");
        }
    }
}
