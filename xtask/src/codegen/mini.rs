//! Each step of the generator on a small schema, beside what is expected of it.
//!
//! `xtask/tests/mini/passes/*.json` say what a pass makes of definitions, or why it refuses them.
//! `xtask/tests/mini/shapes/*.json` are small protocols, and the `.rs` beside each is what is
//! generated from it; `codex-types` compiles and tries these. `UPDATE_MINI=1 cargo test -p xtask
//! mini` writes them anew.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{Definitions, Tables, normalise, print, understand};

fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let folder = crate::workspace::root()
        .unwrap()
        .join("xtask/tests/mini")
        .join(folder);
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    files
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap())
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn definitions(value: &Value) -> Definitions {
    serde_json::from_value(value.clone()).unwrap()
}

#[test]
fn each_pass_makes_of_its_small_schema_what_stands_beside_it() {
    let mut tried = std::collections::BTreeSet::new();
    for path in files("passes", "json") {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let (_, pass) = normalise::PASSES
            .iter()
            .find(|(pass, _)| name.starts_with(pass))
            .unwrap_or_else(|| panic!("{name}.json is named after no pass"));
        let case = read(&path);
        let mut given = definitions(&case["before"]);
        match (pass(&mut given), case["refused"].as_str()) {
            (Ok(()), None) => assert_eq!(given, definitions(&case["after"]), "{name}"),
            (Ok(()), Some(reason)) => panic!("{name} passes, and should say: {reason}"),
            (Err(error), Some(reason)) => assert!(error.to_string().contains(reason), "{error}"),
            (Err(error), None) => panic!("{name}: {error}"),
        }
        tried.insert(name.split('.').next().unwrap().to_owned());
    }
    for (pass, _) in normalise::PASSES {
        assert!(
            tried.contains(*pass),
            "the pass `{pass}` has no small schema"
        );
    }
}

#[test]
fn each_small_protocol_becomes_the_file_beside_it() {
    for path in files("shapes", "json") {
        let case = read(&path);
        let experimental = definitions(&case["definitions"]);
        let stable = match &case["stable"] {
            Value::Null => experimental.clone(),
            stable => definitions(stable),
        };
        let about = case["about"].as_str().unwrap();
        let mut tables = Tables::default();
        let model = understand(experimental, stable, &mut tables)
            .unwrap_or_else(|error| panic!("{}: {error:#}", path.display()));
        let printed = print::print_one(&model, about).unwrap();
        let expected = path.with_extension("rs");
        if std::env::var_os("UPDATE_MINI").is_some() {
            fs::write(&expected, &printed).unwrap();
        }
        let expected = fs::read_to_string(&expected).unwrap_or_default();
        assert!(
            printed == expected,
            "{} is not what is generated:\n{}",
            path.with_extension("rs").display(),
            similar::TextDiff::from_lines(&expected, &printed).unified_diff()
        );
    }
}

#[test]
fn a_schema_that_is_not_understood_is_refused_with_its_name_and_reason() {
    for path in files("refused", "json") {
        let case = read(&path);
        let given = definitions(&case["definitions"]);
        let result = understand(given.clone(), given, &mut Tables::default());
        let error = match result {
            Ok(_) => panic!("{} is understood", path.display()),
            Err(error) => format!("{error:#}"),
        };
        let reason = case["refused"].as_str().unwrap();
        assert!(error.contains(reason), "{}: {error}", path.display());
    }
}
