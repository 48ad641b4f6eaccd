//! Reads the parts of a schema that the comparison needs.

use serde_json::{Map, Value};

/// The usual names of the tag of a union. They take precedence over other constant properties.
const TAGS: [&str; 4] = ["type", "mode", "kind", "handlerType"];

/// Returns the type of a schema without `null`: `string`, `[ThreadItem]`, `{string: any}`, `enum`.
///
/// A shape without a name is named by its kind. The outline has lines for its members.
pub(super) fn type_name(schema: &Value) -> String {
    if let Some(name) = reference(schema) {
        return name.to_owned();
    }
    match alternatives(schema).as_slice() {
        [] => {}
        _ if is_widened_object(schema) => return "object".to_owned(),
        [only] => return type_name(only),
        // An enum with a description for each value.
        several if several.iter().all(|one| one["enum"].is_array()) => return "enum".to_owned(),
        _ => return "union".to_owned(),
    }
    if let Some(parts) = schema["allOf"].as_array() {
        return parts.iter().map(type_name).collect::<Vec<_>>().join(" & ");
    }
    if schema["enum"].is_array() {
        return "enum".to_owned();
    }
    let types = types(schema).into_iter().filter(|name| *name != "null");
    let types: Vec<String> = types.map(|name| one_type(schema, name)).collect();
    match types.is_empty() {
        true if schema["properties"].is_object() => "object".to_owned(),
        true if allows_null(schema) => "null".to_owned(),
        true => "any".to_owned(),
        false => types.join(" | "),
    }
}

/// Returns the type of a schema for one of the names under `type`.
fn one_type(schema: &Value, name: &str) -> String {
    match (name, &schema["additionalProperties"]) {
        ("array", _) => return format!("[{}]", type_name(&schema["items"])),
        ("object", values)
            if !schema["properties"].is_object() && (values.is_object() || *values == true) =>
        {
            return format!("{{string: {}}}", type_name(values));
        }
        _ => {}
    }
    let name = match schema["format"].as_str() {
        Some(format) if name == "string" => format!("string ({format})"),
        Some(format) => format.to_owned(),
        None => name.to_owned(),
    };
    let minimum = schema["minLength"].as_f64().or(schema["minimum"].as_f64());
    match minimum {
        // Every unsigned integer has a minimum of zero.
        Some(minimum) if minimum != 0.0 => format!("{name} (at least {minimum})"),
        _ => name,
    }
}

/// Returns whether a schema allows `null`.
pub(super) fn allows_null(schema: &Value) -> bool {
    types(schema).contains(&"null") || union(schema).any(|member| types(member) == ["null"])
}

/// Returns the members of a union except `null`.
pub(super) fn alternatives(schema: &Value) -> Vec<&Value> {
    union(schema)
        .filter(|member| types(member) != ["null"])
        .collect()
}

fn union(schema: &Value) -> impl Iterator<Item = &Value> {
    ["anyOf", "oneOf"]
        .into_iter()
        .filter_map(|keyword| schema[keyword].as_array())
        .flatten()
}

/// Returns the name of the definition that a schema refers to.
pub(super) fn reference(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.rsplit('/').next()
}

/// Returns the names under `type`, which is one name or a list.
fn types(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Returns whether the union of a schema only adds fields to an object: an image that has a `url`
/// or a `fileId` is one object with optional fields.
pub(super) fn is_widened_object(schema: &Value) -> bool {
    let several = alternatives(schema);
    schema["properties"].is_object()
        && several.len() > 1
        && several
            .iter()
            .all(|one| one["properties"].is_object() && tag(one).is_none())
}

/// Returns the tag of a member of a tagged union, and its value.
pub(super) fn tag(schema: &Value) -> Option<(&str, &str)> {
    let others = properties(schema).map(|(name, _)| name.as_str());
    TAGS.into_iter().chain(others).find_map(|name| {
        match schema["properties"][name]["enum"].as_array()?.as_slice() {
            [Value::String(value)] if requires(schema, name) => Some((name, value.as_str())),
            _ => None,
        }
    })
}

/// Returns the properties of an object, sorted by name.
pub(super) fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema["properties"]
        .as_object()
        .into_iter()
        .flat_map(Map::iter)
}

/// Returns whether an object requires a property.
pub(super) fn requires(schema: &Value, name: &str) -> bool {
    required(schema).contains(&name)
}

/// Returns the names of the properties that an object requires.
pub(super) fn required(schema: &Value) -> Vec<&str> {
    let names = schema["required"].as_array().into_iter().flatten();
    names.filter_map(Value::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_shape_has_a_short_name() {
        let cases = r##"
            any                   true
            any                   {"description": "Any value."}
            null                  {"type": "null"}
            string                {"type": ["string", "null"]}
            string (uuid)         {"type": "string", "format": "uuid"}
            string (at least 1)   {"type": "string", "minLength": 1}
            uint32                {"type": "integer", "format": "uint32", "minimum": 0.0}
            uint (at least 1)     {"type": "integer", "format": "uint", "minimum": 1.0}
            integer | string      {"type": ["integer", "string", "null"]}
            Thread                {"$ref": "#/definitions/v2/Thread"}
            Thread                {"allOf": [{"$ref": "#/definitions/v2/Thread"}], "default": {}}
            Thread                {"anyOf": [{"$ref": "#/definitions/Thread"}, {"type": "null"}]}
            union                 {"anyOf": [{"type": "string"}, {"type": "integer"}]}
            [Turn]                {"type": "array", "items": {"$ref": "#/definitions/v2/Turn"}}
            {string: any}         {"type": "object", "additionalProperties": true}
            object                {"type": "object"}
            object                {"type": "object", "properties": {}, "additionalProperties": true}
            enum                  {"type": "string", "enum": ["a", "b"]}
            enum                  {"oneOf": [{"enum": ["a"], "description": "A."}, {"enum": ["b"]}]}"##;
        for case in cases.lines().skip(1) {
            let (expected, schema) = case.trim().split_once("  ").unwrap();
            let schema = serde_json::from_str(schema).unwrap();
            assert_eq!(type_name(&schema), expected, "{schema}");
        }
    }

    #[test]
    fn null_is_allowed_by_a_type_or_a_member_of_a_union() {
        for (expected, schema) in [
            (true, json!({"type": ["string", "null"]})),
            (true, json!({"anyOf": [{"$ref": "#/x"}, {"type": "null"}]})),
            (false, json!({"type": "string"})),
            (false, json!({"anyOf": [{"type": ["string", "null"]}, {}]})),
        ] {
            assert_eq!(allows_null(&schema), expected, "{schema}");
        }
    }

    #[test]
    fn a_tag_is_a_required_constant_and_usual_names_take_precedence() {
        let constant = |value: &str| json!({"type": "string", "enum": [value]});
        for (expected, schema) in [
            (
                Some(("type", "y")),
                json!({"properties": {"a": constant("x"), "type": constant("y")},
                       "required": ["a", "type"]}),
            ),
            (
                Some(("a", "x")),
                json!({"properties": {"a": constant("x")}, "required": ["a"]}),
            ),
            (None, json!({"properties": {"type": constant("x")}})),
        ] {
            assert_eq!(tag(&schema), expected, "{schema}");
        }
    }
}
