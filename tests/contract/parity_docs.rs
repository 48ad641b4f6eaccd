//! The blocking API has documentation of its own, which agrees with that of the async API.
//!
//! The first paragraphs of a method on both sides are equal, and the blocking docs contain each
//! paragraph of the async `# Errors`. Links are compared by their text, because their targets
//! differ.

use crate::{
    public_api::{Api, CLIENT},
    workspace,
};

/// A paragraph of documentation, with the text of its links.
struct Paragraph {
    /// The heading above it.
    section: String,
    text: String,
}

/// Returns the paragraphs of a doc comment, without its code blocks.
fn paragraphs(docs: &str) -> Vec<Paragraph> {
    let mut section = String::new();
    let mut paragraphs = Vec::new();
    let prose: String = docs.split("```").step_by(2).collect();
    for paragraph in prose.split("\n\n") {
        let text = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some(heading) = text.strip_prefix("# ") {
            heading.clone_into(&mut section);
        } else if !text.is_empty() {
            paragraphs.push(Paragraph {
                section: section.clone(),
                text: without_targets(&text),
            });
        }
    }
    paragraphs
}

/// Reduces links to their text.
fn without_targets(text: &str) -> String {
    let (mut reduced, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(['`', '[']) {
        let (before, from) = rest.split_at(at);
        reduced.push_str(before);
        if let Some(code) = from.strip_prefix('`') {
            let end = code.find('`').map_or(from.len(), |end| end + 2);
            reduced.push_str(&from[..end]);
            rest = &from[end..];
            continue;
        }
        let end = closing(from);
        reduced.push_str(&without_targets(&from[1..end]));
        rest = from.get(end + 1..).unwrap_or_default();
        if rest.starts_with(['(', '[']) {
            rest = rest.get(closing(rest) + 1..).unwrap_or_default();
        }
    }
    reduced + rest
}

/// Returns the index of the bracket that closes the first bracket.
fn closing(text: &str) -> usize {
    let mut depth = 0;
    let end = text.find(|mark| {
        match mark {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    end.unwrap_or(text.len())
}

/// Returns how the blocking documentation of a method differs from the async one.
fn differences(there: &str, here: &str) -> Vec<String> {
    let (there, here) = (paragraphs(there), paragraphs(here));
    let first = |paragraphs: &[Paragraph]| {
        let first = paragraphs.first();
        first.map(|first| first.text.clone()).unwrap_or_default()
    };
    let mut differences = Vec::new();
    if first(&there) != first(&here) {
        differences.push(format!(
            "begins with: {}\n    not with: {}",
            first(&here),
            first(&there)
        ));
    }
    let errors = there
        .iter()
        .filter(|paragraph| paragraph.section == "Errors");
    let missing = errors.filter(|error| !here.iter().any(|here| here.text.contains(&error.text)));
    differences.extend(missing.map(|error| format!("lacks the errors: {}", error.text)));
    differences
}

#[test]
fn each_blocking_method_is_documented_like_its_async_twin() {
    let api = Api::client();
    let (mut compared, mut different) = (0, Vec::new());
    for name in api.exports("blocking/mod.rs") {
        let (Some(there), Some(here)) = (api.asynchronous.get(&name), api.blocking.get(&name))
        else {
            continue;
        };
        for (method, there) in &there.methods {
            // `Iterator` documents `next`.
            let Some(here) = here.methods.get(method) else {
                continue;
            };
            compared += 1;
            let differences = differences(&there.docs, &here.docs).into_iter();
            different.extend(differences.map(|text| format!("`{name}::{method}` {text}")));
        }
    }
    assert!(compared > 100, "only {compared} methods were found");
    assert!(
        different.is_empty(),
        "{} differences in {compared} methods:\n{}",
        different.len(),
        different.join("\n")
    );
}

#[test]
fn no_docs_only_refer_to_the_async_side() {
    let mut found = Vec::new();
    for (path, text) in workspace::sources(&workspace::root().join(CLIENT)) {
        let mut is_inside = false;
        for (number, line) in (1..).zip(text.lines().map(str::trim_start)) {
            let begins = line.starts_with("/// Same as [`crate::") && !is_inside;
            if begins || line.contains("\"Same as [`crate::") {
                found.push(format!("{path}:{number}: {line}"));
            }
            is_inside = line.starts_with("///");
        }
    }
    assert!(
        found.is_empty(),
        "{} docs begin with a reference:\n{}",
        found.len(),
        found.join("\n")
    );
}

#[test]
fn docs_are_compared_by_paragraphs_and_the_text_of_links() {
    let there = "Reads [`it`](crate::It) of `[a]`,\nor [all](Self::all()).\n\nMore.\n\n# Errors\n\n\
                 As [`send`](crate::send).\n\n[`Rpc`] too.\n";
    let here = "Reads [`it`](crate::blocking::It) of `[a]`, or [all][1].\n\n```\ncode\n\ncode\n```\n\n\
                # Errors\n\nAs [`send`](send). `Rpc` too.\n";
    assert_eq!(differences(there, here), [""; 0]);
    assert_eq!(
        differences(there, "Reads it.\n\n# Errors\n\nAs `send`.\n"),
        [
            "begins with: Reads it.\n    not with: Reads `it` of `[a]`, or all.",
            "lacks the errors: `Rpc` too."
        ]
    );
}
