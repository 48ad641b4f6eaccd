//! Rustdoc from the schema's descriptions.

use std::fmt::Write as _;

/// The lines of a doc comment, indented.
pub(crate) fn comment(docs: &str, indent: &str) -> String {
    let mut out = String::new();
    for line in rustdoc(docs).lines() {
        let space = if line.is_empty() { "" } else { " " };
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{indent}///{space}{line}");
    }
    out
}

/// A description, with what it is about and whether it is experimental.
pub(crate) fn describe(description: Option<&str>, otherwise: &str, experimental: bool) -> String {
    let mut docs = description.map_or(otherwise, str::trim).to_owned();
    let says_so = ["EXPERIMENTAL", "UNSTABLE"].iter().any(|word| docs.starts_with(word));
    if experimental && !says_so {
        if !docs.is_empty() {
            docs.push_str("\n\n");
        }
        docs.push_str("EXPERIMENTAL: needs the `experimentalApi` capability.");
    }
    docs
}

/// Escapes what the schema's plain prose would mean in rustdoc, and wraps long lines.
fn rustdoc(docs: &str) -> String {
    let mut lines = Vec::new();
    for line in docs.lines() {
        let line = line.trim_end();
        // Four spaces would make a code block, and a test of it.
        let indent = line.len() - line.trim_start().len();
        let line = format!("{}{}", " ".repeat(indent.min(2)), escape(line.trim_start()));
        wrap(&line, &mut lines);
    }
    lines.join("\n")
}

/// Escapes brackets, which would be links, and angle brackets, which would be tags, outside of
/// code; makes links of bare addresses.
fn escape(line: &str) -> String {
    let mut out = String::new();
    for (index, part) in line.split('`').enumerate() {
        if index > 0 {
            out.push('`');
        }
        if index % 2 == 1 {
            out.push_str(part);
            continue;
        }
        for (index, word) in part.split(' ').enumerate() {
            if index > 0 {
                out.push(' ');
            }
            if word.starts_with("http://") || word.starts_with("https://") {
                let end = word.trim_end_matches(['.', ',', ')', ';']).len();
                let _ = write!(out, "<{}>{}", &word[..end], &word[end..]);
                continue;
            }
            for character in word.chars() {
                if matches!(character, '[' | ']' | '<' | '>' | '*') {
                    out.push('\\');
                }
                out.push(character);
            }
        }
    }
    out
}

/// Breaks a line between words before column 92 or so.
fn wrap(line: &str, lines: &mut Vec<String>) {
    const WIDTH: usize = 92;
    let lead = line.len() - line.trim_start().len();
    // The following lines of a list's item belong to it.
    let hang = if line.trim_start().starts_with("- ") { lead + 2 } else { lead };
    let mut current = " ".repeat(lead);
    for word in line.split_whitespace() {
        if current.trim().is_empty() || current.len() + 1 + word.len() <= WIDTH {
            if !current.trim().is_empty() {
                current.push(' ');
            }
        } else {
            lines.push(std::mem::take(&mut current));
            current = " ".repeat(hang);
        }
        current.push_str(word);
    }
    lines.push(current.trim_end().to_owned());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_of_the_schema_means_nothing_to_rustdoc() {
        assert_eq!(
            comment("[UNSTABLE] `Vec<T>` of <x>, see https://a.b/c.", ""),
            "/// \\[UNSTABLE\\] `Vec<T>` of \\<x\\>, see <https://a.b/c>.\n"
        );
    }

    #[test]
    fn long_lines_are_wrapped_and_indented_ones_are_no_code() {
        let docs = format!("      {}\n\n- {}", "word ".repeat(30).trim(), "item ".repeat(30).trim());
        let comment = comment(&docs, "    ");
        assert!(comment.lines().all(|line| line.len() <= 100), "{comment}");
        assert!(!comment.contains("///     "), "{comment}");
    }

    #[test]
    fn an_experimental_definition_says_so_once() {
        assert_eq!(describe(Some("EXPERIMENTAL - a"), "", true), "EXPERIMENTAL - a");
        assert!(describe(None, "Parameters.", true).ends_with("capability."));
        assert_eq!(describe(Some("a "), "b", false), "a");
    }
}
