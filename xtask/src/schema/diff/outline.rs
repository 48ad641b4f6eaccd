//! Turns a definition into lines, one for each part that has a name. Two definitions are compared
//! line by line, no matter how deeply nested their differences are.
//!
//! A field is written `Thread.id`, a variant `ThreadItem::plan`, and a field of a variant
//! `ThreadItem::plan.text`. The unnamed elements of a list are written `Thread.turns[]`, and the
//! unnamed values of a map `Config.apps{}`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::shape::{
    allows_null, alternatives, is_widened_object, properties, required, requires, tag, type_name,
};

/// The lines of a release, by path.
pub(crate) type Outline = BTreeMap<String, Line>;

/// A method, a type, a field or a variant.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line {
    /// The path of the line that this one belongs to. Types and methods have none.
    pub(crate) parent: Option<String>,
    pub(crate) kind: Kind,
    /// The type without `null`; for a method, the type of its params.
    pub(crate) text: String,
    /// Whether a field is always present.
    pub(crate) required: bool,
    /// Whether a field, or the params of a method, may be `null`.
    pub(crate) nullable: bool,
    /// The default of a field.
    pub(crate) default: Option<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A method of that union.
    Method(&'static Union),
    /// A definition.
    Type,
    /// A member of an object.
    Field,
    /// A member of a union, or a value of an enum.
    Variant,
}

/// A union that lists methods.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Union {
    /// The name of its definition.
    pub(crate) name: &'static str,
    /// Its title in a report.
    pub(crate) title: &'static str,
    /// Whether the client sends its members.
    pub(crate) is_sent: bool,
    /// Whether its members have responses.
    pub(crate) is_request: bool,
}

/// All unions of methods.
pub(crate) static UNIONS: [Union; 4] = [
    union("ClientRequest", "Client requests", true, true),
    union("ClientNotification", "Client notifications", true, false),
    union("ServerRequest", "Server requests", false, true),
    union("ServerNotification", "Server notifications", false, false),
];

const fn union(name: &'static str, title: &'static str, is_sent: bool, is_request: bool) -> Union {
    Union {
        name,
        title,
        is_sent,
        is_request,
    }
}

impl Line {
    /// Creates a line that belongs to no other one.
    pub(crate) fn new(kind: Kind, text: String) -> Self {
        Self {
            parent: None,
            kind,
            text,
            required: false,
            nullable: false,
            default: None,
        }
    }
}

/// Adds the lines of a definition.
pub(crate) fn outline(name: &str, schema: &Value, out: &mut Outline) {
    out.insert(name.to_owned(), Line::new(Kind::Type, type_name(schema)));
    members(name, schema, None, out);
}

/// Adds the lines below `path`. The property `tag` has no line, because its variant gives the same
/// information.
fn members(path: &str, schema: &Value, tag: Option<&str>, out: &mut Outline) {
    for (name, field) in properties(schema).filter(|(name, _)| Some(name.as_str()) != tag) {
        let below = format!("{path}.{name}");
        let line = Line {
            required: requires(schema, name),
            nullable: allows_null(field),
            default: field
                .get("default")
                .filter(|value| !value.is_null())
                .cloned(),
            ..Line::new(Kind::Field, type_name(field))
        };
        add(path, &below, line, out);
        members(&below, field, None, out);
    }
    values(path, schema, out);
    match alternatives(schema).as_slice() {
        [only] => members(path, only, None, out),
        several if is_widened_object(schema) => widened(path, several, out),
        several => several.iter().for_each(|one| variant(path, one, out)),
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        members(path, part, tag, out);
    }
    for (suffix, inner) in [("[]", "items"), ("{}", "additionalProperties")] {
        if schema[inner].is_object() {
            members(&format!("{path}{suffix}"), &schema[inner], None, out);
        }
    }
}

/// Adds the fields of all members of a union as fields of one object. A field is required if every
/// member requires it.
fn widened(path: &str, several: &[&Value], out: &mut Outline) {
    for one in several {
        for (name, field) in properties(one) {
            let below = format!("{path}.{name}");
            let line = Line {
                required: several.iter().all(|one| requires(one, name)),
                nullable: allows_null(field),
                ..Line::new(Kind::Field, type_name(field))
            };
            add(path, &below, line, out);
        }
    }
}

/// Adds the values of an enum.
fn values(path: &str, schema: &Value, out: &mut Outline) {
    for value in schema["enum"].as_array().into_iter().flatten() {
        let name = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        let below = format!("{path}::{name}");
        let line = Line::new(Kind::Variant, "value".to_owned());
        add(path, &below, line, out);
    }
}

/// Adds a member of a union.
fn variant(path: &str, schema: &Value, out: &mut Outline) {
    if schema["enum"].is_array() {
        return values(path, schema, out);
    }
    let tag = tag(schema);
    let (name, inner) = match (tag, required(schema).as_slice()) {
        (Some((_, value)), _) => (value.to_owned(), schema),
        // The only property is the tag, and its value the content.
        (None, [only])
            if schema["additionalProperties"] == false && properties(schema).count() == 1 =>
        {
            ((*only).to_owned(), &schema["properties"][*only])
        }
        (None, []) => (type_name(schema), schema),
        // Without a tag, the required properties identify the variant, because they stay the same
        // when others are added.
        (None, required) => (format!("{{{}}}", required.join(", ")), schema),
    };
    let below = format!("{path}::{name}");
    let line = Line::new(Kind::Variant, type_name(inner));
    add(path, &below, line, out);
    members(&below, inner, tag.map(|(name, _)| name), out);
}

/// Adds a line that belongs to the one at `parent`.
fn add(parent: &str, path: &str, line: Line, out: &mut Outline) {
    // Elements have no line of their own: their parts belong to the list or map.
    let mut parent = parent;
    while let Some(list) = parent
        .strip_suffix("[]")
        .or_else(|| parent.strip_suffix("{}"))
    {
        parent = list;
    }
    let parent = Some(parent.to_owned());
    out.insert(path.to_owned(), Line { parent, ..line });
}

#[cfg(test)]
mod tests;
