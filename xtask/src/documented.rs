//! Checks that the chores which pages, workflows and scripts name exist, with their options.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use clap::error::ErrorKind;

use crate::{Cli, workspace};

/// The words that stand for a release.
const PLACEHOLDERS: [&str; 6] = ["NEW", "OLD", "V", "V...", "VERSION", "VERSION..."];

/// Returns the files that name chores.
fn files() -> Vec<PathBuf> {
    let root = workspace::root().unwrap();
    let mut directories = vec![
        root.clone(),
        root.join("docs"),
        root.join(".ci"),
        root.join(".github/workflows"),
    ];
    let crates = fs::read_dir(root.join("crates")).unwrap();
    directories.extend(crates.map(|entry| entry.unwrap().path()));
    let entries = directories.iter().flat_map(|it| fs::read_dir(it).unwrap());
    let files = entries.map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.is_file() && names_chores(path))
        .collect()
}

fn names_chores(path: &Path) -> bool {
    let extension = path.extension().map(|it| it.to_string_lossy());
    match extension.as_deref() {
        Some(extension) => ["md", "yml", "yaml"].contains(&extension),
        None => path
            .parent()
            .and_then(Path::file_name)
            .is_some_and(|it| it == ".ci"),
    }
}

/// Returns the words after each `cargo xtask` in a text.
fn commands(text: &str) -> BTreeSet<Vec<&str>> {
    let commands = text.split("cargo xtask").skip(1).map(|rest| {
        let end = rest.find(['`', '\n', '|', '#', '&', ';', ')', '>', ':']);
        let parts = rest[..end.unwrap_or(rest.len())].split('"').enumerate();
        // Every second part is in quotes.
        let words = parts.flat_map(|(at, part)| match at % 2 {
            0 => part.split_whitespace().collect(),
            _ => vec![part],
        });
        // Arguments of other programs follow.
        words.take_while(|word| *word != "--").collect()
    });
    // `<chore>` stands for any of them.
    commands
        .filter(|words: &Vec<&str>| words.first().is_some_and(|it| !it.starts_with('<')))
        .collect()
}

#[test]
fn each_chore_that_a_page_or_a_workflow_names_exists() {
    let mut found = 0;
    for path in files() {
        let text = fs::read_to_string(&path).unwrap();
        for mut words in commands(&text) {
            found += 1;
            let placeholders = words.iter_mut().filter(|it| PLACEHOLDERS.contains(it));
            placeholders.for_each(|word| *word = "0.1.0");
            let Err(error) = Cli::try_parse_from(["cargo xtask"].iter().chain(&words)) else {
                continue;
            };
            // A page may name a chore without its arguments.
            let is_named = matches!(
                error.kind(),
                ErrorKind::DisplayHelp
                    | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
                    | ErrorKind::MissingRequiredArgument
                    | ErrorKind::MissingSubcommand
            );
            assert!(is_named, "{}: {words:?}: {error}", workspace::shown(&path));
        }
    }
    assert!(found > 30, "only {found} commands");
}

#[test]
fn a_command_ends_with_its_line_its_quotes_or_its_options() {
    assert_eq!(
        commands(
            "Run `cargo xtask codegen`. `cargo xtask`, `cargo xtask <chore> --help`\n$ cargo xtask test -- -p x\n\
                  cargo xtask demo \"two words\"  # a comment\n"
        ),
        [vec!["codegen"], vec!["demo", "two words"], vec!["test"]].into()
    );
}
