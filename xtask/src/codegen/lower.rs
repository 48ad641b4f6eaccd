//! Lowers schemas of values to Rust types, with typify.
//!
//! typify is given objects only, all of whose properties are required and not null: what it does
//! well. Unions are registered as types of the same name and are made by the emitters; whether a
//! field is optional is theirs to say, too. Definitions in = structs out is checked.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, anyhow, ensure};
use quote::ToTokens as _;
use serde_json::{Map, Value, json};
use syn::visit_mut::VisitMut;
use typify::{TypeSpace, TypeSpaceSettings};

use super::{
    model::{Kind, Model, Slot, Type},
    names,
};

/// Gives each slot of the model its Rust type, and each field its Rust name.
pub(crate) fn lower(model: &mut Model) -> Result<()> {
    let mut carriers = Map::new();
    let mut settings = TypeSpaceSettings::default();
    settings
        .with_struct_builder(false)
        .with_map_type("::std::collections::BTreeMap");
    for (name, ty) in &model.types {
        let slots = slots(ty);
        let is_struct = matches!(ty.kind, Kind::Object(_)) && !slots.is_empty();
        if !is_struct {
            settings.with_replacement(name, names::type_name(name), std::iter::empty());
            carriers.insert(name.clone(), json!({ "type": "object" }));
        }
        if !slots.is_empty() {
            carriers.insert(carrier_name(name, ty), carrier(&slots));
        }
    }
    let expected: Vec<String> = model
        .types
        .iter()
        .filter(|(_, ty)| !slots(ty).is_empty())
        .map(|(name, ty)| carrier_name(name, ty))
        .collect();
    let structs = run_typify(carriers, &settings)?;
    let lost = expected.iter().find(|name| !structs.contains_key(*name));
    ensure!(lost.is_none(), "typify lost the definition {lost:?}");
    // typify spells some names its own way (`JsonrpcError`), which is none of our concern.
    let known: BTreeSet<_> = model
        .types
        .keys()
        .chain(&expected)
        .map(|n| n.to_lowercase())
        .collect();
    let made = structs
        .keys()
        .find(|name| !known.contains(&name.to_lowercase()));
    ensure!(
        made.is_none(),
        "typify made {made:?} of an inline shape that has no name of its own"
    );
    for (name, ty) in &mut model.types {
        let carrier = carrier_name(name, ty);
        let is_object = matches!(ty.kind, Kind::Object(_));
        let mut slots = slots_mut(ty);
        if slots.is_empty() {
            continue;
        }
        let lowered = &structs[&carrier];
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

/// The structs of typify by name: for each field its wire name, Rust name and type.
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
    let file = syn::parse2::<syn::File>(space.to_stream()).context("typify's output")?;
    let mut structs = Structs::new();
    for item in file.items {
        let syn::Item::Struct(item) = item else {
            continue;
        };
        let fields = item.fields.into_iter().filter_map(|mut field| {
            let ident = field.ident.take()?.to_string();
            let wire = renamed(&field).unwrap_or_else(|| ident.clone());
            Some((wire, (ident, short(field.ty))))
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
        // Other members of the attribute are none of our concern.
        let _ = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("rename") {
                name = Some(meta.value()?.parse::<syn::LitStr>()?.value());
            }
            Ok(())
        });
    }
    name
}

/// `::std::vec::Vec<::std::string::String>` as `Vec<String>`.
fn short(mut ty: syn::Type) -> String {
    struct LastSegment;

    impl VisitMut for LastSegment {
        fn visit_path_mut(&mut self, path: &mut syn::Path) {
            path.leading_colon = None;
            if let Some(last) = path.segments.last().cloned() {
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

fn carrier_name(name: &str, ty: &Type) -> String {
    match ty.kind {
        Kind::Object(_) => name.to_owned(),
        _ => format!("{name}Slots"),
    }
}

fn carrier(slots: &[&Slot]) -> Value {
    let properties: Map<_, _> = slots
        .iter()
        .map(|slot| (slot.name.clone(), slot.schema.clone()))
        .collect();
    let required: Vec<_> = slots.iter().map(|slot| slot.name.clone()).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

fn slots(ty: &Type) -> Vec<&Slot> {
    match &ty.kind {
        Kind::Object(object) => object
            .fields
            .iter()
            .map(|field| &field.slot)
            .chain(&object.rest)
            .collect(),
        Kind::Mixed(mixed) => mixed.keyed.iter().collect(),
        Kind::Untagged(slots) => slots.iter().collect(),
        Kind::Alias(slot) => vec![slot],
        _ => Vec::new(),
    }
}

fn slots_mut(ty: &mut Type) -> Vec<&mut Slot> {
    match &mut ty.kind {
        Kind::Object(object) => object
            .fields
            .iter_mut()
            .map(|field| &mut field.slot)
            .chain(&mut object.rest)
            .collect(),
        Kind::Mixed(mixed) => mixed.keyed.iter_mut().collect(),
        Kind::Untagged(slots) => slots.iter_mut().collect(),
        Kind::Alias(slot) => vec![slot],
        _ => Vec::new(),
    }
}
