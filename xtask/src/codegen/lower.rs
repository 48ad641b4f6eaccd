//! Lowers the schemas of values to Rust types, with typify.
//!
//! typify lowers plain objects well, so it receives nothing else: structs in which every property
//! is required and not nullable. The types that a struct refers to are registered by name, and the
//! emitters write their code. The emitters also decide whether a field is optional.
//!
//! Each definition is lowered by itself, so that one that typify cannot lower, or panics on, does
//! not affect the others: its fields at fault become any value.

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use quote::ToTokens as _;
use serde_json::{Map, Value, json};
use syn::visit_mut::VisitMut;
use typify::{TypeSpace, TypeSpaceSettings};

use super::{
    load::references,
    model::{Kind, Model, Object, Slot},
    report::{self, Place, Report},
};

const PLACE: Place = Place::new("lower.rs", "lower");

/// Fills in the Rust type of each slot, and the Rust name of each field.
pub(crate) fn lower(model: &mut Model, report: &mut Report) {
    let names: BTreeSet<_> = model.types.keys().cloned().collect();
    for (name, ty) in &mut model.types {
        if ty.kind.slots().is_empty() {
            continue;
        }
        if lower_kind(&mut ty.kind, &names).is_ok() {
            continue;
        }
        for slot in ty.kind.slots_mut() {
            if let Err(error) = lower_slots(&mut [&mut *slot], &names) {
                let path = format!("{name}.{}", slot.name);
                report.add(report::Kind::Widened, path, format!("{error:#}"), PLACE);
                slot.schema = Value::Bool(true);
            }
        }
        if let Err(error) = lower_kind(&mut ty.kind, &names) {
            report.add(report::Kind::Widened, name, format!("{error:#}"), PLACE);
            ty.kind = match ty.kind {
                Kind::Object(_) => Kind::Object(Object::any()),
                _ => Kind::Any,
            };
        }
    }
}

fn lower_kind(kind: &mut Kind, names: &BTreeSet<String>) -> Result<()> {
    let is_object = matches!(kind, Kind::Object(_));
    let idents = lower_slots(&mut kind.slots_mut(), names)?;
    if is_object {
        for (slot, ident) in kind.slots_mut().into_iter().zip(idents) {
            // The setter would have the name of the constructor.
            slot.ident = if ident == "new" {
                "new_".to_owned()
            } else {
                ident
            };
        }
    }
    Ok(())
}

/// The name of the struct that carries the slots through typify.
const CARRIER: &str = "TheSlotsOfOneDefinition";

/// Fills in the Rust types of the slots of one definition, and returns the Rust names of the fields.
fn lower_slots(slots: &mut [&mut Slot], names: &BTreeSet<String>) -> Result<Vec<String>> {
    let properties: Map<_, _> = slots
        .iter()
        .map(|slot| (slot.name.clone(), slot.schema.clone()))
        .collect();
    ensure!(
        properties.len() == slots.len(),
        "two fields of the same name"
    );
    let used: BTreeSet<_> = properties.values().flat_map(references).collect();
    let required: Vec<_> = properties.keys().cloned().collect();
    let carrier = json!({ "type": "object", "properties": properties, "required": required });
    let lowered = catch_unwind(AssertUnwindSafe(|| run_typify(carrier, &used)));
    let lowered = lowered.map_err(|_| anyhow!("typify panicked"))??;
    ensure!(lowered.len() == slots.len(), "typify lost a field");
    let distinct: BTreeSet<_> = lowered.values().map(|(ident, _)| ident).collect();
    ensure!(
        distinct.len() == slots.len(),
        "two fields of the same Rust name"
    );
    let mut idents = Vec::new();
    for slot in slots {
        let (ident, rust) = lowered.get(slot.name.as_str()).context("typify lost it")?;
        check_known(rust, names)?;
        slot.rust.clone_from(rust);
        idents.push(ident.clone());
    }
    Ok(idents)
}

/// Refuses a type that the generated code does not have: typify has named an inline shape, or has
/// chosen a type of another crate.
fn check_known(rust: &str, names: &BTreeSet<String>) -> Result<()> {
    const KNOWN: &[&str] = &[
        "BTreeMap", "Map", "Number", "Option", "String", "Value", "Vec", "bool", "i32", "i64",
        "u16", "u32", "u64",
    ];
    let words = rust.split(|c: char| !c.is_alphanumeric() && c != '_');
    let mut words = words.filter(|word| !word.is_empty());
    match words.find(|word| !KNOWN.contains(word) && !names.contains(*word)) {
        Some(word) => bail!("typify lowers it to `{word}`, which is not defined"),
        None if rust == "()" => bail!("typify lowers it to a type without values"),
        None => Ok(()),
    }
}

