//! Reduces each schema to the keywords and types that the generator understands.
//!
//! Each keyword of JSON Schema only narrows what a schema accepts, with two exceptions:
//! `additionalProperties` and `items` apply to what their siblings do not describe. Leaving a
//! keyword out therefore widens the schema, if these two are widened with it. A keyword that JSON
//! Schema does not define could mean anything, so its schema accepts any value.

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::{
    pass::Pass,
    walk::{is_catch_all, union_members_mut, widest},
};
use crate::codegen::report::{Kind, Place};

/// Keywords that the generator reads.
const READ: &[&str] = &[
    "$ref",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "default",
    "description",
    "discriminator",
    "enum",
    "format",
    "items",
    "oneOf",
    "partial",
    "properties",
    "required",
    "title",
    "type",
    "variants",
];

/// Keywords that do not affect the type.
const WITHOUT_EFFECT: &[&str] = &[
    "$comment",
    "$id",
    "$schema",
    "deprecated",
    "examples",
    "minLength",
    "minimum",
    "readOnly",
    "writeOnly",
];

/// Further keywords of JSON Schema, which narrow what the schema accepts.
const NARROWING: &[&str] = &[
    "$defs",
    "additionalItems",
    "contains",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "definitions",
    "dependencies",
    "dependentRequired",
    "dependentSchemas",
    "else",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "if",
    "maxContains",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minContains",
    "minItems",
    "minProperties",
    "multipleOf",
    "not",
    "pattern",
    "patternProperties",
    "prefixItems",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
    "uniqueItems",
];

/// The bits of the integer formats that have a Rust type.
const INTEGERS: &[&str] = &[
    "int8", "int16", "int32", "int64", "int", "uint8", "uint16", "uint32", "uint64", "uint",
];

const PLACE: Place = Place::new("normalise/keywords.rs", "READ");

/// Leaves out or widens everything in a definition that the generator does not understand.
pub(super) fn understand_keywords(schema: &mut Value, pass: &mut Pass<'_>) -> Result<()> {
    let path = pass.name.to_owned();
    understand(schema, &path, Position::Definition, pass);
    Ok(())
}

/// The position of a schema.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Position {
    /// A definition, or a member of its union.
    Definition,
    /// Inside of a definition.
    Value,
}

fn understand(schema: &mut Value, path: &str, position: Position, pass: &mut Pass<'_>) {
    match schema {
        Value::Bool(true) => return,
        Value::Object(_) => {}
        _ => return widen(schema, path, "a schema that is not an object", pass),
    }
    leave_out(schema, path, position, pass);
    reduce_values(schema, path, pass);
    reduce_types(schema, path, position, pass);
    reduce_format(schema, path, pass);
    reduce_nulls(schema);
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    for (keyword, inner) in object {
        match (keyword.as_str(), inner) {
            ("properties", Value::Object(properties)) => {
                for (name, property) in properties {
                    understand(property, &format!("{path}.{name}"), Position::Value, pass);
                }
            }
            ("anyOf" | "oneOf", Value::Array(members)) => {
                for member in members {
                    understand(member, path, position, pass);
                }
            }
            ("items", inner) => understand(inner, &format!("{path}[]"), Position::Value, pass),
            ("additionalProperties", inner) if !inner.is_boolean() => {
                understand(inner, &format!("{path}.*"), Position::Value, pass);
            }
            _ => {}
        }
    }
}

/// Leaves out the keywords that are not read.
fn leave_out(schema: &mut Value, path: &str, position: Position, pass: &mut Pass<'_>) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    let others: Vec<_> = object
        .keys()
        .filter(|keyword| !READ.contains(&keyword.as_str()))
        .cloned()
        .collect();
    for keyword in others {
        object.remove(&keyword);
        if WITHOUT_EFFECT.contains(&keyword.as_str()) {
            continue;
        }
        // The fields of a definition are still worth having.
        let is_kept = object.contains_key("properties") && position == Position::Definition;
        if !NARROWING.contains(&keyword.as_str()) && !is_kept {
            let reason = format!("the keyword `{keyword}` is unknown");
            return widen(schema, path, &reason, pass);
        }
        let sentence = format!("the keyword `{keyword}` is left out");
        pass.report(Kind::LeftOut, path, sentence, PLACE);
        if object.contains_key("items") {
            object.insert("items".to_owned(), Value::Bool(true));
        }
        let describes_fields = keyword == "patternProperties";
        if object.contains_key("additionalProperties") || describes_fields {
            object.insert("additionalProperties".to_owned(), Value::Bool(true));
        }
    }
}

