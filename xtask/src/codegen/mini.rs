//! Tests each step of the generator on small schemas, against expected output on disk.
//!
//! `xtask/tests/mini/passes/*.json` hold the definitions before and after a normalise pass, or the
//! reason that the pass gives for refusing them. `xtask/tests/mini/refused/*.json` hold schemas
//! that the generator refuses. `xtask/tests/mini/shapes/*.json` are small protocols, each with the
//! generated code in the `.rs` file of the same name; `codex-types` compiles and tests that code.
//! To update these files, run `UPDATE_MINI=1 cargo test -p xtask mini`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{ClearableFields, Definitions, Report, Tables, build_model, decide, normalise, print};

fn files(directory: &str, extension: &str) -> Vec<PathBuf> {
    let directory = crate::workspace::root()
        .unwrap()
        .join("xtask/tests/mini")
        .join(directory);
    let entries = fs::read_dir(directory)
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
fn each_pass_turns_its_small_schema_into_the_expected_one() {
    let mut tried = std::collections::BTreeSet::new();
    for path in files("passes", "json") {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let (_, pass) = normalise::PASSES
            .iter()
            .find(|(pass, _)| name.starts_with(pass))
            .unwrap_or_else(|| panic!("{name}.json does not begin with the name of a pass"));
        let case = read(&path);
        let mut given = definitions(&case["before"]);
        match (pass(&mut given), case["refused"].as_str()) {
            (Ok(()), None) => assert_eq!(given, definitions(&case["after"]), "{name}"),
            (Ok(()), Some(reason)) => panic!("{name} succeeds instead of failing with: {reason}"),
            (Err(error), Some(reason)) => assert!(error.to_string().contains(reason), "{error}"),
            (Err(error), None) => panic!("{name}: {error}"),
        }
        tried.insert(name.split('.').next().unwrap().to_owned());
    }
    for (pass, _) in normalise::PASSES {
        assert!(
            tried.contains(*pass),
            "no small schema tests the pass `{pass}`"
        );
    }
}

#[test]
fn each_small_protocol_generates_the_expected_file() {
    for path in files("shapes", "json") {
        let case = read(&path);
        let experimental = definitions(&case["definitions"]);
        let stable = match &case["stable"] {
            Value::Null => experimental.clone(),
            stable => definitions(stable),
        };
        let about = case["about"].as_str().unwrap();
        let mut tables = Tables::default();
        let mut report = Report::default();
        let mut model = build_model(experimental, stable, &mut tables, &mut report)
            .unwrap_or_else(|error| panic!("{}: {error:#}", path.display()));
        decide(&mut model, &ClearableFields::default(), &mut report);
        let printed = print::print_one(&model, about).unwrap();
        let expected = path.with_extension("rs");
        if std::env::var_os("UPDATE_MINI").is_some() {
            fs::write(&expected, &printed).unwrap();
        }
        let expected = fs::read_to_string(&expected).unwrap_or_default();
        assert!(
            printed == expected,
            "{} differs from the generated code:\n{}",
            path.with_extension("rs").display(),
            similar::TextDiff::from_lines(&expected, &printed).unified_diff()
        );
    }
}

#[test]
fn an_unsupported_schema_is_refused_with_its_name_and_the_reason() {
    for path in files("refused", "json") {
        let case = read(&path);
        let given = definitions(&case["definitions"]);
        let result = build_model(
            given.clone(),
            given,
            &mut Tables::default(),
            &mut Report::default(),
        );
        let error = match result {
            Ok(_) => panic!("{} is accepted", path.display()),
            Err(error) => format!("{error:#}"),
        };
        let reason = case["refused"].as_str().unwrap();
        assert!(error.contains(reason), "{}: {error}", path.display());
    }
}
