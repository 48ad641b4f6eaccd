//! The tables of `docs/api-reference.md`, Python name to Rust name, are complete and true.
//!
//! What Python has was read off openai-codex 0.163.0 and stands in a fixture. What Rust has is looked
//! up in the sources of the client: a name that is gone there makes the table wrong.

// A helper of a test fails as the test does.
#![allow(clippy::unwrap_used)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The rows of all tables: the Python name, and the Rust names beside it.
fn rows() -> BTreeMap<String, Vec<String>> {
    let text = fs::read_to_string(workspace().join("docs/api-reference.md")).unwrap();
    let mut rows = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [python, rust] = cells.as_slice() else {
            panic!("a row of two cells: {line}")
        };
        let rust = rust
            .split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect();
        let twice = rows.insert(python.trim_matches('`').to_owned(), rust);
        assert!(twice.is_none(), "`{python}` is in the tables twice");
    }
    rows
}

/// `Thread.run(a, b)` as `Thread.run`, `Thread.run(a)` and `Thread.run(b)`.
fn each_argument(name: &str) -> Vec<String> {
    match name.trim_end_matches(')').split_once('(') {
        None => vec![name.to_owned()],
        Some((call, arguments)) => std::iter::once(call.to_owned())
            .chain(
                arguments
                    .split(", ")
                    .map(|argument| format!("{call}({argument})")),
            )
            .collect(),
    }
}

/// What the Python SDK has, without the async twins, which have the same members.
fn python() -> BTreeSet<String> {
    let path = workspace().join("tests/fixtures/python-sdk-0.163.0.json");
    let python: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let strings = |value: &Value| -> Vec<String> {
        value
            .as_array()
            .unwrap()
            .iter()
            .map(|name| name.as_str().unwrap().to_owned())
            .collect()
    };
    let members = python["members"].as_object().unwrap();
    let mut names = BTreeSet::new();
    for name in strings(&python["exports"]) {
        match name.strip_prefix("Async") {
            Some(twin) => assert_eq!(members[&name], members[twin], "{name} is more than {twin}"),
            None if name == "__version__" => {}
            None => drop(names.insert(name)),
        }
    }
    for (name, members) in members
        .iter()
        .filter(|(name, _)| !name.starts_with("Async"))
    {
        for (member, keywords) in members.as_object().unwrap() {
            names.insert(format!("{name}.{member}"));
            let keywords = strings(keywords);
            names.extend(
                keywords
                    .iter()
                    .map(|keyword| format!("{name}.{member}({keyword})")),
            );
        }
    }
    names.extend(
        strings(&python["types"])
            .iter()
            .map(|name| format!("types.{name}")),
    );
    names
}

#[test]
fn the_tables_have_all_that_the_python_sdk_has_and_nothing_else() {
    let listed: BTreeSet<_> = rows().keys().flat_map(|name| each_argument(name)).collect();
    let python = python();
    let missing: Vec<_> = python.difference(&listed).collect();
    let unknown: Vec<_> = listed.difference(&python).collect();
    assert!(missing.is_empty(), "not in the tables: {missing:?}");
    assert!(
        unknown.is_empty(),
        "in the tables, and not in Python: {unknown:?}"
    );
}

/// Every word of the client's public sources, by the file it is in.
struct Sources(Vec<String>);

impl Sources {
    fn read(folder: &Path) -> Self {
        let mut files = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() && path.file_name().is_some_and(|name| name != "tests") {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    files.push(fs::read_to_string(path).unwrap());
                }
            }
        }
        Self(files)
    }

    /// Whether a public type of this name is defined, or exported.
    fn has_type(&self, name: &str) -> bool {
        let defined = ["pub struct ", "pub enum ", "pub type "].map(|what| format!("{what}{name}"));
        self.0
            .iter()
            .any(|text| defined.iter().any(|defined| has_word(text, defined)))
    }

    /// Whether there is a public function, option, field or variant of this name.
    fn has_member(&self, name: &str) -> bool {
        let forms = [
            format!("pub fn {name}"),
            format!("pub async fn {name}"),
            format!("pub {name}:"),
            // An option of a request builder.
            format!("        {name}:"),
            format!("        {name} =>"),
        ];
        // A variant of an enum.
        let variants = [",", "(", " {"].map(|end| format!("    {name}{end}"));
        self.0.iter().any(|text| {
            forms.iter().any(|form| has_word(text, form))
                || variants.iter().any(|variant| text.contains(variant))
        })
    }
}

/// Whether `part` is in the text and does not go on as a longer name.
fn has_word(text: &str, part: &str) -> bool {
    text.match_indices(part).any(|(at, _)| {
        let next = text[at + part.len()..].chars().next();
        !next.is_some_and(|next| next.is_alphanumeric() || next == '_')
    })
}

#[test]
fn each_rust_name_in_the_tables_is_in_the_code() {
    let client = Sources::read(&workspace().join("crates/codex-client/src"));
    let types = Sources::read(&workspace().join("crates/codex-types/src"));
    let exported =
        fs::read_to_string(workspace().join("crates/codex-client/src/types.rs")).unwrap();
    let mut wrong = Vec::new();
    for (python, names) in rows() {
        assert!(!names.is_empty(), "`{python}` has no Rust name");
        for name in names {
            let ok = match name.split_once("::") {
                Some(("types", name)) => has_word(&exported, name),
                Some((ty, members)) => {
                    let members = members.trim_matches(['{', '}']).split(", ");
                    (client.has_type(ty) || types.has_type(ty))
                        && members
                            .into_iter()
                            .all(|member| client.has_member(member) || types.has_member(member))
                }
                None => client.has_type(&name) || types.has_type(&name) || client.has_member(&name),
            };
            if !ok {
                wrong.push(format!("{python}: {name}"));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "in the tables, and not in the code: {wrong:#?}"
    );
}
