//! Flattens a schema bundle into one map of definitions.
//!
//! The input is the nested bundle, which is the only one that contains server requests, approvals
//! and the JSON-RPC envelope. Its `v2` definitions join those of the root.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde_json::{Map, Value};

use super::{
    names,
    report::{Kind, Place, Report},
};

/// The definitions of a bundle by name, with references of the form `#/definitions/Name`.
pub(crate) type Definitions = BTreeMap<String, Value>;

const PLACE: Place = Place::new("load.rs", "flatten");

/// Flattens a bundle. Each definition gets a type of its own: of two different definitions of the
/// same name, the one outside of `v2` is renamed.
///
/// # Errors
///
/// Fails if the value is not a bundle of definitions.
pub(crate) fn flatten(bundle: &Value, report: &mut Report) -> Result<Definitions> {
    let root = bundle["definitions"]
        .as_object()
        .context("not a schema bundle: it has no `definitions`")?;
    let none = Map::new();
    let v2 = root.get("v2").and_then(Value::as_object).unwrap_or(&none);
    let mut names = Names::default();
    for name in v2.keys() {
        names.add(format!("v2/{name}"), name, report);
    }
    for (name, schema) in root.iter().filter(|(name, _)| *name != "v2") {
        match v2.get(name) {
            Some(other) if without_version(other) == without_version(schema) => {
                names.repeat(name, &format!("v2/{name}"));
            }
            _ => names.add(name.clone(), name, report),
        }
    }
    let mut definitions = Definitions::new();
    for (path, name) in &names.by_path {
        let schema = match path.strip_prefix("v2/") {
            Some(path) => &v2[path],
            None => &root[path],
        };
        let mut schema = without_titles(schema);
        resolve_references(&mut schema, name, &names, report);
        definitions.insert(name.clone(), schema);
    }
    Ok(definitions)
}

/// The names of the types by path in the bundle, such as `v2/Thread`.
#[derive(Default)]
struct Names {
    by_path: BTreeMap<String, String>,
    taken: BTreeSet<String>,
}

impl Names {
    fn add(&mut self, path: String, wanted: &str, report: &mut Report) {
        let valid = names::definition(wanted);
        let name = names::unused(&valid, |name| self.taken.contains(name));
        if name != wanted {
            report.add(
                Kind::Guess,
                &path,
                format!("its type is named `{name}`"),
                PLACE,
            );
        }
        self.taken.insert(name.clone());
        self.by_path.insert(path, name);
    }

    /// Gives a path the name of another path, which has the same definition.
    fn repeat(&mut self, path: &str, of: &str) {
        let name = self.by_path[of].clone();
        self.by_path.insert(path.to_owned(), name);
    }
}

/// Removes the keywords that say no more than the name of the definition.
fn without_titles(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(object) = schema.as_object_mut() {
        object.remove("$schema");
        object.remove("title");
    }
    schema
}

/// A definition without the difference between the root and `v2`.
fn without_version(schema: &Value) -> Value {
    let mut schema = without_titles(schema);
    each_reference(&mut schema, &mut |reference| {
        *reference = reference.replace("#/definitions/v2/", "#/definitions/");
        true
    });
    schema
}

/// Replaces the paths in references with names. A reference to something that is not defined
/// becomes any value.
fn resolve_references(schema: &mut Value, user: &str, names: &Names, report: &mut Report) {
    each_reference(schema, &mut |reference| {
        let name = reference_name(reference).and_then(|path| names.by_path.get(path));
        if let Some(name) = name {
            *reference = format!("#/definitions/{name}");
            return true;
        }
        report.add(
            Kind::Widened,
            user,
            format!("it refers to `{reference}`, which is not defined"),
            PLACE,
        );
        false
    });
}

/// Calls `visit` for each reference in a schema. Schemas with a reference for which it returns
/// `false` lose that reference.
fn each_reference(schema: &mut Value, visit: &mut impl FnMut(&mut String) -> bool) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::String(reference)) = object.get_mut("$ref")
                && !visit(reference)
            {
                object.remove("$ref");
            }
            for (_, inner) in object.iter_mut().filter(|(key, _)| *key != "$ref") {
                each_reference(inner, visit);
            }
            // A property may be named `$ref`.
            if object.get("$ref").is_some_and(|inner| !inner.is_string()) {
                each_reference(&mut object["$ref"], visit);
            }
        }
        Value::Array(array) => {
            for inner in array {
                each_reference(inner, visit);
            }
        }
        _ => {}
    }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn flattened(bundle: &Value) -> (Definitions, Report) {
        let mut report = Report::default();
        let definitions = flatten(bundle, &mut report).unwrap();
        (definitions, report)
    }

    #[test]
    fn equal_definitions_of_the_root_and_of_v2_are_one_type() {
        let of = |path: &str| json!({ "items": { "$ref": format!("#/definitions/{path}") } });
        let (definitions, report) = flattened(&json!({ "definitions": {
            "A": of("B"), "B": { "title": "B" },
            "v2": { "A": of("v2/B"), "B": {} },
        } }));
        assert_eq!(definitions.len(), 2);
        assert_eq!(definitions["A"], of("B"));
        report.refuse().unwrap();
    }

    #[test]
    fn of_two_different_definitions_the_one_outside_of_v2_is_renamed() {
        let of = |path: &str| json!({ "items": { "$ref": format!("#/definitions/{path}") } });
        let (definitions, report) = flattened(&json!({ "definitions": {
            "A": { "type": "string" }, "User": of("A"),
            "v2": { "A": { "type": "object" }, "NewUser": of("v2/A") },
        } }));
        assert_eq!(definitions["A"], json!({ "type": "object" }));
        assert_eq!(definitions["A2"], json!({ "type": "string" }));
        assert_eq!(definitions["User"], of("A2"));
        assert_eq!(definitions["NewUser"], of("A"));
        assert_eq!(report.count(Kind::Guess), 1, "{report}");
    }

    #[test]
    fn a_dangling_reference_becomes_any_value() {
        let (definitions, report) = flattened(&json!({ "definitions": {
            "A": { "items": { "$ref": "#/definitions/Gone" } },
            "B": { "items": { "$ref": "https://elsewhere" } },
        } }));
        assert_eq!(definitions["A"], json!({ "items": {} }));
        assert_eq!(definitions["B"], json!({ "items": {} }));
        assert_eq!(report.count(Kind::Widened), 2, "{report}");
    }

    #[test]
    fn a_value_without_definitions_is_not_a_bundle() {
        let error = flatten(&json!({ "title": "A" }), &mut Report::default()).unwrap_err();
        assert!(error.to_string().contains("not a schema bundle"), "{error}");
    }
}
