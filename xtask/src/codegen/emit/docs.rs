//! Rustdoc from the schema's descriptions.

use std::fmt::Write as _;

/// The lines of a doc comment, indented and wrapped.
pub(crate) fn comment(docs: &str, indent: &str) -> String {
    let mut out = String::new();
    let mut lines = Vec::new();
    let mut in_code = false;
    for line in docs.lines() {
        let fence = line.trim_start().starts_with("```");
        match fence || in_code {
            true => lines.push(line.trim_end().to_owned()),
            false => wrap(line, &mut lines),
        }
        in_code ^= fence;
    }
    for line in lines {
        let space = if line.is_empty() { "" } else { " " };
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{indent}///{space}{line}");
    }
    out
}

/// The schema's description, or our own sentence if it has none, and whether it is experimental.
pub(crate) fn describe(description: Option<&str>, otherwise: &str, experimental: bool) -> String {
    let mut docs = description.map_or_else(|| otherwise.to_owned(), prose);
    let says_so = ["EXPERIMENTAL", "UNSTABLE"].iter().any(|word| {
        docs.trim_start_matches('\\')
            .trim_start_matches('[')
            .starts_with(word)
    });
    if experimental && !says_so {
        if !docs.is_empty() {
            docs.push_str("\n\n");
        }
        docs.push_str("EXPERIMENTAL: needs the `experimentalApi` capability.");
    }
    docs
}

/// Plain prose of the schema, with what would mean something to rustdoc escaped.
pub(crate) fn prose(docs: &str) -> String {
    let mut in_code = false;
    let lines = docs.trim().lines().map(|line| {
        // A fence in the middle of a line is none.
        let inline = line.trim_start_matches(['`', ' ']).contains("```");
        let line = if inline {
            &line.replace("```", "`")
        } else {
            line
        };
        let fence = line.trim_start().starts_with("```");
        in_code ^= fence;
        if fence {
            // Whatever it is, it is no Rust to be tested.
            return if in_code {
                "```text".to_owned()
            } else {
                "```".to_owned()
            };
        }
        if in_code {
            return line.to_owned();
        }
        // Four spaces would make a code block, and a test of it.
        let indent = line.len() - line.trim_start().len();
        format!("{}{}", " ".repeat(indent.min(2)), escape(line.trim()))
    });
    lines.collect::<Vec<_>>().join("\n")
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
    let hang = if line.trim_start().starts_with("- ") {
        lead + 2
    } else {
        lead
    };
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
            prose("[UNSTABLE] `Vec<T>` of <x>, see https://a.b/c."),
            "\\[UNSTABLE\\] `Vec<T>` of \\<x\\>, see <https://a.b/c>."
        );
    }

    #[test]
    fn long_lines_are_wrapped_and_indented_ones_are_no_code() {
        let docs = format!(
            "      {}\n\n- {}",
            "word ".repeat(30).trim(),
            "item ".repeat(30).trim()
        );
        let comment = comment(&prose(&docs), "    ");
        assert!(comment.lines().all(|line| line.len() <= 100), "{comment}");
        assert!(!comment.contains("///     "), "{comment}");
    }

    #[test]
    fn an_experimental_definition_says_so_once() {
        assert_eq!(
            describe(Some("EXPERIMENTAL - a"), "", true),
            "EXPERIMENTAL - a"
        );
        assert!(describe(None, "Parameters.", true).ends_with("capability."));
        assert_eq!(describe(Some("a "), "b", false), "a");
    }
}
