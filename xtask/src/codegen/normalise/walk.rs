//! Traverses schemas. A map of properties may have keys like `items`, so it is not treated as a
//! schema.

use serde_json::{Map, Value, json};

/// Calls `visit` for the schema and all schemas nested in it, innermost first.
pub(crate) fn each_schema(schema: &mut Value, visit: &mut impl FnMut(&mut Value)) {
    if let Value::Object(object) = schema {
        for (key, value) in object.iter_mut() {
            match (key.as_str(), value) {
                ("properties", Value::Object(properties)) => {
                    properties
                        .values_mut()
                        .for_each(|property| each_schema(property, visit));
                }
                ("oneOf" | "anyOf" | "allOf", Value::Array(schemas)) => {
                    schemas
                        .iter_mut()
                        .for_each(|schema| each_schema(schema, visit));
                }
                ("items" | "additionalProperties", inner) => each_schema(inner, visit),
                _ => {}
            }
        }
    }
    visit(schema);
}

/// The `properties` of an object schema; inserts them if absent.
pub(crate) fn properties_mut(schema: &mut Value) -> Option<&mut Map<String, Value>> {
    schema
        .as_object_mut()?
        .entry("properties")
        .or_insert_with(|| Value::Object(Map::new()))
        .as_object_mut()
}

/// The names in `required`.
pub(crate) fn required(schema: &Value) -> Vec<String> {
    let names = schema.get("required").and_then(Value::as_array);
    names
        .into_iter()
        .flatten()
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect()
}

/// The values of a string enum.
pub(crate) fn string_values(schema: &Value) -> Option<Vec<&str>> {
    schema
        .get("enum")?
        .as_array()?
        .iter()
        .map(Value::as_str)
        .collect()
}

/// Whether a schema describes an object with named members.
pub(crate) fn is_object_schema(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("object")
}

/// The members of a union, from `oneOf` or `anyOf`.
pub(crate) fn union_members(schema: &Value) -> Option<&Vec<Value>> {
    schema
        .get("oneOf")
        .or_else(|| schema.get("anyOf"))?
        .as_array()
}

/// Like [`union_members`], but mutable.
pub(crate) fn union_members_mut(schema: &mut Value) -> Option<&mut Vec<Value>> {
    let keyword = if schema.get("oneOf").is_some() {
        "oneOf"
    } else {
        "anyOf"
    };
    schema.get_mut(keyword)?.as_array_mut()
}

/// The tag property of a union: in every member, a required string with exactly one value, which
/// differs from the values of the other members.
pub(crate) fn tag_of(members: &[Value]) -> Option<String> {
    let first = members.first()?.get("properties")?.as_object()?;
    first.keys().find(|name| is_tag(members, name)).cloned()
}

fn is_tag(members: &[Value], name: &str) -> bool {
    let mut seen = Vec::new();
    members.iter().all(|member| match tag_value(member, name) {
        Some(value) if !seen.contains(&value) => {
            seen.push(value);
            true
        }
        _ => false,
    })
}

/// The tag value of one member of a union.
pub(crate) fn tag_value<'a>(member: &'a Value, tag: &str) -> Option<&'a str> {
    if !required(member).iter().any(|name| name == tag) {
        return None;
    }
    match string_values(member.get("properties")?.get(tag)?)?.as_slice() {
        [value] => Some(value),
        _ => None,
    }
}

/// The shape of a union. Decides how it is generated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Union {
    /// Objects that this property distinguishes.
    Tagged(String),
    /// Strings.
    Strings,
    /// Strings and objects with a single key.
    Mixed,
    /// A schema, or `null`.
    Nullable,
    /// Anything else.
    Untagged,
}

/// Classifies a union that is not a union of messages.
pub(crate) fn union_shape(members: &[Value]) -> Union {
    if let Some(tag) = tag_of(members) {
        return Union::Tagged(tag);
    }
    // `Unrecognized` keeps the strings and objects that no other member describes.
    let is_text = |member: &Value| {
        string_values(member).is_some() || is_bare_string(member) || is_catch_all(member)
    };
    let (texts, others): (Vec<_>, Vec<_>) = members.iter().partition(|member| is_text(member));
    let has_values = texts.iter().any(|member| string_values(member).is_some());
    if has_values && others.iter().all(|member| key_of(member).is_some()) {
        let is_strings = others.is_empty() && !texts.iter().any(|member| is_catch_all(member));
        return if is_strings {
            Union::Strings
        } else {
            Union::Mixed
        };
    }
    match members {
        [_, null] if *null == json!({ "type": "null" }) => Union::Nullable,
        _ => Union::Untagged,
    }
}

fn is_bare_string(schema: &Value) -> bool {
    schema.get("type") == Some(&json!("string")) && schema.get("enum").is_none()
}

/// The keyword by which a fix-up says that an enum or union accepts more values than it lists.
pub(crate) const PARTIAL: &str = "partial";

/// Whether an enum or union accepts more values than it lists.
pub(crate) fn accepts_others(schema: &Value) -> bool {
    let members = ["oneOf", "anyOf"].map(|keyword| schema.get(keyword).and_then(Value::as_array));
    let mut members = members.into_iter().flatten().flatten();
    schema.get(PARTIAL).is_some()
        || members.any(|member| is_bare_string(member) || is_catch_all(member))
}

/// Whether a schema accepts strings and objects without further conditions.
pub(crate) fn is_catch_all(schema: &Value) -> bool {
    let types = schema.get("type").and_then(Value::as_array);
    types.is_some_and(|types| types.iter().all(|ty| *ty == "string" || *ty == "object"))
}

/// The key and payload of an object with a single key.
pub(crate) fn key_of(member: &Value) -> Option<(&String, &Value)> {
    let mut properties = member.get("properties")?.as_object()?.iter();
    match (properties.next(), properties.next()) {
        (Some((key, payload)), None)
            if is_object_schema(member) && required(member).contains(key) =>
        {
            Some((key, payload))
        }
        _ => None,
    }
}

/// The widest schema in place of one that is not understood: any object if it is known to be one,
/// any value otherwise.
pub(crate) fn widest(schema: &Value) -> Value {
    let mut wide = Map::new();
    if is_object_schema(schema) {
        wide.insert("type".to_owned(), json!("object"));
        wide.insert("additionalProperties".to_owned(), Value::Bool(true));
    }
    for keyword in ["description", "default"] {
        if let Some(value) = schema.get(keyword) {
            wide.insert(keyword.to_owned(), value.clone());
        }
    }
    Value::Object(wide)
}
