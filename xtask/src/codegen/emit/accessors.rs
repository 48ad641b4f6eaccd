//! Writes accessors for the fields that all variants of an enum share, and for the ids in messages.

use std::fmt::Write as _;

use anyhow::Result;

use super::{docs, object::field_type};
use crate::codegen::model::{Field, Kind, Method, Model, Rule, Tagged};

/// Writes accessors for the fields that all variants of a tagged union share.
pub(crate) fn shared(out: &mut String, name: &str, tagged: &Tagged, model: &Model) -> Result<()> {
    let common = common_fields(tagged, model);
    if common.is_empty() {
        return Ok(());
    }
    writeln!(out, "impl {name} {{")?;
    for (field, access) in common {
        let ident = &field.slot.ident;
        let body = tagged.variants[0].body.as_deref().unwrap_or_default();
        let sentence = format!(
            "Returns the field [`{ident}`](field@crate::{body}::{ident}), which all variants share, or \
             `None` if it is absent."
        );
        out.push_str(&docs::comment(&sentence, "    "));
        writeln!(
            out,
            "    pub fn {ident}(&self) -> Option<{}> {{\n        match self {{",
            access.result()
        )?;
        for variant in &tagged.variants {
            let value = access.read(&format!("body.{ident}"), field);
            writeln!(
                out,
                "            Self::{}(body) => {value},",
                variant.name.ident
            )?;
        }
        let unknown = access.in_value(&field.slot.name);
        writeln!(
            out,
            "            Self::Unrecognized(value) => {unknown},\n        }}\n    }}\n"
        )?;
    }
    writeln!(out, "}}\n")?;
    Ok(())
}

/// The fields that all variants share, if their type has an accessor.
fn common_fields<'a>(tagged: &Tagged, model: &'a Model) -> Vec<(&'a Field, Access)> {
    let bodies = tagged
        .variants
        .iter()
        .map(|variant| model.object(variant.body.as_deref()?));
    let bodies: Vec<_> = bodies
        .map(|body| body.map_or(&[][..], |body| &body.fields))
        .collect();
    let [first, others @ ..] = bodies.as_slice() else {
        return Vec::new();
    };
    if others.is_empty() {
        return Vec::new();
    }
    let everywhere = |field: &&Field| {
        others
            .iter()
            .all(|other| other.iter().any(|other| same(field, other)))
    };
    first
        .iter()
        .filter(everywhere)
        .filter_map(|field| Some((field, Access::of(field)?)))
        .collect()
}

fn same(one: &Field, other: &Field) -> bool {
    one.slot.name == other.slot.name && field_type(one) == field_type(other)
}

/// The return type of an accessor.
#[derive(Clone, Copy)]
enum Access {
    Text,
    Integer,
    Bool,
}

impl Access {
    fn of(field: &Field) -> Option<Self> {
        match field.slot.rust.as_str() {
            "String" => Some(Self::Text),
            "i64" => Some(Self::Integer),
            "bool" => Some(Self::Bool),
            _ => None,
        }
    }

    fn result(self) -> &'static str {
        match self {
            Self::Text => "&str",
            Self::Integer => "i64",
            Self::Bool => "bool",
        }
    }

    fn read(self, place: &str, field: &Field) -> String {
        let optional = !matches!(field.rule, Rule::Required | Rule::Default);
        match (self, optional) {
            (Self::Text, true) => format!("{place}.as_deref()"),
            (Self::Text, false) => format!("Some(&{place})"),
            (_, true) => place.to_owned(),
            (_, false) => format!("Some({place})"),
        }
    }

    fn in_value(self, wire: &str) -> String {
        match self {
            Self::Text => format!("wire::string_at(value, {wire:?})"),
            Self::Integer => format!("value.get({wire:?})?.as_i64()"),
            Self::Bool => format!("value.get({wire:?})?.as_bool()"),
        }
    }
}

