//! The unions of messages, and methods as types.

use std::fmt::Write as _;

use anyhow::Result;

use super::{Item, Names, accessors, docs};
use crate::codegen::{
    model::{Messages, Method, Model},
    names, size,
};

/// Writes the enum of a union of messages.
pub(crate) fn union(item: &mut Item, union: &Messages, names: &Names<'_>) -> Result<()> {
    let out = &mut item.code;
    let name = &union.name;
    let about = match name.as_str() {
        "ClientRequest" => "Request from the client to the server.",
        "ClientNotification" => "Notification sent from the client to the server.",
        _ => "Message of the server.",
    };
    out.push_str(&docs::comment(
        &docs::describe(union.docs.as_deref(), about, false),
        "",
    ));
    writeln!(
        out,
        "#[derive(Debug, Clone, PartialEq)]\n#[non_exhaustive]\npub enum {name} {{"
    )?;
    for method in &union.methods {
        let docs = method
            .docs
            .as_deref()
            .filter(|docs| !docs.starts_with("NEW "));
        let mut about = format!("`{}`", method.method);
        if let Some(docs) = docs {
            about = format!("{about}: {}", docs::prose(docs));
        }
        out.push_str(&docs::comment(
            &docs::describe(None, &about, method.experimental),
            "    ",
        ));
        match &method.params {
            None => writeln!(out, "    {},", method.ident)?,
            Some(params) if size::needs_box(names.model, params) => {
                writeln!(out, "    {}(Box<{params}>),", method.ident)?;
            }
            Some(params) => writeln!(out, "    {}({params}),", method.ident)?,
        }
    }
    writeln!(
        out,
        "    /// A message with a method that this version does not know, as it was.\n    \
         Unrecognized(Box<UnrecognizedMessage>),\n}}\n"
    )?;
    if name.starts_with("Server") {
        accessors::ids(out, name, &union.methods, names.model)?;
    }
    let timed = if name == "ServerNotification" {
        "timed "
    } else {
        ""
    };
    let out = &mut item.table;
    writeln!(out, "wire::messages! {{ {timed}{name} {{")?;
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

/// Writes which params implement `Request` and `ServerCall`, and the tables of methods.
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
        for method in model.union(union) {
            let params = match &method.params {
                Some(params) => names::type_name(params),
                None => format!("unit {}", method.ident),
            };
            writeln!(
                out,
                "    {:?}: {params} => {}, {};",
                method.method,
                method.response.as_deref().unwrap_or_default(),
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

/// Writes macros that hand every method and every definition with its type to another macro.
pub(crate) fn lists(out: &mut String, model: &Model) -> Result<()> {
    for (union, list) in [
        ("ClientRequest", "for_each_request"),
        ("ServerRequest", "for_each_server_request"),
        ("ServerNotification", "for_each_server_notification"),
    ] {
        writeln!(
            out,
            "#[doc(hidden)]\n#[macro_export]\nmacro_rules! {list} {{\n    ($then:ident) => {{\n        $then! {{"
        )?;
        for method in model.union(union) {
            let params = match &method.params {
                Some(params) => format!("$crate::{params}"),
                None => format!("$crate::request::{}", method.ident),
            };
            let response = method
                .response
                .as_ref()
                .map(|name| format!(", $crate::{name}"))
                .unwrap_or_default();
            writeln!(out, "            {:?}, {params}{response};", method.method)?;
        }
        writeln!(out, "        }}\n    }};\n}}\n")?;
    }
    writeln!(
        out,
        "#[doc(hidden)]\n#[macro_export]\nmacro_rules! for_each_definition {{\n    ($then:ident) => {{\n        $then! {{"
    )?;
    for name in model.types.keys() {
        writeln!(
            out,
            "            {name:?}, $crate::{};",
            names::rust_path(name)
        )?;
    }
    writeln!(out, "        }}\n    }};\n}}")?;
    Ok(())
}

/// Writes the unit structs that stand for methods without params.
pub(crate) fn units(out: &mut String, model: &Model) -> Result<()> {
    let without: Vec<&Method> = model
        .union("ClientRequest")
        .iter()
        .filter(|method| method.params.is_none())
        .collect();
    for method in &without {
        let docs = format!(
            "`{}`, which has no params; answered by [`{}`](crate::{1}).",
            method.method,
            method.response.as_deref().unwrap_or_default()
        );
        out.push_str(&docs::comment(
            &docs::describe(None, &docs, method.experimental),
            "",
        ));
        writeln!(
            out,
            "#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]"
        )?;
        writeln!(out, "pub struct {};\n", method.ident)?;
    }
    Ok(())
}
