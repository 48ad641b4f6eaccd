//! Flattens a schema bundle into one map of definitions.
//!
//! The input is the nested bundle, which is the only one that contains server requests, approvals
//! and the JSON-RPC envelope. Its `v2` definitions join those of the root; duplicates must be
//! identical.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

/// The definitions of a bundle by name, with references of the form `#/definitions/Name`.
pub(crate) type Definitions = BTreeMap<String, Value>;

/// Flattens a bundle.
pub(crate) fn flatten(bundle: &Value) -> Result<Definitions> {
    let root = bundle["definitions"]
        .as_object()
        .context("the bundle has no `definitions`")?;
    let v2 = root
        .get("v2")
        .and_then(Value::as_object)
        .context("the bundle has no `v2` definitions")?;
    let mut definitions = Definitions::new();
    for (name, schema) in root.iter().filter(|(name, _)| *name != "v2").chain(v2) {
        let mut schema = schema.clone();
        flatten_references(&mut schema)?;
        if let Some(object) = schema.as_object_mut() {
            // Neither says more than the definition's name.
            object.remove("$schema");
            object.remove("title");
        }
        match definitions.get(name) {
            None => drop(definitions.insert(name.clone(), schema)),
            Some(other) if *other == schema => {}
            Some(_) => bail!("the bundle contains two different definitions of `{name}`"),
        }
    }
    for (name, schema) in &definitions {
        for target in references(schema) {
            ensure!(
                definitions.contains_key(&target),
                "`{name}` refers to `{target}`, which is not defined"
            );
        }
    }
    Ok(definitions)
}

/// The names that a schema refers to, in order of appearance.
pub(crate) fn references(schema: &Value) -> Vec<String> {
    let mut names = Vec::new();
    collect_references(schema, &mut names);
    names
}

fn collect_references(schema: &Value, names: &mut Vec<String>) {
    match schema {
        Value::Object(object) => {
            for (key, value) in object {
                match value.as_str().and_then(reference_name) {
                    Some(name) if key == "$ref" => names.push(name.to_owned()),
                    _ => collect_references(value, names),
                }
            }
        }
        Value::Array(array) => array
            .iter()
            .for_each(|value| collect_references(value, names)),
        _ => {}
    }
}

/// Extracts `Name` from `#/definitions/Name`.
pub(crate) fn reference_name(reference: &str) -> Option<&str> {
    reference.strip_prefix("#/definitions/")
}

fn flatten_references(schema: &mut Value) -> Result<()> {
    match schema {
        Value::Object(object) => {
            for (key, value) in object {
                match value {
                    Value::String(reference) if key == "$ref" => {
                        let name = reference_name(reference)
                            .with_context(|| format!("unsupported reference `{reference}`"))?;
                        let flat = name.strip_prefix("v2/").unwrap_or(name);
                        ensure!(!flat.contains('/'), "unsupported reference `{reference}`");
                        *reference = format!("#/definitions/{flat}");
                    }
                    _ => flatten_references(value)?,
                }
            }
        }
        Value::Array(array) => array.iter_mut().try_for_each(flatten_references)?,
        _ => {}
    }
    Ok(())
}
