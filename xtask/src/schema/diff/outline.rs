//! Flattens a definition into lines, one for everything in it that has a name: two definitions are
//! then compared line by line, however deep the difference lies.
//!
//! A field is `Thread.id`, a variant `ThreadItem::plan`, a field of a variant `ThreadItem::plan.text`;
//! the elements of a list without a type of their own are `Thread.turns[]`, the values of a map
//! `Config.apps{}`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::expression::text;
use super::shape::{
    allows_null, alternatives, is_widened_object, properties, reference, requires, tag,
};

/// The lines of many definitions, by path.
pub(super) type Outline = BTreeMap<String, Member>;

/// One line: a type, a field or a variant.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Member {
    /// The path of what it belongs to; a type belongs to nothing.
    pub(super) parent: Option<String>,
    /// What sort of thing it is.
    pub(super) kind: Kind,
    /// What it allows, `null` aside.
    pub(super) text: String,
}

/// The sorts of things that have a name.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// A definition.
    Type,
    /// A member of an object.
    Field {
        /// Whether it is always written.
        required: bool,
        /// Whether it may be `null`.
        nullable: bool,
        /// What stands for it when it is left out.
        default: Option<Value>,
    },
    /// A member of a union, or a value of an enum.
    Variant,
}

/// Adds the lines of a definition.
pub(super) fn outline(name: &str, schema: &Value, out: &mut Outline) {
    out.insert(
        name.to_owned(),
        Member {
            parent: None,
            kind: Kind::Type,
            text: text(schema),
        },
    );
    members(name, schema, None, out);
}

/// Adds what lies below `path`; the property `tag` is told by the name of its variant already.
fn members(path: &str, schema: &Value, tag: Option<&str>, out: &mut Outline) {
    for (name, field) in properties(schema).filter(|(name, _)| Some(name.as_str()) != tag) {
        let below = format!("{path}.{name}");
        let kind = Kind::Field {
            required: requires(schema, name),
            nullable: allows_null(field),
            default: field
                .get("default")
                .filter(|value| !value.is_null())
                .cloned(),
        };
        add(path, &below, kind, text(field), out);
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
        members_of_inner(path, suffix, &schema[inner], out);
    }
}

/// Adds what lies in the elements of a list or the values of a map; the list itself has the line.
fn members_of_inner(path: &str, suffix: &str, inner: &Value, out: &mut Outline) {
    if !inner.is_object() {
        return;
    }
    let mut below = Outline::new();
    let elements = format!("{path}{suffix}");
    members(&elements, inner, None, &mut below);
    for (name, mut member) in below {
        if member.parent.as_deref() == Some(&elements) {
            member.parent = Some(path.to_owned());
        }
        out.insert(name, member);
    }
}

/// Adds the fields of all members of a union as fields of the object that it belongs to. A field is
/// required only where every member requires it.
fn widened(path: &str, several: &[&Value], out: &mut Outline) {
    for one in several {
        for (name, field) in properties(one) {
            let kind = Kind::Field {
                required: several.iter().all(|one| requires(one, name)),
                nullable: allows_null(field),
                default: None,
            };
            add(path, &format!("{path}.{name}"), kind, text(field), out);
        }
    }
}

/// Adds the values of an enum.
fn values(path: &str, schema: &Value, out: &mut Outline) {
    for value in schema["enum"].as_array().into_iter().flatten() {
        add(
            path,
            &format!("{path}::{}", bare(value)),
            Kind::Variant,
            "value".into(),
            out,
        );
    }
}

/// Adds one member of a union.
fn variant(path: &str, schema: &Value, out: &mut Outline) {
    if schema["enum"].is_array() {
        return values(path, schema, out);
    }
    if let Some((tag, value)) = tag(schema) {
        let below = format!("{path}::{value}");
        add(path, &below, Kind::Variant, "object".into(), out);
        return members(&below, schema, Some(tag), out);
    }
    let names: Vec<&str> = properties(schema).map(|(name, _)| name.as_str()).collect();
    match names.as_slice() {
        // The one property is the tag, and its value what the variant carries.
        [only] if schema["additionalProperties"] == false && requires(schema, only) => {
            let carried = &schema["properties"][only];
            let below = format!("{path}::{only}");
            add(path, &below, Kind::Variant, text(carried), out);
            members(&below, carried, None, out);
        }
        [] if reference(schema).is_none() && schema["required"].is_array() => {
            let needed: Vec<String> = schema["required"]
                .as_array()
                .into_iter()
                .flatten()
                .map(bare)
                .collect();
            let below = format!("{path}::with {}", needed.join(", "));
            add(path, &below, Kind::Variant, "object".into(), out);
        }
        [] => {
            let below = format!("{path}::{}", text(schema));
            add(path, &below, Kind::Variant, text(schema), out);
            members(&below, schema, None, out);
        }
        // Without a tag it is known by what it requires, which stays when fields are added.
        names => {
            let needed: Vec<&str> = names
                .iter()
                .copied()
                .filter(|name| requires(schema, name))
                .collect();
            let below = format!("{path}::{{{}}}", needed.join(", "));
            add(path, &below, Kind::Variant, "object".into(), out);
            members(&below, schema, None, out);
        }
    }
}

fn add(parent: &str, path: &str, kind: Kind, text: String, out: &mut Outline) {
    out.insert(
        path.to_owned(),
        Member {
            parent: Some(parent.to_owned()),
            kind,
            text,
        },
    );
}

/// The value of an enum as it stands in a path.
fn bare(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests;
