//! Estimates the size of types in memory, to decide which enum variants need a box.

use super::model::{Kind, Model, Rule};

/// Larger payloads are boxed, so that they do not determine the size of the enum.
const LARGEST_VARIANT: usize = 192;

/// Whether a variant's payload is boxed.
pub(crate) fn needs_box(model: &Model, name: &str) -> bool {
    of_definition(model, name) > LARGEST_VARIANT
}

fn of_definition(model: &Model, name: &str) -> usize {
    let Some(ty) = model.types.get(name) else {
        return 24;
    };
    match &ty.kind {
        Kind::Object(object) => {
            let fields = object.fields.iter().map(|field| {
                let size = of_rust(model, &field.slot.rust);
                match field.rule {
                    Rule::Required | Rule::Default => size,
                    _ if has_niche(&field.slot.rust) => size,
                    _ => size + 8,
                }
            });
            fields.sum::<usize>() + if object.rest.is_some() { 24 } else { 0 }
        }
        Kind::Strings(_) | Kind::StringNewtype => 24,
        Kind::Tagged(tagged) => {
            let bodies = tagged
                .variants
                .iter()
                .filter_map(|variant| variant.body.as_deref());
            let sizes = bodies.map(|body| of_definition(model, body).min(LARGEST_VARIANT));
            sizes.max().unwrap_or(0).max(32) + 8
        }
        Kind::Mixed(mixed) => {
            let sizes = mixed.keyed.iter().map(|slot| of_rust(model, &slot.rust));
            sizes.max().unwrap_or(0).max(32) + 8
        }
        Kind::Untagged(slots) => {
            slots
                .iter()
                .map(|slot| of_rust(model, &slot.rust))
                .max()
                .unwrap_or(0)
                + 8
        }
        Kind::Alias(alias) => of_rust(model, &alias.target.rust) + 8,
        Kind::HandWritten(_) | Kind::Untyped | Kind::Messages | Kind::Any => 32,
    }
}

fn of_rust(model: &Model, rust: &str) -> usize {
    match rust {
        "bool" => 1,
        "u16" => 2,
        "i32" | "u32" => 4,
        "i64" | "u64" => 8,
        "Number" => 16,
        "String" => 24,
        "Value" => 32,
        _ if rust.contains('<') => 24,
        _ => of_definition(model, rust),
    }
}

/// Whether `Option<T>` is as large as `T`.
fn has_niche(rust: &str) -> bool {
    !matches!(rust, "u16" | "i32" | "u32" | "i64" | "u64")
}
