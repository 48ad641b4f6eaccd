//! The tables of `docs/api-reference.md`, from Python names to Rust names, are complete and
//! correct.
//!
//! A fixture lists the names of openai-codex 0.163.0. The Rust names are looked up in the sources,
//! each member in its own type, on both the async and the blocking side.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use serde_json::Value;

use crate::{
    public_api::Api,
    workspace::{files, root},
};

/// Returns the rows of all tables: the Python name and its Rust names.
fn rows() -> BTreeMap<String, Vec<String>> {
    let text = fs::read_to_string(root().join("docs/api-reference.md")).unwrap();
    let mut rows = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [python, rust] = cells.as_slice() else {
            panic!("not a row of two cells: {line}")
        };
        let rust = rust
            .split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect();
        let twice = rows.insert(python.trim_matches('`').to_owned(), rust);
        assert!(twice.is_none(), "`{python}` appears in the tables twice");
    }
    rows
}

/// Splits `Thread.run(a, b)` into `Thread.run`, `Thread.run(a)` and `Thread.run(b)`.
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

/// Returns the names of the Python SDK, without the async twins, which have the same members.
fn python() -> BTreeSet<String> {
    let path = root().join("tests/fixtures/python-sdk-0.163.0.json");
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
            Some(twin) => assert_eq!(members[&name], members[twin], "{name} differs from {twin}"),
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
fn the_tables_list_exactly_the_names_of_the_python_sdk() {
    let listed: BTreeSet<_> = rows().keys().flat_map(|name| each_argument(name)).collect();
    let python = python();
    let missing: Vec<_> = python.difference(&listed).collect();
    let unknown: Vec<_> = listed.difference(&python).collect();
    assert!(missing.is_empty(), "not in the tables: {missing:?}");
    assert!(
        unknown.is_empty(),
        "in the tables, but not in Python: {unknown:?}"
    );
}

/// The public Rust names.
struct Rust {
    client: Api,
    types: Api,
    exported: BTreeSet<String>,
    exported_types: BTreeSet<String>,
}

impl Rust {
    fn read() -> Self {
        let client = Api::client();
        let modules = [
            "agents.rs",
            "builder.rs",
            "config/mod.rs",
            "render/mod.rs",
            "supervisor/mod.rs",
            "version.rs",
        ];
        let modules = modules.map(|path| client.exports(path));
        let rust = Self {
            exported: modules
                .into_iter()
                .fold(client.exports("lib.rs"), |all, more| &all | &more),
            exported_types: client.exports("types.rs"),
            client,
            types: Api::plain("crates/codex-types/src"),
        };
        // Proves that the reader distinguishes types.
        assert!(rust.has("ThreadStartBuilder::ephemeral") && rust.has("TurnResult::items"));
        assert!(!rust.has("ThreadResumeBuilder::ephemeral") && !rust.has("Thread::items"));
        // In the blocking API, `next` belongs to `Iterator`.
        assert!(!rust.has("TurnStream::next"));
        rust
    }

    /// Returns whether a name exists: `Type`, `Type::member`, `Type::{member, member}` or
    /// `function`.
    fn has(&self, name: &str) -> bool {
        let Some((ty, members)) = name.split_once("::") else {
            return self.exported.contains(name) || self.types.has_type(name);
        };
        if ty == "types" {
            return self.exported_types.contains(members);
        }
        let api = match self.exported.contains(ty) {
            true => &self.client,
            false => &self.types,
        };
        let mut members = members.trim_matches(['{', '}']).split(',');
        members.all(|member| api.has(ty, member.trim()))
    }
}

#[test]
fn each_rust_name_in_the_tables_exists() {
    let rust = Rust::read();
    let mut wrong = Vec::new();
    for (python, names) in rows() {
        assert!(!names.is_empty(), "`{python}` has no Rust name");
        let missing = names.into_iter().filter(|name| !rust.has(name));
        wrong.extend(missing.map(|name| format!("{python}: {name}")));
    }
    assert!(
        wrong.is_empty(),
        "in the tables, but not in the code: {wrong:#?}"
    );
}

/// The pages that also name private types and types of other crates.
const INTERNAL_PAGES: &[&str] = &[
    "architecture.md",
    "benchmarks.md",
    "performance.md",
    "testing.md",
    "updating-codex.md",
];

#[test]
fn each_member_that_the_documentation_names_exists() {
    let rust = Rust::read();
    let (mut found, mut wrong) = (0, Vec::new());
    for path in files(&root().join("docs"), "md") {
        let page = path.file_name().unwrap().to_string_lossy();
        let text = fs::read_to_string(&path).unwrap();
        // Inline code only; code blocks are compiled.
        let prose = text.split("```").step_by(2).collect::<String>();
        for code in prose.split('`').skip(1).step_by(2) {
            let name = code.split(['(', '<']).next().unwrap();
            let Some((ty, _)) = name.split_once("::") else {
                continue;
            };
            // Types, not modules.
            if !ty.starts_with(char::is_uppercase) {
                continue;
            }
            if rust.exported.contains(ty) || !INTERNAL_PAGES.contains(&&*page) {
                found += 1;
                if !rust.has(name) {
                    wrong.push(format!("{page}: {code}"));
                }
            }
        }
    }
    assert!(found > 100, "only {found} were found");
    assert!(
        wrong.is_empty(),
        "in the documentation, but not in the code: {wrong:#?}"
    );
}

/// The types whose methods the page names, as the program begins with them. Other types are named
/// with the method that returns them.
const ENTRIES: &[&str] = &[
    "Codex",
    "CodexBuilder",
    "Error",
    "RetryPolicy",
    "RunBuilder",
    "Thread",
    "TurnHandle",
    "TurnResult",
    "TurnStartBuilder",
];

/// Returns the names of `Type::member` and `Type::{member, member}` in inline code.
fn members_named(text: &str) -> BTreeSet<(String, String)> {
    let mut named = BTreeSet::new();
    for code in text.split('`').skip(1).step_by(2) {
        if let Some((ty, members)) = code.split_once("::") {
            let members = members.trim_matches(['{', '}']).split(',');
            named.extend(members.map(|member| (ty.to_owned(), member.trim().to_owned())));
        }
    }
    named
}

#[test]
fn the_page_names_each_method_with_which_a_program_begins() {
    let rust = Rust::read();
    let text = fs::read_to_string(root().join("docs/api-reference.md")).unwrap();
    let prose = text.split("```").step_by(2).collect::<String>();
    let named = members_named(&prose);
    let mut missing = Vec::new();
    for ty in ENTRIES {
        let sides = [&rust.client.asynchronous, &rust.client.both];
        let members = sides.into_iter().filter_map(|side| side.get(*ty));
        for method in members.flat_map(|members| members.methods.keys()) {
            if !named.contains(&((*ty).to_owned(), method.clone())) {
                missing.push(format!("{ty}::{method}"));
            }
        }
    }
    assert!(missing.is_empty(), "not on the page: {missing:#?}");
}
