//! Lowers the schemas of values to Rust types, with typify.
//!
//! typify lowers plain objects well, so it receives nothing else: structs in which every property
//! is required and not nullable. Unions are registered as types with the same name, and the
//! emitters write their code. The emitters also decide whether a field is optional. Every
//! definition that goes in must come out as a struct.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, anyhow, ensure};
use quote::ToTokens as _;
use serde_json::{Map, Value, json};
use syn::visit_mut::VisitMut;
use typify::{TypeSpace, TypeSpaceSettings};

use super::model::{Kind, Model, Slot};

/// Fills in the Rust type of each slot, and the Rust name of each field.
pub(crate) fn lower(model: &mut Model) -> Result<()> {
    let mut inputs = Map::new();
    let mut settings = TypeSpaceSettings::default();
    settings
        .with_struct_builder(false)
        .with_map_type("::std::collections::BTreeMap");
    for (name, ty) in &model.types {
        let slots = ty.kind.slots();
        let is_struct = matches!(ty.kind, Kind::Object(_)) && !slots.is_empty();
        if !is_struct {
            settings.with_replacement(name, name, std::iter::empty());
            inputs.insert(name.clone(), json!({ "type": "object" }));
        }
        if !slots.is_empty() {
            inputs.insert(input_name(name, &ty.kind), input_struct(&slots));
        }
    }
    let expected: Vec<String> = model
        .types
        .iter()
        .filter(|(_, ty)| !ty.kind.slots().is_empty())
        .map(|(name, ty)| input_name(name, &ty.kind))
        .collect();
    let structs = run_typify(inputs, &settings)?;
    let lost = expected.iter().find(|name| !structs.contains_key(*name));
    ensure!(lost.is_none(), "typify lost the definition {lost:?}");
    // typify capitalises some names differently (`JsonrpcError`).
    let known: BTreeSet<_> = model
        .types
        .keys()
        .chain(&expected)
        .map(|name| name.to_lowercase())
        .collect();
    let unknown = structs
        .keys()
        .find(|name| !known.contains(&name.to_lowercase()));
    ensure!(
        unknown.is_none(),
        "typify invented the name {unknown:?} for an inline shape; hoist the shape first"
    );
    for (name, ty) in &mut model.types {
        let input = input_name(name, &ty.kind);
        let is_object = matches!(ty.kind, Kind::Object(_));
        let mut slots = ty.kind.slots_mut();
        if slots.is_empty() {
            continue;
        }
        let lowered = &structs[&input];
        ensure!(
            lowered.len() == slots.len(),
            "typify lost a field of `{name}`"
        );
        for slot in &mut slots {
            let (ident, rust) = lowered
                .get(slot.name.as_str())
                .with_context(|| format!("typify lost `{name}.{}`", slot.name))?;
            slot.rust.clone_from(rust);
            if is_object {
                slot.ident.clone_from(ident);
            }
        }
    }
    Ok(())
}

/// The structs that typify generated, by name: Rust name and type of each field, by wire name.
type Structs = BTreeMap<String, BTreeMap<String, (String, String)>>;

fn run_typify(definitions: Map<String, Value>, settings: &TypeSpaceSettings) -> Result<Structs> {
    let schemas = definitions
        .into_iter()
        .map(|(name, schema)| Ok((name, serde_json::from_value(schema)?)))
        .collect::<Result<Vec<(String, schemars::schema::Schema)>>>()?;
    let mut space = TypeSpace::new(settings);
    space
        .add_ref_types(schemas)
        .map_err(|error| anyhow!("typify: {error}"))?;
    let file = syn::parse2::<syn::File>(space.to_stream()).context("parsing typify's output")?;
    let mut structs = Structs::new();
    for item in file.items {
        let syn::Item::Struct(item) = item else {
            continue;
        };
        let fields = item.fields.into_iter().filter_map(|mut field| {
            let ident = field.ident.take()?.to_string();
            let wire = renamed(&field).unwrap_or_else(|| ident.clone());
            Some((wire, (ident, unqualified(field.ty))))
        });
        structs.insert(item.ident.to_string(), fields.collect());
    }
    Ok(structs)
}

/// The name in `#[serde(rename = "..")]`.
fn renamed(field: &syn::Field) -> Option<String> {
    let mut name = None;
    for attribute in field
        .attrs
        .iter()
        .filter(|attribute| attribute.path().is_ident("serde"))
    {
        // Parsing stops at any other argument of the attribute, which is not an error here.
        let _ = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("rename") {
                name = Some(meta.value()?.parse::<syn::LitStr>()?.value());
            }
            Ok(())
        });
    }
    name
}

/// Prints `::std::vec::Vec<::std::string::String>` as `Vec<String>`, and `f64` as `Number`: a
/// floating-point number would turn the integer `0` into `0.0`, and lose the last digits of a large
/// one.
fn unqualified(mut ty: syn::Type) -> String {
    struct LastSegment;

    impl VisitMut for LastSegment {
        fn visit_path_mut(&mut self, path: &mut syn::Path) {
            path.leading_colon = None;
            if let Some(mut last) = path.segments.last().cloned() {
                if last.ident == "f64" {
                    last.ident = syn::Ident::new("Number", last.ident.span());
                }
                path.segments = std::iter::once(last).collect();
            }
            syn::visit_mut::visit_path_mut(self, path);
        }
    }

    LastSegment.visit_type_mut(&mut ty);
    ty.to_token_stream()
        .to_string()
        .replace(' ', "")
        .replace(',', ", ")
}

/// The name of the struct that carries the slots of a definition through typify.
fn input_name(name: &str, kind: &Kind) -> String {
    match kind {
        Kind::Object(_) => name.to_owned(),
        _ => format!("{name}Slots"),
    }
}

fn input_struct(slots: &[&Slot]) -> Value {
    let properties: Map<_, _> = slots
        .iter()
        .map(|slot| (slot.name.clone(), slot.schema.clone()))
        .collect();
    let required: Vec<_> = slots.iter().map(|slot| slot.name.clone()).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}
