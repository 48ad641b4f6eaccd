//! Writes the Rust text of the model, one definition at a time.

mod accessors;
mod context;
pub(crate) mod docs;
mod enums;
mod item;
mod messages;
mod object;
mod releases;

use anyhow::{Context as _, Result};

use super::model::Kind;
pub(crate) use context::Context;
pub(crate) use item::Item;
pub(crate) use messages::{lists, methods, units};
pub(crate) use object::default;
pub(crate) use releases::releases;

/// The text of a definition; `None` if it is not generated.
pub(crate) fn definition(name: &str, context: &Context<'_>) -> Result<Option<Item>> {
    let ty = &context.model.types[name];
    let mut item = Item::default();
    match &ty.kind {
        Kind::Object(object) => object::object(&mut item, name, ty, object, context),
        Kind::Strings(strings) => enums::strings(&mut item, name, ty, strings, context),
        Kind::Tagged(tagged) => enums::tagged(&mut item, name, ty, tagged, context),
        Kind::Mixed(mixed) => enums::mixed(&mut item, name, ty, mixed, context),
        Kind::Untagged(slots) => enums::untagged(&mut item, name, ty, slots, context),
        Kind::StringNewtype => enums::string_newtype(&mut item, name, ty, context),
        Kind::Alias(alias) => enums::alias(&mut item, name, ty, alias, context),
        Kind::Any => enums::any(&mut item, name, ty, context),
        Kind::Messages => {
            let unions = &context.model.unions;
            match unions.iter().find(|union| union.name == name) {
                Some(union) => messages::union(&mut item, union, context),
                None => return Ok(None),
            }
        }
        Kind::HandWritten(_) | Kind::Untyped => return Ok(None),
    }
    .with_context(|| format!("writing `{name}`"))?;
    Ok(Some(item))
}
