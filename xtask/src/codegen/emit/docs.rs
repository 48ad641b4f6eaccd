//! Formats descriptions of the schema as rustdoc.

use std::fmt::Write as _;

/// A doc comment, indented and wrapped.
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

/// Documents a variant: its description, if there is one, and its name on the wire.
pub(crate) fn variant(description: Option<&str>, wire_name: &str, experimental: bool) -> String {
    let docs = match description {
        Some(description) => format!("{}\n\n{wire_name}.", prose(description)),
        None => format!("{wire_name}."),
    };
    with_stage(docs, experimental)
}

/// Adds a notice to the docs of an experimental item, unless the docs already say so.
pub(crate) fn with_stage(mut docs: String, experimental: bool) -> String {
    let says_so = ["EXPERIMENTAL", "UNSTABLE"].iter().any(|word| {
        docs.trim_start_matches('\\')
            .trim_start_matches('[')
            .starts_with(word)
    });
    if experimental && !says_so {
        if !docs.is_empty() {
            docs.push_str("\n\n");
        }
        docs.push_str("**Experimental:** requires the `experimentalApi` capability.");
    }
    docs
}

/// Escapes a plain-text description for rustdoc.
pub(crate) fn prose(docs: &str) -> String {
    let mut in_code = false;
    let lines = docs.trim().lines().map(|line| {
        // Only a fence at the start of a line opens a code block.
        let inline = line.trim_start_matches(['`', ' ']).contains("```");
        let line = if inline {
            &line.replace("```", "`")
        } else {
            line
        };
        let fence = line.trim_start().starts_with("```");
        in_code ^= fence;
        if fence {
            // `text`, because rustdoc would compile the block as a doctest.
            return if in_code {
                "```text".to_owned()
            } else {
                "```".to_owned()
            };
        }
        if in_code {
            return line.to_owned();
        }
        // An indent of four spaces would start a code block, and so a doctest.
        let indent = line.len() - line.trim_start().len();
        format!("{}{}", " ".repeat(indent.min(2)), escape(line.trim()))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Escapes Markdown and HTML outside of code spans, and turns bare URLs into links.
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

/// Breaks a line between words, at about 92 columns.
fn wrap(line: &str, lines: &mut Vec<String>) {
    const WIDTH: usize = 92;
    let lead = line.len() - line.trim_start().len();
    // Continuation lines of a list item are indented.
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
    fn markup_in_descriptions_is_escaped() {
        assert_eq!(
            prose("[UNSTABLE] `Vec<T>` of <x>, see https://a.b/c."),
            "\\[UNSTABLE\\] `Vec<T>` of \\<x\\>, see <https://a.b/c>."
        );
    }

    #[test]
    fn long_lines_are_wrapped_and_indented_lines_are_not_code() {
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
    fn an_experimental_item_says_so_once() {
        assert_eq!(
            with_stage("EXPERIMENTAL - a".to_owned(), true),
            "EXPERIMENTAL - a"
        );
        assert!(with_stage("Parameters.".to_owned(), true).ends_with("capability."));
        assert_eq!(with_stage("a".to_owned(), false), "a");
    }

    #[test]
    fn a_variant_has_its_description_and_its_wire_name() {
        assert_eq!(
            variant(Some("A b."), "Wire value: `ab`", false),
            "A b.\n\nWire value: `ab`."
        );
        assert_eq!(
            variant(None, "Wire value: `ab`", false),
            "Wire value: `ab`."
        );
    }
}