/// The accessors for ids, with the paths at which the params of a message may hold the id.
const IDS: &[(&str, &[&[&str]])] = &[
    (
        "thread_id",
        &[&["threadId"], &["conversationId"], &["thread", "id"]],
    ),
    ("turn_id", &[&["turnId"], &["turn", "id"]]),
    ("item_id", &[&["itemId"], &["callId"], &["item", "id"]]),
];

/// Writes `thread_id`, `turn_id` and `item_id` for a message union.
pub(crate) fn ids(out: &mut String, name: &str, methods: &[Method], model: &Model) -> Result<()> {
    writeln!(out, "impl {name} {{")?;
    for (accessor, paths) in IDS {
        let what = accessor.trim_end_matches("_id");
        writeln!(
            out,
            "    /// Returns the id of the {what} that the message concerns, if any."
        )?;
        writeln!(
            out,
            "    pub fn {accessor}(&self) -> Option<&str> {{\n        match self {{"
        )?;
        let mut without = false;
        for method in methods {
            let params = method.params.as_deref().unwrap_or_default();
            match paths.iter().find_map(|path| id_in(model, params, path)) {
                Some(value) => writeln!(
                    out,
                    "            Self::{}(params) => {value},",
                    method.ident
                )?,
                None => without = true,
            }
        }
        let unknown: Vec<_> = paths
            .iter()
            .map(|path| format!("message.string(&{path:?})"))
            .collect();
        let unknown = unknown.join(".or_else(|| ") + &")".repeat(paths.len() - 1);
        writeln!(out, "            Self::Unrecognized(message) => {unknown},")?;
        if without {
            writeln!(out, "            _ => None,")?;
        }
        writeln!(out, "        }}\n    }}\n")?;
    }
    writeln!(out, "}}\n")?;
    Ok(())
}

/// An expression for the id at a path in the params; `None` if the params have no such field.
fn id_in(model: &Model, params: &str, path: &[&str]) -> Option<String> {
    let field = |of: &str, name: &str| {
        let object = model.object(of)?;
        object.fields.iter().find(|field| field.slot.name == name)
    };
    match path {
        [name] => {
            // Params that are a union have accessors for shared fields.
            if let Kind::Tagged(tagged) = &model.types.get(params)?.kind {
                return shared_accessor(tagged, name, model).map(|name| format!("params.{name}()"));
            }
            let field = field(params, name)?;
            let place = format!("params.{}", field.slot.ident);
            let optional = !matches!(field.rule, Rule::Required | Rule::Default);
            Some(
                match (
                    model.types.get(&field.slot.rust).map(|ty| &ty.kind),
                    optional,
                ) {
                    (None, true) => format!("{place}.as_deref()"),
                    (None, false) => format!("Some(&{place})"),
                    (Some(Kind::StringNewtype), true) => {
                        format!("{place}.as_ref().map(|id| id.as_str())")
                    }
                    (Some(Kind::StringNewtype), false) => format!("Some({place}.as_str())"),
                    _ => return None,
                },
            )
        }
        [outer, inner] => {
            let outer = field(params, outer)?;
            let place = format!("params.{}", outer.slot.ident);
            match &model.types.get(&outer.slot.rust)?.kind {
                Kind::Object(_) if outer.rule == Rule::Required => {
                    let inner = field(&outer.slot.rust, inner)?;
                    (inner.slot.rust == "String" && inner.rule == Rule::Required)
                        .then(|| format!("Some(&{place}.{})", inner.slot.ident))
                }
                Kind::Tagged(tagged) if outer.rule == Rule::Required => {
                    shared_accessor(tagged, inner, model).map(|name| format!("{place}.{name}()"))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// The accessor of a tagged union for a shared field.
fn shared_accessor(tagged: &Tagged, wire: &str, model: &Model) -> Option<String> {
    let common = common_fields(tagged, model);
    common
        .iter()
        .find(|(field, _)| field.slot.name == wire)
        .map(|(field, _)| field.slot.ident.clone())
}
