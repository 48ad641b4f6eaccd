//! Which keywords of JSON Schema models know, and which say nothing about a value.

use serde_json::{Map, Value};

/// A schema.
pub(super) type Object = Map<String, Value>;

/// What the API takes beside `type`, and what says nothing about the value.
const KEPT: &[&str] = &[
    "description",
    "enum",
    "const",
    "multipleOf",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minItems",
    "maxItems",
];

/// The formats of text that the API knows.
const FORMATS: &[&str] = &[
    "date-time",
    "time",
    "date",
    "duration",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "uuid",
];

/// What no form can say.
const UNKNOWN: &[&str] = &[
    "not",
    "if",
    "then",
    "else",
    "propertyNames",
    "dependentSchemas",
    "contains",
];

/// Whether a keyword says nothing about the value.
pub(super) fn is_note(keyword: &str) -> bool {
    const NOTES: &[&str] = &[
        "$schema",
        "$defs",
        "$id",
        "$comment",
        "title",
        "description",
        "default",
        "examples",
        "deprecated",
        "readOnly",
        "writeOnly",
    ];
    NOTES.contains(&keyword) || keyword.starts_with("x-")
}

/// Whether a schema is this keyword, and nothing else that says something about the value.
pub(super) fn has_only_notes_beside(schema: &Object, keyword: &str) -> bool {
    schema.keys().all(|key| key == keyword || is_note(key))
}

pub(super) fn has_unknown(schema: &Object) -> bool {
    UNKNOWN.iter().any(|keyword| schema.contains_key(*keyword))
}

/// A schema without what holds other schemas.
pub(super) fn scalar(schema: &Object, name: Value) -> Object {
    let mut scalar = Object::from_iter([("type".to_owned(), name)]);
    for (key, value) in schema {
        let text = value.as_str().unwrap_or_default();
        let is_kept = match key.as_str() {
            "format" => FORMATS.contains(&text),
            "pattern" => is_plain(text),
            key => KEPT.contains(&key),
        };
        if is_kept {
            scalar.insert(key.clone(), value.clone());
        }
    }
    scalar
}

/// Whether a pattern is without lookaround, flags and names. The API refuses the first, and the others
/// are written in many ways.
fn is_plain(pattern: &str) -> bool {
    !pattern.replace("(?:", "(").contains("(?")
}

/// One of several, with a text about all of them.
pub(super) fn described(text: &Value, choices: Vec<Value>) -> Object {
    Object::from_iter([
        ("description".to_owned(), text.clone()),
        ("anyOf".to_owned(), choices.into()),
    ])
}

/// The same without these. `Map::remove` may change the order of the others.
pub(super) fn without(schema: &Object, keys: &[&str]) -> Object {
    let rest = schema
        .iter()
        .filter(|(key, _)| !keys.contains(&key.as_str()));
    rest.map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// Members with their schemas; those that can only have one value, which tags are, first.
pub(super) fn tags_first(members: &Object) -> Vec<(&String, &Value)> {
    let mut members: Vec<_> = members.iter().collect();
    members.sort_by_key(|(_, schema)| schema.get("const").is_none());
    members
}

/// Its description alone.
pub(super) fn description(schema: &Object) -> Object {
    let notes = schema.iter().filter(|(key, _)| *key == "description");
    notes
        .map(|(key, text)| (key.clone(), text.clone()))
        .collect()
}

pub(super) fn is_container(name: &Value) -> bool {
    matches!(name.as_str(), Some("object" | "array"))
}

/// The type of the values that a schema lists, where it does not say it; types, if they have several.
pub(super) fn type_of_values(schema: &Object) -> Option<Value> {
    let values = match (schema.get("const"), schema.get("enum")) {
        (Some(value), _) => std::slice::from_ref(value),
        (None, Some(Value::Array(values))) => values,
        _ => return None,
    };
    let mut names = Vec::new();
    for value in values {
        let name = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "number",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) | Value::Object(_) => return None,
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    match names.as_slice() {
        [] => None,
        [name] => Some((*name).into()),
        names => Some(names.into()),
    }
}