/// The fields of the struct that typify generated: Rust name and type by wire name.
type Fields = BTreeMap<String, (String, String)>;

fn run_typify(carrier: Value, used: &BTreeSet<String>) -> Result<Fields> {
    let mut settings = TypeSpaceSettings::default();
    settings
        .with_struct_builder(false)
        .with_map_type("::std::collections::BTreeMap");
    let mut schemas = vec![(CARRIER.to_owned(), serde_json::from_value(carrier)?)];
    for name in used {
        settings.with_replacement(name, name, std::iter::empty());
        let stub = serde_json::from_value(json!({ "type": "object" }))?;
        schemas.push((name.clone(), stub));
    }
    let mut space = TypeSpace::new(&settings);
    space
        .add_ref_types::<Vec<(String, schemars::schema::Schema)>, String>(schemas)
        .map_err(|error| anyhow!("typify: {error}"))?;
    let file = syn::parse2::<syn::File>(space.to_stream()).context("parsing typify's output")?;
    let carrier = file.items.into_iter().find_map(|item| match item {
        syn::Item::Struct(item) if item.ident == CARRIER => Some(item),
        _ => None,
    });
    let fields = carrier.context("typify lost the definition")?.fields;
    let fields = fields.into_iter().filter_map(|mut field| {
        let ident = field.ident.take()?.to_string();
        let wire = renamed(&field).unwrap_or_else(|| ident.clone());
        Some((wire, (ident, unqualified(field.ty))))
    });
    Ok(fields.collect())
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

/// Prints `::std::vec::Vec<::std::string::String>` as `Vec<String>`, small integers as larger ones,
/// and `f64` as `Number`: a floating-point number would turn the integer `0` into `0.0`, and lose
/// the last digits of a large one.
fn unqualified(mut ty: syn::Type) -> String {
    struct LastSegment;

    impl VisitMut for LastSegment {
        fn visit_path_mut(&mut self, path: &mut syn::Path) {
            path.leading_colon = None;
            if let Some(mut last) = path.segments.last().cloned() {
                let wider = match last.ident.to_string().as_str() {
                    "f64" | "f32" => Some("Number"),
                    "i8" | "i16" => Some("i32"),
                    "u8" => Some("u16"),
                    _ => None,
                };
                if let Some(wider) = wider {
                    last.ident = syn::Ident::new(wider, last.ident.span());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codegen::model::{Field, Rule, Shown, Type};

    fn object(fields: &[(&str, Value)]) -> Type {
        let fields = fields.iter().map(|(name, schema)| Field {
            slot: Slot {
                name: (*name).to_owned(),
                ident: String::new(),
                schema: schema.clone(),
                rust: String::new(),
                docs: None,
                experimental: false,
            },
            rule: Rule::Required,
            natural: false,
            default: None,
            nullable: false,
            shown: Shown::Plain,
        });
        Type {
            docs: None,
            experimental: false,
            sent: false,
            received: false,
            kind: Kind::Object(Object {
                fields: fields.collect(),
                rest: None,
                rest_secret: false,
                strict: false,
                closed: false,
            }),
        }
    }

    #[test]
    fn a_field_that_typify_cannot_lower_affects_no_other() {
        let text = || json!({ "type": "string" });
        let nowhere = json!({ "$ref": "#/nowhere/to/be/found" });
        let bad = object(&[("good", text()), ("bad", nowhere), ("new", text())]);
        let mut model = Model::default();
        model.types.insert("Bad".to_owned(), bad);
        model
            .types
            .insert("Good".to_owned(), object(&[("a", text())]));
        let mut report = Report::default();
        lower(&mut model, &mut report);
        let rust = |name: &str| -> Vec<_> {
            let object = model.object(name).unwrap();
            let slots = object.fields.iter().map(|field| &field.slot);
            slots
                .map(|slot| (slot.ident.as_str(), slot.rust.as_str()))
                .collect()
        };
        assert_eq!(rust("Good"), [("a", "String")]);
        let expected = [("good", "String"), ("bad", "Value"), ("new_", "String")];
        assert_eq!(rust("Bad"), expected);
        assert_eq!(report.count(report::Kind::Widened), 1, "{report}");
        assert!(report.to_string().contains("`Bad.bad`"), "{report}");
    }

    #[test]
    fn a_definition_with_two_fields_of_one_rust_name_keeps_all_members() {
        let any = || json!(true);
        let mut model = Model::default();
        let clash = object(&[("a-b", any()), ("a_b", any()), ("aB", any())]);
        model.types.insert("Clash".to_owned(), clash);
        let mut report = Report::default();
        lower(&mut model, &mut report);
        let object = model.object("Clash").unwrap();
        assert!(object.rest.is_some(), "{report}");
        assert_eq!(report.count(report::Kind::Widened), 1, "{report}");
    }
}
