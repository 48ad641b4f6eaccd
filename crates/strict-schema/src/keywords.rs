//! The keywords of JSON Schema that models support, and helpers to read schemas.

use serde_json::{Map, Value};

/// A schema that is an object.
pub(crate) type Object = Map<String, Value>;

/// Keywords without subschemas that the API supports, in addition to `type`, `format` and `pattern`.
const SUPPORTED: &[&str] = &[
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

/// String formats that the API supports.
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

/// Keywords that cannot be left out without changing the meaning, and that the API does not support.
const UNSUPPORTED: &[&str] = &[
    "not",
    "if",
    "then",
    "else",
    "propertyNames",
    "dependentSchemas",
    "contains",
];

/// Returns whether a keyword is an annotation, which does not constrain the value.
pub(crate) fn is_annotation(keyword: &str) -> bool {
    const ANNOTATIONS: &[&str] = &[
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
    ANNOTATIONS.contains(&keyword) || keyword.starts_with("x-")
}

/// Returns whether a schema has no constraint besides this keyword.
pub(crate) fn constrains_only_by(schema: &Object, keyword: &str) -> bool {
    schema
        .keys()
        .all(|key| key == keyword || is_annotation(key))
}

/// Returns the first keyword that no schema for models can express.
pub(crate) fn unsupported(schema: &Object) -> Option<&'static str> {
    let mut keywords = UNSUPPORTED.iter().copied();
    keywords.find(|keyword| schema.contains_key(*keyword))
}

/// Returns the schema with this type and the supported keywords that have no subschemas.
pub(crate) fn scalar(schema: &Object, name: Value) -> Object {
    let mut scalar = Object::from_iter([("type".to_owned(), name)]);
    for (key, value) in schema {
        let text = value.as_str().unwrap_or_default();
        let is_supported = match key.as_str() {
            "format" => FORMATS.contains(&text),
            "pattern" => is_portable(text),
            key => SUPPORTED.contains(&key),
        };
        if is_supported {
            scalar.insert(key.clone(), value.clone());
        }
    }
    scalar
}

/// Returns whether a pattern has no lookaround, flags or named groups. The API rejects lookaround,
/// and the syntax of the others differs between regex dialects.
fn is_portable(pattern: &str) -> bool {
    !pattern.replace("(?:", "(").contains("(?")
}

/// Returns a schema with these alternatives and a description of all of them.
pub(crate) fn described(description: &Value, alternatives: Vec<Value>) -> Object {
    Object::from_iter([
        ("description".to_owned(), description.clone()),
        ("anyOf".to_owned(), alternatives.into()),
    ])
}

/// Returns the schema without these keywords. `Map::remove` may change the order of the others.
pub(crate) fn without(schema: &Object, keys: &[&str]) -> Object {
    let rest = schema
        .iter()
        .filter(|(key, _)| !keys.contains(&key.as_str()));
    rest.map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// Returns properties with their schemas; those with a single possible value (tags) come first.
pub(crate) fn tags_first(properties: &Object) -> Vec<(&String, &Value)> {
    let mut properties: Vec<_> = properties.iter().collect();
    properties.sort_by_key(|(_, schema)| schema.get("const").is_none());
    properties
}

/// Returns the schema reduced to its description.
pub(crate) fn description(schema: &Object) -> Object {
    let description = schema.iter().filter(|(key, _)| *key == "description");
    description
        .map(|(key, text)| (key.clone(), text.clone()))
        .collect()
}

/// Returns whether a type has subschemas.
pub(crate) fn is_container(name: &Value) -> bool {
    matches!(name.as_str(), Some("object" | "array"))
}

/// Returns the type, or the types, of the values that a schema lists in `const` or `enum`.
pub(crate) fn type_of_values(schema: &Object) -> Option<Value> {
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
