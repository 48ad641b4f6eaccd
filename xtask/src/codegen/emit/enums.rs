//! Writes enums, newtypes and aliases.

use std::fmt::Write as _;

use anyhow::Result;

use super::{Context, Item, accessors, docs};
use crate::codegen::{
    load::reference_name,
    model::{Alias, Mixed, Slot, Strings, Tagged, TaggedVariant, Type, UnitVariant},
    size,
};

/// Writes an enum of strings.
pub(crate) fn strings(
    item: &mut Item,
    name: &str,
    ty: &Type,
    strings: &Strings,
    context: &Context<'_>,
) -> Result<()> {
    let out = &mut item.code;
    head(out, name, ty, context);
    // `wire::strings!` implements `Debug` for open enums.
    let debug = if strings.open { "" } else { "Debug, " };
    writeln!(
        out,
        "#[derive({debug}Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]\n#[non_exhaustive]"
    )?;
    writeln!(out, "pub enum {name} {{")?;
    unit_variants(out, &strings.variants)?;
    if strings.open {
        writeln!(
            out,
            "    /// A value unknown to this version, kept as received.\n    Unrecognized(String),"
        )?;
    }
    writeln!(out, "}}\n")?;
    let out = &mut item.table;
    let prefix = match (strings.open, strings.partial) {
        (false, _) => "closed ",
        (true, true) => "partial ",
        (true, false) => "",
    };
    writeln!(out, "wire::strings! {{ {prefix}{name} {{")?;
    rows(out, &strings.variants)?;
    writeln!(out, "}} }}")?;
    Ok(())
}

/// Writes an enum of objects, distinguished by a tag property.
pub(crate) fn tagged(
    item: &mut Item,
    name: &str,
    ty: &Type,
    tagged: &Tagged,
    context: &Context<'_>,
) -> Result<()> {
    let out = &mut item.code;
    open_enum(out, name, ty, "", context)?;
    for variant in &tagged.variants {
        let name = &variant.name;
        let description = context.variant_docs(name.docs.as_deref(), variant.body.as_deref());
        unit_docs(out, description.as_deref(), name);
        match &variant.body {
            None => writeln!(out, "    {},", name.ident)?,
            Some(body) if size::needs_box(context.model, body) => {
                writeln!(out, "    {}(Box<{body}>),", name.ident)?;
            }
            Some(body) => writeln!(out, "    {}({body}),", name.ident)?,
        }
    }
    unrecognized(out, "An object with an unknown tag, kept as received.")?;
    accessors::shared(out, name, tagged, context.model)?;
    let out = &mut item.table;
    let variant = |variant: &TaggedVariant| match &variant.body {
        Some(body) => format!("{}({body})", variant.name.ident),
        None => variant.name.ident.clone(),
    };
    writeln!(out, "wire::tagged! {{ {name} by {:?} {{", tagged.tag)?;
    for tagged in &tagged.variants {
        writeln!(out, "    {:?} => {},", tagged.name.wire, variant(tagged))?;
    }
    writeln!(out, "}} }}")?;
    Ok(())
}

/// Writes an enum of strings and single-key objects.
pub(crate) fn mixed(
    item: &mut Item,
    name: &str,
    ty: &Type,
    mixed: &Mixed,
    context: &Context<'_>,
) -> Result<()> {
    let out = &mut item.code;
    open_enum(out, name, ty, "", context)?;
    unit_variants(out, &mixed.strings)?;
    for slot in &mixed.keyed {
        let reference = slot.schema.get("$ref").and_then(serde_json::Value::as_str);
        let body = reference.and_then(reference_name);
        let description = context.variant_docs(slot.docs.as_deref(), body);
        let wire_name = format!("Wire key: `{}`", slot.name);
        let docs = docs::variant(description.as_deref(), &wire_name, slot.experimental);
        out.push_str(&docs::comment(&docs, "    "));
        writeln!(out, "    {}({}),", slot.ident, slot.rust)?;
    }
    unrecognized(out, "An unknown string or object, kept as received.")?;
    let out = &mut item.table;
    let prefix = if mixed.partial { "partial " } else { "" };
    writeln!(out, "wire::mixed! {{ {prefix}{name} {{")?;
    rows(out, &mixed.strings)?;
    for slot in &mixed.keyed {
        writeln!(
            out,
            "    {{ {:?}: {} }} => {},",
            slot.name, slot.rust, slot.ident
        )?;
    }
    writeln!(out, "}} }}")?;
    Ok(())
}

