//! From the model to Rust text, one definition at a time.

mod accessors;
pub(crate) mod docs;
mod enums;
mod messages;
mod object;

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use super::{
    model::{Kind, Model},
    names,
};
pub(crate) use messages::{lists, methods, units};

/// The text of one definition.
#[derive(Default)]
pub(crate) struct Item {
    /// Types and impls, to be formatted.
    pub(crate) code: String,
    /// Tables for the macros of `codex_types::wire`, to be printed as they are.
    pub(crate) table: String,
}

/// The model, and what each definition is for.
pub(crate) struct Names<'a> {
    pub(crate) model: &'a Model,
    /// A sentence for definitions that the schema does not describe.
    about: BTreeMap<String, String>,
}

impl<'a> Names<'a> {
    pub(crate) fn new(model: &'a Model) -> Self {
        let mut about = BTreeMap::new();
        for union in &model.unions {
            for method in &union.methods {
                let mut add = |name: &Option<String>, what: &str| {
                    if let Some(name) = name {
                        let sentence = format!("{what} of `{}`.", method.method);
                        about.entry(name.clone()).or_insert(sentence);
                    }
                };
                add(&method.params, "Params");
                add(&method.response, "Response");
            }
        }
        for (name, ty) in &model.types {
            if let Kind::Tagged(tagged) = &ty.kind {
                for variant in &tagged.variants {
                    if let Some(body) = &variant.body {
                        let sentence = format!("`{}` of [`{name}`].", variant.word.wire);
                        about.insert(body.clone(), sentence);
                    }
                }
            }
            if let Kind::Mixed(mixed) = &ty.kind {
                for slot in &mixed.keyed {
                    about
                        .entry(slot.rust.clone())
                        .or_insert(format!("`{}` of [`{name}`].", slot.name));
                }
            }
        }
        Self { model, about }
    }

    /// What a definition is, when the schema does not say.
    pub(crate) fn about(&self, name: &str) -> String {
        self.about
            .get(name)
            .cloned()
            .unwrap_or_else(|| format!("`{name}` of the protocol."))
    }
}

/// The text of a definition; `None` if it is written by hand.
pub(crate) fn definition(definition: &str, names: &Names<'_>) -> Result<Option<Item>> {
    let ty = &names.model.types[definition];
    let name = &names::type_name(definition);
    let mut out = Item::default();
    match &ty.kind {
        Kind::Object(object) => object::object(&mut out, name, ty, object, names),
        Kind::Strings(strings) => enums::strings(&mut out, name, ty, strings, names),
        Kind::Tagged(tagged) => enums::tagged(&mut out, name, ty, tagged, names),
        Kind::Mixed(mixed) => enums::mixed(&mut out, name, ty, mixed, names),
        Kind::Untagged(slots) => enums::untagged(&mut out, name, ty, slots, names),
        Kind::Text => enums::text(&mut out, name, ty, names),
        Kind::Alias(target) => enums::alias(&mut out, name, ty, target, names),
        Kind::Messages => match names.model.unions.iter().find(|union| union.name == *name) {
            Some(union) => messages::union(&mut out, union, names),
            None => return Ok(None),
        },
        Kind::ByHand => return Ok(None),
    }
    .with_context(|| format!("writing `{name}`"))?;
    Ok(Some(out))
}
