//! The programs among the examples are short: their lengths are the measure of the API. The list of
//! the examples describes all of them as they are.

use std::{collections::BTreeMap, fs};

use crate::workspace::root;

/// The programs, the most lines that they may have, and the guide that shows each.
const PROGRAMS: [(&str, usize, &str); 4] = [
    ("ci_bot", 70, "ci"),
    ("desktop_backend", 150, "desktop"),
    ("terminal_chat", 50, "terminal"),
    ("orchestrator", 65, "orchestrator"),
];

#[test]
fn each_program_is_short_and_has_a_guide() {
    let examples = root().join("crates/codex-client/examples");
    let list = fs::read_to_string(examples.join("README.md")).unwrap();
    for (name, limit, guide) in PROGRAMS {
        let text = fs::read_to_string(examples.join(format!("{name}.rs"))).unwrap();
        let lines = text.lines().count();
        assert!(lines <= limit, "{name} has {lines} lines, not {limit}");
        let guide = fs::read_to_string(root().join(format!("docs/{guide}.md"))).unwrap();
        let file = format!("{name}.rs)");
        let row = list.lines().find(|line| line.contains(&file)).unwrap();
        assert!(row.contains(&format!("| {lines} |")), "{row}");
        assert!(guide.contains(&file), "no guide links {name}");
        assert!(
            guide.contains(&format!("{lines} lines")),
            "the guide does not have the length of {name}: {lines} lines"
        );
    }
}

/// Returns the features that each example needs, both of whose forms count as one.
fn features() -> BTreeMap<String, String> {
    let manifest = fs::read_to_string(root().join("crates/codex-client/Cargo.toml")).unwrap();
    let mut features = BTreeMap::new();
    for example in manifest.split("[[example]]\n").skip(1) {
        let value = |key: &str| {
            let start = format!("{key} = ");
            let mut lines = example.lines();
            lines.find_map(|line| line.strip_prefix(&start)).unwrap()
        };
        let needed: Vec<_> = value("required-features")
            .trim_matches(['[', ']'])
            .split(", ")
            .map(|feature| feature.trim_matches('"'))
            // Enabled by default.
            .filter(|feature| *feature != "blocking")
            .collect();
        let name = value("name")
            .trim_matches('"')
            .trim_end_matches("_blocking");
        if !needed.is_empty() {
            features.insert(name.to_owned(), needed.join(","));
        }
    }
    features
}

#[test]
fn the_list_of_the_examples_names_the_features_that_each_needs() {
    let list = root().join("crates/codex-client/examples/README.md");
    let list = fs::read_to_string(list).unwrap();
    let paragraph = list.split("\n\n").find(|text| text.contains(" need"));
    // Names, then the features that they need.
    let mut named = BTreeMap::new();
    let mut names = Vec::new();
    for code in paragraph.unwrap().split('`').skip(1).step_by(2) {
        match code.strip_prefix("--features ") {
            Some(features) => {
                named.extend(names.drain(..).map(|name| (name, features.to_owned())));
            }
            None => names.push(code.to_owned()),
        }
    }
    assert_eq!(named, features());
}
