//! Expected schemas, and types that several tests use.

// `json!` makes owned values.
#![expect(clippy::needless_pass_by_value)]

use schemars::JsonSchema;
use serde_json::{Value, json};
use strict_schema::Layout;

/// Asserts that a type has this strict schema and is an object by itself.
#[track_caller]
pub(crate) fn assert_object<T: JsonSchema>(expected: Value) {
    assert_strict::<T>(expected, Layout::Object);
}

/// Asserts that a type has this strict schema, wrapped in an object.
#[track_caller]
pub(crate) fn assert_wrapped<T: JsonSchema>(value: Value) {
    assert_strict::<T>(object(json!({"value": value})), Layout::Wrapped);
}

#[track_caller]
pub(crate) fn assert_strict<T: JsonSchema>(expected: Value, layout: Layout) {
    let schema = strict_schema::for_type::<T>().expect("a strict schema");
    let value = schema.as_value();
    assert_eq!((value, schema.layout()), (&expected, layout), "{value:#}");
}

/// A strict object. `required` lists tags first.
pub(crate) fn object(properties: Value) -> Value {
    let all = properties.as_object().expect("an object").iter();
    let (mut required, others): (Vec<_>, Vec<_>) =
        all.partition(|(_, schema)| schema.get("const").is_some());
    required.extend(others);
    let required: Vec<&String> = required.into_iter().map(|(name, _)| name).collect();
    json!({
        "type": "object", "required": required, "properties": properties,
        "additionalProperties": false,
    })
}

/// The schema of a tag.
pub(crate) fn tag(name: &str) -> Value {
    json!({"type": "string", "const": name})
}

/// The schema with one more keyword.
pub(crate) fn with(mut schema: Value, key: &str, value: Value) -> Value {
    schema[key] = value;
    schema
}

/// A point.
#[derive(JsonSchema)]
#[expect(dead_code)]
pub(crate) struct Point {
    x: f64,
    y: Option<f64>,
}

pub(crate) fn point() -> Value {
    let point = object(json!({"x": {"type": "number"}, "y": {"type": ["number", "null"]}}));
    with(point, "description", json!("A point."))
}

#[derive(JsonSchema)]
#[expect(dead_code)]
pub(crate) enum Verdict {
    Good,
    Bad,
}

pub(crate) fn verdict() -> Value {
    json!({"type": "string", "enum": ["Good", "Bad"]})
}
