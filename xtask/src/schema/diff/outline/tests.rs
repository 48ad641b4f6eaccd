//! Outlines small definitions.

use serde_json::json;

use super::*;

/// The outline of a definition called `T`.
fn outlined(schema: &Value) -> Outline {
    let mut out = Outline::new();
    outline("T", schema, &mut out);
    out
}

/// The lines of a definition called `T`, as `path: text; path: text`.
fn lines(schema: &Value) -> String {
    let lines = outlined(schema).into_iter();
    let lines: Vec<String> = lines
        .map(|(path, line)| format!("{path}: {}", line.text))
        .collect();
    lines.join("; ")
}

#[test]
fn an_object_has_a_line_for_every_field() {
    let schema = json!({
        "type": "object",
        "properties": {"id": {"type": "string"}, "n": {"type": ["integer", "null"], "default": 3}},
        "required": ["id"]
    });
    assert_eq!(lines(&schema), "T: object; T.id: string; T.n: integer");
    let out = outlined(&schema);
    let field = |text: &str, required, nullable, default| Line {
        parent: Some("T".to_owned()),
        required,
        nullable,
        default,
        ..Line::new(Kind::Field, text.to_owned())
    };
    assert_eq!(out["T.id"], field("string", true, false, None));
    assert_eq!(out["T.n"], field("integer", false, true, Some(json!(3))));
}

#[test]
fn the_values_of_an_enum_are_variants_with_or_without_descriptions() {
    let schema = json!({"type": "string", "enum": ["a", "b"]});
    assert_eq!(lines(&schema), "T: enum; T::a: value; T::b: value");
    let described = json!({"oneOf": [{"enum": ["a"], "description": "A."}, {"enum": ["b"]}]});
    assert_eq!(lines(&described), lines(&schema));
}

#[test]
fn the_variants_of_a_tagged_union_have_their_fields_except_the_tag() {
    let schema = json!({"oneOf": [
        {"type": "object", "required": ["type", "text"], "properties": {
            "type": {"type": "string", "enum": ["plan"]}, "text": {"type": "string"}}},
        {"type": "object", "required": ["type"], "properties": {
            "type": {"type": "string", "enum": ["empty"]}}}
    ]});
    assert_eq!(
        lines(&schema),
        "T: union; T::empty: object; T::plan: object; T::plan.text: string"
    );
}

#[test]
fn an_object_with_a_union_has_fields_and_variants() {
    let schema = json!({
        "type": "object",
        "properties": {"id": {"type": "string"}},
        "required": ["id"],
        "oneOf": [
            {"required": ["kind"], "properties": {"kind": {"enum": ["a"]}}},
            {"required": ["kind"], "properties": {"kind": {"enum": ["b"]}}}
        ]
    });
    assert_eq!(
        lines(&schema),
        "T: union; T.id: string; T::a: object; T::b: object"
    );
}

#[test]
fn alternative_fields_of_an_object_are_optional_fields() {
    let schema = json!({"oneOf": [
        {"type": "object", "required": ["type"], "properties": {"type": {"enum": ["text"]}}},
        {"type": "object", "required": ["type"], "properties": {"type": {"enum": ["image"]}},
         "anyOf": [
             {"required": ["url"], "properties": {"url": {"type": "string"}}},
             {"required": ["fileId"], "properties": {"fileId": {"type": "string"}}}
         ]}
    ]});
    let out = outlined(&schema);
    for path in ["T::image.url", "T::image.fileId"] {
        let line = &out[path];
        assert_eq!((line.kind, line.required), (Kind::Field, false), "{path}");
    }
    assert_eq!(out.len(), 5);
}

#[test]
fn a_union_of_strings_and_objects_has_a_variant_for_each() {
    let schema = json!({"anyOf": [
        {"type": "string", "enum": ["cli", "exec"]},
        {"type": "object", "additionalProperties": false, "required": ["custom"],
         "properties": {"custom": {"type": "object", "properties": {"name": {"type": "string"}}}}}
    ]});
    assert_eq!(
        lines(&schema),
        "T: union; T::cli: value; T::custom: object; T::custom.name: string; T::exec: value"
    );
}

#[test]
fn untagged_members_are_named_by_their_type_or_their_required_fields() {
    let schema = json!({"anyOf": [
        {"type": "string"},
        {"$ref": "#/definitions/v2/Other"},
        {"type": "object", "required": ["uri"],
         "properties": {"uri": {"type": "string"}, "size": {"type": "integer"}}}
    ]});
    assert_eq!(
        lines(&schema),
        "T: union; T::Other: Other; T::string: string; T::{uri}: object; T::{uri}.size: integer; T::{uri}.uri: string"
    );
}

#[test]
fn the_parts_of_elements_belong_to_their_list_or_map() {
    let inner = json!({"type": "object", "properties": {"x": {"type": "string"}}});
    let schema = json!({"type": "object", "properties": {
        "list": {"type": "array", "items": inner},
        "map": {"type": "object", "additionalProperties": inner}
    }});
    assert_eq!(
        lines(&schema),
        "T: object; T.list: [object]; T.list[].x: string; T.map: {string: object}; T.map{}.x: string"
    );
    let out = outlined(&schema);
    assert_eq!(out["T.list[].x"].parent.as_deref(), Some("T.list"));
}

#[test]
fn a_nullable_union_has_its_variants_below_the_field() {
    let schema = json!({"type": "object", "properties": {
        "id": {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]}
    }});
    assert_eq!(
        lines(&schema),
        "T: object; T.id: union; T.id::integer: integer; T.id::string: string"
    );
}

#[test]
fn properties_named_like_keywords_are_fields() {
    let schema = json!({"type": "object", "properties": {
        "enum": {"type": "array", "items": {"type": "string"}},
        "items": {"type": "string"},
        "type": {"type": "string"}
    }});
    assert_eq!(
        lines(&schema),
        "T: object; T.enum: [string]; T.items: string; T.type: string"
    );
}
