//! Enums, strings with a meaning, and aliases.

use std::fmt::Write as _;

use anyhow::Result;

use super::{Item, Names, docs};
use crate::codegen::{
    model::{Kind, Mixed, Model, Slot, Strings, Tagged, TaggedVariant, Type, Word},
    size,
};

/// Writes an enum of strings.
pub(crate) fn strings(
    item: &mut Item,
    name: &str,
    ty: &Type,
    strings: &Strings,
    names: &Names<'_>,
) -> Result<()> {
    let out = &mut item.code;
    head(out, name, ty, names);
    writeln!(
        out,
        "#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]\n#[non_exhaustive]"
    )?;
    writeln!(out, "pub enum {name} {{")?;
    words(out, &strings.values)?;
    if strings.open {
        writeln!(
            out,
            "    /// A value that this version does not know, as it was.\n    Unrecognized(String),"
        )?;
    }
    writeln!(out, "}}\n")?;
    let out = &mut item.table;
    let closed = if strings.open { "" } else { "closed " };
    writeln!(out, "wire::strings! {{ {closed}{name} {{")?;
    word_rows(out, &strings.values)?;
    writeln!(out, "}} }}")?;
    Ok(())
}

/// Writes an enum of objects that a property tells apart.
pub(crate) fn tagged(
    item: &mut Item,
    name: &str,
    ty: &Type,
    tagged: &Tagged,
    names: &Names<'_>,
) -> Result<()> {
    let out = &mut item.code;
    let secret = has_secrets(tagged, names.model);
    head(out, name, ty, names);
    enum_head(out, name, if secret { "" } else { "Debug, " })?;
    for variant in &tagged.variants {
        word_docs(out, &variant.word);
        match &variant.body {
            None => writeln!(out, "    {},", variant.word.ident)?,
            Some(body) if size::needs_box(names.model, body) => {
                writeln!(out, "    {}(Box<{body}>),", variant.word.ident)?;
            }
            Some(body) => writeln!(out, "    {}({body}),", variant.word.ident)?,
        }
    }
    unrecognized(out, "An object with another tag, as it was.")?;
    super::accessors::shared(out, name, tagged, names.model)?;
    let out = &mut item.table;
    let variant = |variant: &TaggedVariant| match &variant.body {
        Some(body) => format!("{}({body})", variant.word.ident),
        None => variant.word.ident.clone(),
    };
    if secret {
        writeln!(out, "wire::redacted_union! {{ {name} {{")?;
        for tagged in &tagged.variants {
            writeln!(out, "    {},", variant(tagged))?;
        }
        writeln!(out, "}} }}\n")?;
    }
    writeln!(out, "wire::tagged! {{ {name} by {:?} {{", tagged.tag)?;
    for tagged in &tagged.variants {
        writeln!(out, "    {:?} => {},", tagged.word.wire, variant(tagged))?;
    }
    writeln!(out, "}} }}")?;
    Ok(())
}

/// Whether a variant has secrets, so that one that is not known may have some, too.
fn has_secrets(tagged: &Tagged, model: &Model) -> bool {
    let mut bodies = tagged.variants.iter().filter_map(|variant| {
        let body = variant.body.as_ref()?;
        model.types.get(body)
    });
    bodies.any(|body| matches!(&body.kind, Kind::Object(object) if object.has_secrets()))
}

/// Writes an enum of strings and objects of one key.
pub(crate) fn mixed(
    item: &mut Item,
    name: &str,
    ty: &Type,
    mixed: &Mixed,
    names: &Names<'_>,
) -> Result<()> {
    let out = &mut item.code;
    open_enum(out, name, ty, names)?;
    words(out, &mixed.words)?;
    for slot in &mixed.keyed {
        let docs = docs::describe(
            slot.docs.as_deref(),
            &format!("`{}`.", slot.name),
            slot.experimental,
        );
        out.push_str(&docs::comment(&docs, "    "));
        writeln!(out, "    {}({}),", slot.ident, slot.rust)?;
    }
    unrecognized(out, "Another word or object, as it was.")?;
    let out = &mut item.table;
    writeln!(out, "wire::mixed! {{ {name} {{")?;
    word_rows(out, &mixed.words)?;
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

/// Writes an enum whose variants differ in shape only.
pub(crate) fn untagged(
    item: &mut Item,
    name: &str,
    ty: &Type,
    slots: &[Slot],
    names: &Names<'_>,
) -> Result<()> {
    let out = &mut item.code;
    open_enum(out, name, ty, names)?;
    for slot in slots {
        let docs = docs::describe(
            slot.docs.as_deref(),
            &format!("As `{}`.", slot.rust),
            slot.experimental,
        );
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

/// Writes a string with a meaning.
pub(crate) fn text(item: &mut Item, name: &str, ty: &Type, names: &Names<'_>) -> Result<()> {
    let out = &mut item.code;
    head(out, name, ty, names);
    writeln!(
        out,
        "#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]"
    )?;
    writeln!(out, "pub struct {name}(pub String);")?;
    writeln!(item.table, "wire::text! {{ {name} }}")?;
    Ok(())
}

/// Writes another name for a nullable type.
pub(crate) fn alias(
    item: &mut Item,
    name: &str,
    ty: &Type,
    target: &Slot,
    names: &Names<'_>,
) -> Result<()> {
    let out = &mut item.code;
    head(out, name, ty, names);
    writeln!(out, "pub type {name} = Option<{}>;", target.rust)?;
    Ok(())
}

fn head(out: &mut String, name: &str, ty: &Type, names: &Names<'_>) {
    let docs = docs::describe(ty.docs.as_deref(), &names.about(name), ty.experimental);
    out.push_str(&docs::comment(&docs, ""));
}

/// The beginning of an enum whose variants have contents.
fn open_enum(out: &mut String, name: &str, ty: &Type, names: &Names<'_>) -> Result<()> {
    head(out, name, ty, names);
    enum_head(out, name, "Debug, ")
}

fn enum_head(out: &mut String, name: &str, debug: &str) -> Result<()> {
    writeln!(
        out,
        "#[derive({debug}Clone, PartialEq)]\n#[non_exhaustive]\npub enum {name} {{"
    )?;
    Ok(())
}

/// The rows of words in a table.
fn word_rows(out: &mut String, words: &[Word]) -> Result<()> {
    for word in words {
        writeln!(out, "    {:?} => {},", word.wire, word.ident)?;
    }
    Ok(())
}

fn words(out: &mut String, words: &[Word]) -> Result<()> {
    for word in words {
        word_docs(out, word);
        writeln!(out, "    {},", word.ident)?;
    }
    Ok(())
}

fn word_docs(out: &mut String, word: &Word) {
    let docs = docs::describe(
        word.docs.as_deref(),
        &format!("`{}`.", word.wire),
        word.experimental,
    );
    out.push_str(&docs::comment(&docs, "    "));
}

fn unrecognized(out: &mut String, docs: &str) -> Result<()> {
    writeln!(out, "    /// {docs}\n    Unrecognized(Value),\n}}\n")?;
    Ok(())
}
