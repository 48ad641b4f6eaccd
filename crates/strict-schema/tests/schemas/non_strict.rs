//! Non-strict schemas.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::{Value, json};
use strict_schema::{Layout, non_strict_for_type};

use crate::support::{Verdict, tag, verdict};

#[test]
fn a_non_strict_schema_allows_optional_properties_maps_and_any_values() {
    #[derive(JsonSchema)]
    #[expect(dead_code)]
    struct Inner {
        x: bool,
        y: Option<bool>,
    }
    #[derive(JsonSchema)]
    #[expect(dead_code)]
    struct Open {
        a: BTreeMap<String, Option<bool>>,
        b: BTreeMap<u8, Verdict>,
        /// Anything.
        c: Value,
        d: serde_json::Map<String, Value>,
        #[serde(default)]
        e: bool,
        #[serde(flatten)]
        rest: BTreeMap<String, bool>,
        z: (bool, String, bool),
    }
    let boolean = json!({"type": "boolean"});
    let schema = non_strict_for_type::<Open>().unwrap();
    let map = |of: Value| json!({"type": "object", "properties": {}, "additionalProperties": of});
    let expected = json!({
        "type": "object",
        "required": ["a", "b", "c", "d", "z"],
        "properties": {
            "a": map(json!({"type": ["boolean", "null"]})),
            "b": map(json!({"$ref": "#/$defs/Verdict"})),
            "c": {"description": "Anything."},
            "d": map(json!(true)),
            "e": boolean,
            "z": {
                "type": "array", "minItems": 3, "maxItems": 3,
                "items": {"anyOf": [boolean, {"type": "string"}]},
            },
        },
        "additionalProperties": boolean,
        "$defs": {"Verdict": verdict()},
    });
    assert_eq!(schema.as_value(), &expected, "{:#}", schema.as_value());
    assert_eq!(schema.layout(), Layout::Object);
    // A merged object requires the required properties of each part.
    #[derive(JsonSchema)]
    #[serde(tag = "kind", deny_unknown_fields)]
    #[expect(dead_code)]
    enum Tagged {
        New(Inner),
        Struct { z: Option<bool> },
    }
    let optional = json!({"type": ["boolean", "null"]});
    let choice = json!({"anyOf": [
        {
            "type": "object", "required": ["kind", "x"],
            "properties": {"kind": tag("New"), "x": boolean, "y": optional},
        },
        {
            "type": "object", "required": ["kind"], "additionalProperties": false,
            "properties": {"kind": tag("Struct"), "z": optional},
        },
    ]});
    let schema = non_strict_for_type::<Tagged>().unwrap();
    assert_eq!(
        schema.as_value()["$defs"]["Tagged"],
        choice,
        "{:#}",
        schema.as_value()
    );
    let value = json!({"$ref": "#/$defs/Tagged"});
    assert_eq!(schema.as_value()["properties"], json!({"value": value}));
    assert_eq!(schema.as_value()["required"], json!(["value"]));
    assert_eq!(schema.layout(), Layout::Wrapped);
    // A unit type has a single value.
    let schema = non_strict_for_type::<()>().unwrap();
    assert_eq!(
        schema.as_value(),
        &json!({"type": "object", "properties": {}})
    );
    assert_eq!(schema.layout(), Layout::Empty);
}
