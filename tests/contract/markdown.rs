//! The code blocks of the Markdown pages: all Rust blocks are compiled.

use std::{collections::BTreeSet, fs, path::PathBuf};

use crate::workspace::{files, root};

/// The words after the fence of a Rust block, as rustdoc reads them.
const RUST: &[&str] = &[
    "compile_fail",
    "edition2021",
    "edition2024",
    "ignore",
    "no_run",
    "rust",
    "should_panic",
];

/// Returns the files of the workspace with this extension.
fn all_files(extension: &str) -> Vec<PathBuf> {
    let files = files(&root(), extension);
    assert!(files.len() > 10, "only {} files", files.len());
    files
}

/// Returns the lines of the Rust blocks, each with its number.
fn rust_lines(page: &str) -> Vec<(usize, &str)> {
    let mut lines = Vec::new();
    // The fence of the current block, and whether the block is Rust.
    let mut block: Option<(&str, bool)> = None;
    for (number, line) in (1..).zip(page.lines()) {
        let text = line.trim_start();
        let fence = &text[..text.len() - text.trim_start_matches(['`', '~']).len()];
        match block {
            Some((open, _)) if fence.starts_with(open) && text.trim_end() == fence => block = None,
            Some((_, true)) => lines.push((number, line)),
            Some((_, false)) => {}
            None if fence.len() >= 3 => block = Some((fence, is_rust(&text[fence.len()..]))),
            None => {}
        }
    }
    lines
}

/// Returns whether rustdoc compiles a block with these words after its fence.
fn is_rust(info: &str) -> bool {
    let mut words = info.split([',', ' ']).filter(|word| !word.is_empty());
    words.all(|word| RUST.contains(&word))
}

#[test]
fn each_page_with_rust_blocks_is_compiled() {
    let mut compiled = BTreeSet::new();
    for source in all_files("rs") {
        let text = fs::read_to_string(&source).unwrap();
        for included in text.split("doc = include_str!(\"").skip(1) {
            let included = included.split('"').next().unwrap();
            let page = source.parent().unwrap().join(included);
            compiled.extend(page.canonicalize());
        }
    }
    for page in all_files("md") {
        let text = fs::read_to_string(&page).unwrap();
        assert!(
            rust_lines(&text).is_empty() || compiled.contains(&page.canonicalize().unwrap()),
            "add {} to tests/src/lib.rs; otherwise its Rust blocks are not compiled",
            page.display()
        );
    }
}

#[test]
fn rust_blocks_are_distinguished_from_other_blocks() {
    let page = "# Title\n```rust,no_run\none\n```\n```sh\n# two\n```\n````text\n```rust\n```\n````\n  \
                ```\n  # three\n  ```\n~~~rust\nfour\n~~~\n# End\n";
    assert_eq!(
        rust_lines(page),
        [(3, "one"), (13, "  # three"), (16, "four")]
    );
}

/// Returns the numbers of the lines that rustdoc hides. Other renderers print them, and a block
/// with hidden lines does not compile when pasted.
fn hidden_lines(page: &str) -> Vec<usize> {
    let lines = rust_lines(page).into_iter();
    let hidden = lines.filter(|(_, line)| {
        let line = line.trim_start();
        line == "#" || line.starts_with("# ")
    });
    hidden.map(|(number, _)| number).collect()
}

#[test]
fn no_rust_block_has_hidden_lines() {
    let mut hidden = Vec::new();
    for page in all_files("md") {
        let text = fs::read_to_string(&page).unwrap();
        let page = page.strip_prefix(root()).unwrap().display();
        let numbers = hidden_lines(&text).into_iter();
        hidden.extend(numbers.map(|number| format!("{page}:{number}")));
    }
    assert!(
        hidden.is_empty(),
        "{} hidden lines; show whole functions instead:\n{}",
        hidden.len(),
        hidden.join("\n")
    );
}

#[test]
fn hidden_lines_are_distinguished_from_attributes_and_from_other_blocks() {
    let page = "# Title\n```rust\n# fn main() {\n#[test]\n## text\n  # }\n#\n```\n```sh\n# a comment\n```\n";
    assert_eq!(hidden_lines(page), [3, 6, 7]);
}
