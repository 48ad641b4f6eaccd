//! The parts of the protocol that the pinned release has removed, which the types keep.

use std::{collections::BTreeMap, fs};

use serde_json::{Map, Value};

use crate::manifest_dir::manifest_dir;

/// Adds the parts to the definitions of a bundle. The copies of the workspace that `cargo xtask
/// releases` makes have them in their bundle.
pub(super) fn add(bundle: &str, definitions: &mut BTreeMap<String, Value>) {
    let Ok(text) = fs::read_to_string(manifest_dir().join("../schema/kept.json")) else {
        return;
    };
    let releases: Map<String, Value> = serde_json::from_str(&text).expect("the kept parts");
    for parts in releases.values() {
        let root = parts[bundle]["definitions"].as_object();
        let root = root.into_iter().flatten().filter(|(name, _)| *name != "v2");
        let v2 = parts[bundle]["definitions"]["v2"].as_object();
        for (name, part) in root.chain(v2.into_iter().flatten()) {
            match definitions.get_mut(name) {
                Some(definition) => merge(definition, part),
                None => drop(definitions.insert(name.clone(), part.clone())),
            }
        }
    }
}

fn merge(definition: &mut Value, part: &Value) {
    for keyword in ["oneOf", "anyOf"] {
        let Some(members) = definition.get_mut(keyword).and_then(Value::as_array_mut) else {
            continue;
        };
        for new in part[keyword].as_array().into_iter().flatten() {
            match members.iter_mut().find(|member| is_same(member, new)) {
                Some(member) => merge(member, new),
                None => members.push(new.clone()),
            }
        }
    }
    if let Some(values) = definition.get_mut("enum").and_then(Value::as_array_mut) {
        for new in part["enum"].as_array().into_iter().flatten() {
            if !values.contains(new) {
                values.push(new.clone());
            }
        }
    }
    for (name, field) in part["properties"].as_object().into_iter().flatten() {
        if definition["properties"].get(name).is_none() {
            definition["properties"][name] = field.clone();
        }
    }
}

/// Whether two members of a union have the same tag.
fn is_same(one: &Value, other: &Value) -> bool {
    let fields = one["properties"].as_object().into_iter().flatten();
    let mut tags =
        fields.filter(|(_, field)| field["enum"].as_array().is_some_and(|it| it.len() == 1));
    tags.any(|(name, field)| other["properties"][name]["enum"] == field["enum"])
}