/// Turns a constant into an enum of one value. Enums of numbers or booleans accept any value of
/// their type, and those of other values are widened.
fn reduce_values(schema: &mut Value, path: &str, pass: &mut Pass<'_>) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    if !object.contains_key("$ref")
        && let Some(constant) = object.remove("const")
    {
        object.insert("enum".to_owned(), json!([constant]));
    }
    let Some(values) = object.get("enum") else {
        return;
    };
    let values = values.as_array().map_or(&[][..], Vec::as_slice);
    let (nulls, others): (Vec<_>, Vec<_>) = values.iter().partition(|value| value.is_null());
    let Some(ty) = common_type(&others) else {
        return widen(schema, path, "an enum of values of several types", pass);
    };
    if ty != "string" {
        let ty = match nulls.is_empty() {
            true => json!(ty),
            false => json!([ty, "null"]),
        };
        object.remove("enum");
        object.insert("type".to_owned(), ty);
    } else if !nulls.is_empty() {
        let strings = json!({ "type": "string", "enum": others });
        object.remove("enum");
        object.remove("type");
        let members = json!([strings, { "type": "null" }]);
        object.insert("anyOf".to_owned(), members);
    } else {
        object.insert("type".to_owned(), json!("string"));
    }
}

/// The type of all these values, unless they have several types, or one whose values have parts.
fn common_type(values: &[&Value]) -> Option<&'static str> {
    let is_all = |is: fn(&Value) -> bool| values.iter().all(|value| is(value));
    match values {
        [] => None,
        _ if is_all(Value::is_string) => Some("string"),
        _ if is_all(Value::is_boolean) => Some("boolean"),
        _ if is_all(Value::is_i64) => Some("integer"),
        _ if is_all(Value::is_number) => Some("number"),
        _ => None,
    }
}

/// Reduces a list of types to `[T, "null"]` or to one type, and widens other lists.
fn reduce_types(schema: &mut Value, path: &str, position: Position, pass: &mut Pass<'_>) {
    const TYPES: &[&str] = &[
        "array", "boolean", "integer", "null", "number", "object", "string",
    ];
    let known = |ty: &Value| ty.as_str().is_some_and(|ty| TYPES.contains(&ty));
    match schema.get("type") {
        None => {}
        Some(Value::Array(types)) if types.iter().all(known) => {
            let (nulls, others): (Vec<_>, Vec<_>) = types.iter().partition(|ty| *ty == "null");
            match (others.as_slice(), nulls.is_empty()) {
                ([ty], true) => schema["type"] = (*ty).clone(),
                ([ty], false) => schema["type"] = json!([*ty, "null"]),
                // A catch-all of a union. `classify` knows what to do with it.
                _ if position == Position::Definition && is_catch_all(schema) => {}
                _ => widen(schema, path, "a list of types", pass),
            }
        }
        Some(ty) if known(ty) => {}
        Some(ty) => {
            let reason = format!("the type `{ty}` is unknown");
            widen(schema, path, &reason, pass);
        }
    }
}

/// Removes the format of a string, which stays a string. Maps an integer without a Rust type to a
/// number.
fn reduce_format(schema: &mut Value, path: &str, pass: &mut Pass<'_>) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    let Some(format) = object.get("format").and_then(Value::as_str) else {
        return;
    };
    let is = |name: &str| match object.get("type") {
        Some(Value::Array(types)) => types.iter().any(|ty| ty == name),
        Some(ty) => ty == name,
        None => false,
    };
    if is("integer") && !INTEGERS.contains(&format) {
        let sentence = format!("the integer format `{format}` is unknown");
        pass.report(Kind::Widened, path, sentence, PLACE);
        let is_nullable = object["type"].is_array();
        let number = json!("number");
        let ty = if is_nullable {
            json!([number, "null"])
        } else {
            number
        };
        object.insert("type".to_owned(), ty);
        object.remove("format");
    } else if !is("integer") && !is("number") {
        object.remove("format");
    }
}

/// Moves `null` to the end of a union of two, and out of a larger union.
fn reduce_nulls(schema: &mut Value) {
    let null = json!({ "type": "null" });
    let Some(members) = union_members_mut(schema) else {
        return;
    };
    let before = members.len();
    members.retain(|member| *member != null);
    let others = std::mem::take(members);
    if others.len() == before {
        *members = others;
        return;
    }
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    object.remove("oneOf");
    object.remove("anyOf");
    let bare = match <[Value; 1]>::try_from(others) {
        Ok([one]) => one,
        Err(others) => {
            // The fields next to the union belong to it.
            let mut union = Map::new();
            for keyword in ["properties", "required", "type"] {
                union.extend(
                    object
                        .remove(keyword)
                        .map(|value| (keyword.to_owned(), value)),
                );
            }
            union.insert("oneOf".to_owned(), Value::Array(others));
            Value::Object(union)
        }
    };
    object.insert("anyOf".to_owned(), Value::Array(vec![bare, null]));
}

/// Replaces a schema with the widest one that can be right, and keeps its description.
fn widen(schema: &mut Value, path: &str, reason: &str, pass: &mut Pass<'_>) {
    pass.report(Kind::Widened, path, reason, PLACE);
    *schema = widest(schema);
}
