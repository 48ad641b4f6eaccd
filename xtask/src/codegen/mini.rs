//! Tests each step of the generator on small schemas, against expected output on disk.
//!
//! `xtask/tests/mini/passes/*.json` hold the definitions before and after a normalise pass.
//! `xtask/tests/mini/shapes/*.json` are small protocols, each with the generated code in the `.rs`
//! file of the same name; `codex-types` compiles and tests that code. Each file lists the entries of
//! the report, if there are any. To update these files, run `UPDATE_MINI=1 cargo test -p xtask mini`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{
    ClearableFields, Definitions, Report, Tables, build_model, decide, normalise, print, report,
};

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
        let mut case = read(&path);
        let mut given = definitions(&case["before"]);
        let mut report = Report::default();
        normalise::apply(*pass, &mut given, &mut report);
        update(&path, &mut case, Some(&given), &report);
        assert_eq!(given, definitions(&case["after"]), "{name}");
        assert_eq!(lines(&report), expected(&case), "{name}");
        tried.insert(name.split('.').next().unwrap().to_owned());
    }
    for (pass, _) in normalise::PASSES {
        assert!(
            tried.contains(*pass),
            "no small schema tests the pass `{pass}`"
        );
    }
}

/// The entries of a report, one per line.
fn lines(report: &Report) -> Vec<String> {
    let kinds = report::Kind::ALL.into_iter();
    let entries = kinds.flat_map(|kind| report.of(kind).map(move |entry| (kind, entry)));
    let lines = entries
        .map(|(kind, entry)| format!("{}: `{}`: {}", kind.plural(), entry.subject, entry.sentence));
    lines.collect()
}

/// The entries that a case expects.
fn expected(case: &Value) -> Vec<String> {
    let lines = case["report"].as_array().into_iter().flatten();
    lines
        .map(|line| line.as_str().unwrap().to_owned())
        .collect()
}

/// Rewrites the expectations of a case, if they have changed and the environment asks for it.
fn update(path: &Path, case: &mut Value, after: Option<&Definitions>, report: &Report) {
    if std::env::var_os("UPDATE_MINI").is_none() {
        return;
    }
    let before = case.clone();
    if let Some(after) = after {
        case["after"] = serde_json::to_value(after).unwrap();
    }
    match lines(report) {
        lines if lines.is_empty() => drop(case.as_object_mut().unwrap().remove("report")),
        lines => case["report"] = lines.into(),
    }
    if *case != before {
        fs::write(path, format!("{case:#}\n")).unwrap();
    }
}

#[test]
fn each_small_protocol_generates_the_expected_file() {
    for path in files("shapes", "json") {
        let mut case = read(&path);
        let experimental = definitions(&case["definitions"]);
        let stable = match &case["stable"] {
            Value::Null => experimental.clone(),
            stable => definitions(stable),
        };
        let about = case["about"].as_str().unwrap().to_owned();
        let mut tables = Tables::default();
        let mut report = Report::default();
        let mut model = build_model(experimental, stable, &mut tables, &mut report);
        let mut decisions = Report::default();
        decide(&mut model, &ClearableFields::default(), &mut decisions);
        // The tables describe the whole protocol, and no TypeScript shows the small ones.
        decisions.leave_out(report::Kind::Stale);
        decisions.leave_out(report::Kind::Undecided);
        report.append(decisions);
        let printed = print::print_one(&model, &about).unwrap();
        let expected = path.with_extension("rs");
        if std::env::var_os("UPDATE_MINI").is_some() {
            fs::write(&expected, &printed).unwrap();
        }
        update(&path, &mut case, None, &report);
        let expected = fs::read_to_string(&expected).unwrap_or_default();
        assert_eq!(lines(&report), self::expected(&case), "{}", path.display());
        assert!(
            printed == expected,
            "{} differs from the generated code:\n{}",
            path.with_extension("rs").display(),
            similar::TextDiff::from_lines(&expected, &printed).unified_diff()
        );
    }
}
