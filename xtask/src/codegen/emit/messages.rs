//! Writes the message unions, and the methods as types.

use std::fmt::Write as _;

use anyhow::Result;

use super::{Context, Item, accessors, docs};
use crate::codegen::{
    model::{Kind, MessageUnion, Method, Model},
    size,
};

/// Writes the enum of a message union.
pub(crate) fn union(item: &mut Item, union: &MessageUnion, context: &Context<'_>) -> Result<()> {
    let out = &mut item.code;
    let name = &union.name;
    let about = match name.as_str() {
        "ClientRequest" => "Request from the client to the server.",
        "ClientNotification" => "Notification from the client to the server.",
        "ServerRequest" => "Request from the server to the client.",
        _ => "Notification from the server to the client.",
    };
    let docs = union.docs.as_deref().map(docs::prose);
    out.push_str(&docs::comment(docs.as_deref().unwrap_or(about), ""));
    writeln!(
        out,
        "#[derive(Debug, Clone, PartialEq)]\n#[non_exhaustive]\npub enum {name} {{"
    )?;
    for method in &union.methods {
        let description = context.variant_docs(method.docs.as_deref(), method.params.as_deref());
        let wire_name = format!("Method: `{}`", method.method);
        let docs = docs::variant(description.as_deref(), &wire_name, method.experimental);
        out.push_str(&docs::comment(&docs, "    "));
        match &method.params {
            None => writeln!(out, "    {},", method.ident)?,
            Some(params) if size::needs_box(context.model, params) => {
                writeln!(out, "    {}(Box<{params}>),", method.ident)?;
            }
            Some(params) => writeln!(out, "    {}({params}),", method.ident)?,
        }
    }
    writeln!(
        out,
        "    /// A message with an unknown method, kept as received.\n    \
         Unrecognized(Box<UnrecognizedMessage>),\n}}\n"
    )?;
    if name.starts_with("Server") {
        accessors::ids(out, name, &union.methods, context.model)?;
    }
    let prefix = match name.as_str() {
        "ServerNotification" => "timed ",
        "ClientRequest" | "ServerRequest" => "requests ",
        _ => "",
    };
    let out = &mut item.table;
    writeln!(out, "wire::messages! {{ {prefix}{name} {{")?;
    for method in &union.methods {
        let params = method
            .params
            .as_ref()
            .map(|params| format!("({params})"))
            .unwrap_or_default();
        writeln!(out, "    {:?} => {}{params},", method.method, method.ident)?;
    }
    writeln!(out, "}} }}")?;
    Ok(())
}

/// Writes the method tables, which implement `Request` and `ServerCall` for the params types.
pub(crate) fn methods(out: &mut String, model: &Model) -> Result<()> {
    for (union, call, table, about) in [
        (
            "ClientRequest",
            "requests",
            "METHODS",
            "Every request that a client can send.",
        ),
        (
            "ServerRequest",
            "server_calls",
            "SERVER_METHODS",
            "Every request that the server can send.",
        ),
    ] {
        writeln!(out, "wire::{call}! {{")?;
        writeln!(out, "    /// {about}\n    {table}:")?;
        for method in model.methods(union) {
            let params = match &method.params {
                Some(params) => params.clone(),
                None => format!("unit {}", method.ident),
            };
            writeln!(
                out,
                "    {:?}: {params} => {}, {};",
                method.method,
                method.response.as_deref().unwrap_or("Value"),
                if method.experimental {
                    "experimental"
                } else {
                    "stable"
                },
            )?;
        }
        writeln!(out, "}}\n")?;
    }
    Ok(())
}

/// Writes macros that pass all methods and all definitions, with their types, to another macro.
pub(crate) fn lists(out: &mut String, model: &Model) -> Result<()> {
    for (union, list) in [
        ("ClientRequest", "for_each_request"),
        ("ServerRequest", "for_each_server_request"),
    ] {
        writeln!(
            out,
            "#[doc(hidden)]\n#[macro_export]\nmacro_rules! {list} {{\n    ($then:ident) => {{\n        $then! {{"
        )?;
        for method in model.methods(union) {
            let params = match &method.params {
                Some(params) => format!("$crate::{params}"),
                None => format!("$crate::request::{}", method.ident),
            };
            let response = match &method.response {
                Some(name) => format!("$crate::{name}"),
                None => "::serde_json::Value".to_owned(),
            };
            writeln!(
                out,
                "            {:?}, {params}, {response};",
                method.method
            )?;
        }
        writeln!(out, "        }}\n    }};\n}}\n")?;
    }
    writeln!(
        out,
        "#[doc(hidden)]\n#[macro_export]\nmacro_rules! for_each_definition {{\n    ($then:ident) => {{\n        $then! {{"
    )?;
    for (name, ty) in &model.types {
        let path = match ty.kind {
            Kind::HandWritten(path) => path,
            Kind::Untyped => continue,
            _ => name,
        };
        writeln!(out, "            {name:?}, $crate::{path};")?;
    }
    writeln!(out, "        }}\n    }};\n}}")?;
    Ok(())
}

/// Writes the unit structs of the methods without params.
pub(crate) fn units(out: &mut String, model: &Model) -> Result<()> {
    let without: Vec<&Method> = model
        .methods("ClientRequest")
        .iter()
        .filter(|method| method.params.is_none())
        .collect();
    for method in &without {
        let response = match &method.response {
            Some(name) => format!("[`{name}`](crate::{name})"),
            None => "any [`Value`](serde_json::Value)".to_owned(),
        };
        let mut docs = format!(
            "The request `{}`, which has no parameters. The response is {response}.",
            method.method,
        );
        if let Some(description) = &method.docs {
            docs = format!("{}\n\n{docs}", docs::prose(description));
        }
        let docs = docs::with_stage(docs, method.experimental);
        out.push_str(&docs::comment(&docs, ""));
        writeln!(
            out,
            "#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]"
        )?;
        writeln!(out, "pub struct {};\n", method.ident)?;
    }
    Ok(())
}