/// Writes an enum without a tag.
pub(crate) fn untagged(
    item: &mut Item,
    name: &str,
    ty: &Type,
    slots: &[Slot],
    context: &Context<'_>,
) -> Result<()> {
    let out = &mut item.code;
    open_enum(out, name, ty, "Debug, ", context)?;
    for slot in slots {
        let description = slot.docs.as_deref().map(docs::prose);
        let description =
            description.unwrap_or_else(|| format!("A value of type `{}`.", slot.rust));
        let docs = docs::with_stage(description, slot.experimental);
        out.push_str(&docs::comment(&docs, "    "));
        writeln!(out, "    {}({}),", slot.ident, slot.rust)?;
    }
    writeln!(out, "}}")?;
    let out = &mut item.table;
    writeln!(out, "wire::untagged! {{ {name} {{")?;
    for slot in slots {
        writeln!(out, "    {}({}),", slot.ident, slot.rust)?;
    }
    writeln!(out, "}} }}")?;
    Ok(())
}

/// Writes a newtype around a string.
pub(crate) fn string_newtype(
    item: &mut Item,
    name: &str,
    ty: &Type,
    context: &Context<'_>,
) -> Result<()> {
    let out = &mut item.code;
    head(out, name, ty, context);
    writeln!(
        out,
        "#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]"
    )?;
    writeln!(out, "pub struct {name}(pub String);")?;
    writeln!(item.table, "wire::string_newtype! {{ {name} }}")?;
    Ok(())
}

/// Writes an alias.
pub(crate) fn alias(
    item: &mut Item,
    name: &str,
    ty: &Type,
    alias: &Alias,
    context: &Context<'_>,
) -> Result<()> {
    let out = &mut item.code;
    head(out, name, ty, context);
    let target = &alias.target.rust;
    match alias.nullable {
        true => writeln!(out, "pub type {name} = Option<{target}>;")?,
        false => writeln!(out, "pub type {name} = {target};")?,
    }
    Ok(())
}

/// Writes a newtype around any value. An alias would not do: the types of two methods or of two
/// alternatives have to be distinct.
pub(crate) fn any(item: &mut Item, name: &str, ty: &Type, context: &Context<'_>) -> Result<()> {
    let out = &mut item.code;
    head(out, name, ty, context);
    writeln!(
        out,
        "#[derive(Clone, PartialEq, Default)]\npub struct {name}(pub Value);"
    )?;
    writeln!(item.table, "wire::any! {{ {name} }}")?;
    Ok(())
}

fn head(out: &mut String, name: &str, ty: &Type, context: &Context<'_>) {
    out.push_str(&docs::comment(&context.type_docs(name, ty), ""));
}

/// Opens an enum whose variants have payloads. If it has the variant `Unrecognized`, the macro of its
/// table implements `Debug`, which does not show the contents of that variant.
fn open_enum(
    out: &mut String,
    name: &str,
    ty: &Type,
    debug: &str,
    context: &Context<'_>,
) -> Result<()> {
    head(out, name, ty, context);
    writeln!(
        out,
        "#[derive({debug}Clone, PartialEq)]\n#[non_exhaustive]\npub enum {name} {{"
    )?;
    Ok(())
}

/// Writes the rows of unit variants in a wire table.
fn rows(out: &mut String, variants: &[UnitVariant]) -> Result<()> {
    for variant in variants {
        writeln!(out, "    {:?} => {},", variant.wire, variant.ident)?;
    }
    Ok(())
}

fn unit_variants(out: &mut String, variants: &[UnitVariant]) -> Result<()> {
    for variant in variants {
        unit_docs(out, variant.docs.as_deref(), variant);
        writeln!(out, "    {},", variant.ident)?;
    }
    Ok(())
}

fn unit_docs(out: &mut String, description: Option<&str>, variant: &UnitVariant) {
    let wire_name = format!("Wire value: `{}`", variant.wire);
    let docs = docs::variant(description, &wire_name, variant.experimental);
    out.push_str(&docs::comment(&docs, "    "));
}

fn unrecognized(out: &mut String, docs: &str) -> Result<()> {
    writeln!(out, "    /// {docs}\n    Unrecognized(Value),\n}}\n")?;
    Ok(())
}
