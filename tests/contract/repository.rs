//! The address of the repository: the manifests and the pages name the same one, and all commands
//! that add the crates use it.

use std::fs;

use crate::workspace::{files, root};

const HOST: &str = "https://github.com/";

/// Returns the value of a key in the root manifest.
fn of_manifest(key: &str) -> String {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let start = format!("{key} = \"");
    let mut lines = manifest.lines();
    let line = lines.find_map(|line| line.strip_prefix(&start)).unwrap();
    line.trim_end_matches('"').to_owned()
}

/// Returns the owner and the name of each repository that a text names.
fn repositories(text: &str) -> Vec<(&str, &str)> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    let addresses = text.split(HOST).skip(1);
    let repositories = addresses.filter_map(|rest| {
        let (owner, rest) = rest.split_once('/')?;
        let name = rest.split(|letter| !is_part(letter)).next()?;
        let name = name.trim_end_matches('.');
        Some((owner, name.strip_suffix(".git").unwrap_or(name)))
    });
    repositories.collect()
}

#[test]
fn every_address_of_the_repository_is_that_of_the_manifest() {
    let repository = of_manifest("repository");
    assert_eq!(of_manifest("homepage"), repository);
    let (owner, name) = repository
        .strip_prefix(HOST)
        .and_then(|path| path.split_once('/'))
        .unwrap();
    let mut count = 0;
    for file in ["md", "toml", "rs"].map(|it| files(&root(), it)).concat() {
        let text = fs::read_to_string(&file).unwrap();
        for (found_owner, found) in repositories(&text) {
            // Peers have names of their own.
            let is_ours = found_owner == owner || found == name;
            if is_ours {
                assert_eq!((found_owner, found), (owner, name), "{}", file.display());
                count += 1;
            }
        }
    }
    assert!(count > 5, "only {count} addresses");
}

/// The crates of this workspace are not on crates.io yet.
#[test]
fn every_command_that_adds_a_crate_of_the_workspace_names_its_source() {
    let is_ours = |word: &str| word.starts_with("codex-") || word == "strict-schema";
    let mut count = 0;
    for file in files(&root(), "md") {
        let text = fs::read_to_string(&file).unwrap();
        for line in text.lines().filter(|line| line.starts_with("$ cargo ")) {
            let words: Vec<_> = line.split(' ').collect();
            if ["add", "install"].contains(&words[2]) && words.iter().any(|word| is_ours(word)) {
                let has_source = words.contains(&"--git") || words.contains(&"--path");
                assert!(has_source, "{}: {line}", file.display());
                count += 1;
            }
        }
    }
    assert!(count > 5, "only {count} commands");
}

#[test]
fn an_address_is_read_up_to_the_name_of_the_repository() {
    assert_eq!(
        repositories("see https://github.com/a/b.git, or https://github.com/c/d/tree/main."),
        [("a", "b"), ("c", "d")]
    );
}
