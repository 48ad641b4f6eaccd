//! Says in a few characters what a schema allows, so that two of them can be compared and shown.

use serde_json::Value;

use super::shape::{allows_null, alternatives, is_widened_object, reference, types};

/// What a schema allows, `null` aside: `string`, `[ThreadItem]`, `{string: any}`, `enum`, `union`.
///
/// Shapes without a name of their own are named by their kind alone; their members are told apart
/// in the outline.
pub(super) fn text(schema: &Value) -> String {
    if let Some(name) = reference(schema) {
        return name.to_owned();
    }
    match alternatives(schema).as_slice() {
        [] => {}
        _ if is_widened_object(schema) => return "object".to_owned(),
        [only] => return text(only),
        // Values with a description each are an enum like any other.
        several if several.iter().all(|one| one["enum"].is_array()) => return "enum".to_owned(),
        [..] => return "union".to_owned(),
    }
    if let Some(parts) = schema["allOf"].as_array() {
        return parts.iter().map(text).collect::<Vec<_>>().join(" & ");
    }
    if schema["enum"].is_array() {
        return "enum".to_owned();
    }
    let types: Vec<String> = types(schema)
        .iter()
        .filter(|&&kind| kind != "null")
        .map(|kind| of_type(schema, kind))
        .collect();
    match types.is_empty() {
        false => types.join(" | "),
        true if allows_null(schema) => "null".to_owned(),
        true => "any".to_owned(),
    }
}

/// What a schema says of one of its types.
fn of_type(schema: &Value, kind: &str) -> String {
    match kind {
        "array" => format!("[{}]", text(&schema["items"])),
        "object" => match &schema["additionalProperties"] {
            _ if schema["properties"].is_object() => "object".to_owned(),
            Value::Null | Value::Bool(false) => "object".to_owned(),
            values => format!("{{string: {}}}", text(values)),
        },
        "string" => match (schema["format"].as_str(), schema["minLength"].as_u64()) {
            (Some(format), _) => format!("string ({format})"),
            (None, Some(length)) => format!("string (at least {length})"),
            (None, None) => "string".to_owned(),
        },
        number => {
            let name = schema["format"].as_str().unwrap_or(number);
            match schema["minimum"].as_f64() {
                // Zero goes without saying: it comes with every unsigned integer.
                Some(minimum) if minimum != 0.0 => format!("{name} (at least {minimum})"),
                _ => name.to_owned(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_shape_has_a_short_text() {
        for (expected, schema) in [
            ("any", json!(true)),
            ("any", json!({"description": "Whatever."})),
            ("null", json!({"type": "null"})),
            ("string", json!({"type": ["string", "null"]})),
            ("string (uuid)", json!({"type": "string", "format": "uuid"})),
            (
                "string (at least 1)",
                json!({"type": "string", "minLength": 1}),
            ),
            (
                "uint32",
                json!({"type": "integer", "format": "uint32", "minimum": 0.0}),
            ),
            (
                "uint (at least 1)",
                json!({"type": "integer", "format": "uint", "minimum": 1.0}),
            ),
            (
                "integer | string",
                json!({"type": ["integer", "string", "null"]}),
            ),
            ("Thread", json!({"$ref": "#/definitions/v2/Thread"})),
            (
                "Thread",
                json!({"allOf": [{"$ref": "#/definitions/v2/Thread"}], "default": {}}),
            ),
            (
                "Thread",
                json!({"anyOf": [{"$ref": "#/definitions/Thread"}, {"type": "null"}]}),
            ),
            (
                "union",
                json!({"anyOf": [{"type": "string"}, {"type": "integer"}]}),
            ),
            (
                "[Turn]",
                json!({"type": "array", "items": {"$ref": "#/definitions/v2/Turn"}}),
            ),
            (
                "{string: any}",
                json!({"type": "object", "additionalProperties": true}),
            ),
            ("object", json!({"type": "object"})),
            (
                "object",
                json!({"type": "object", "properties": {}, "additionalProperties": true}),
            ),
            ("enum", json!({"type": "string", "enum": ["a", "b"]})),
            (
                "enum",
                json!({"oneOf": [{"enum": ["a"], "description": "A."}, {"enum": ["b"]}]}),
            ),
        ] {
            assert_eq!(text(&schema), expected, "{schema}");
        }
    }
}
