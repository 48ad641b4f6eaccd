//! Reads the parts of a schema, as codex writes them, that the other modules look at.

use serde_json::{Map, Value};

/// The names under which tagged unions keep their tag, before any other property with one value.
const TAGS: [&str; 4] = ["type", "mode", "kind", "handlerType"];

/// Whether a schema allows `null`.
pub(super) fn allows_null(schema: &Value) -> bool {
    types(schema).contains(&"null")
        || ["anyOf", "oneOf"]
            .iter()
            .filter_map(|keyword| schema[keyword].as_array())
            .flatten()
            .any(|one| types(one) == ["null"])
}

/// The members of a union, the one that only allows `null` left out.
pub(super) fn alternatives(schema: &Value) -> Vec<&Value> {
    ["anyOf", "oneOf"]
        .iter()
        .filter_map(|keyword| schema[keyword].as_array())
        .flatten()
        .filter(|one| types(one) != ["null"])
        .collect()
}

/// The name of the definition that a schema refers to.
pub(super) fn reference(schema: &Value) -> Option<&str> {
    schema["$ref"]
        .as_str()
        .and_then(|path| path.rsplit('/').next())
}

/// The names under `type`, which is one name or a list of them.
pub(super) fn types(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Whether a schema is an object whose union only adds fields to it, like an image that has a `url`
/// or a `fileId`: one object with more fields, not several sorts of it.
pub(super) fn is_widened_object(schema: &Value) -> bool {
    let several = alternatives(schema);
    schema["properties"].is_object()
        && several.len() > 1
        && several
            .iter()
            .all(|one| one["properties"].is_object() && tag(one).is_none())
}

/// The tag of a member of a tagged union, and its value.
pub(super) fn tag(schema: &Value) -> Option<(&str, &str)> {
    let constant = |name: &str| match schema["properties"][name]["enum"].as_array()?.as_slice() {
        [Value::String(value)] if requires(schema, name) => Some(value.as_str()),
        _ => None,
    };
    let usual = TAGS
        .into_iter()
        .find_map(|name| constant(name).map(|value| (name, value)));
    usual.or_else(|| {
        properties(schema).find_map(|(name, _)| constant(name).map(|value| (name.as_str(), value)))
    })
}

/// The properties of an object, in the order of their names.
pub(super) fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema["properties"]
        .as_object()
        .into_iter()
        .flat_map(Map::iter)
}

/// Whether an object always has that property.
pub(super) fn requires(schema: &Value, name: &str) -> bool {
    schema["required"]
        .as_array()
        .is_some_and(|names| names.iter().any(|one| one == name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn null_is_seen_as_a_type_and_as_a_member_of_a_union() {
        assert!(allows_null(&json!({"type": ["string", "null"]})));
        assert!(allows_null(
            &json!({"anyOf": [{"$ref": "#/x"}, {"type": "null"}]})
        ));
        assert!(!allows_null(&json!({"type": "string"})));
        assert!(!allows_null(
            &json!({"anyOf": [{"type": ["string", "null"]}, {}]})
        ));
    }

    #[test]
    fn a_tag_is_a_required_property_with_one_value_and_a_usual_name_goes_first() {
        let constant = |value: &str| json!({"type": "string", "enum": [value]});
        let schema = json!({
            "properties": {"a": constant("x"), "type": constant("y")}, "required": ["a", "type"]});
        assert_eq!(tag(&schema), Some(("type", "y")));
        let schema = json!({"properties": {"a": constant("x")}, "required": ["a"]});
        assert_eq!(tag(&schema), Some(("a", "x")));
        let schema = json!({"properties": {"type": constant("x")}});
        assert_eq!(tag(&schema), None);
    }
}
