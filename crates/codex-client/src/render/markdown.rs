//! Markdown that other text cannot break out of.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag};

use crate::render::clean::clean;

/// Returns a code block. Its fence is longer than any in the content.
pub(super) fn fenced(language: &str, lines: &[String]) -> String {
    let fence = "`".repeat(longest_run(lines.iter().flat_map(|line| line.chars())).max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}", lines.join("\n"))
}

/// Returns a line as code.
pub(super) fn code(line: &str) -> String {
    let mark = "`".repeat(longest_run(line.chars()) + 1);
    // Spaces separate the marks from backticks at the ends.
    match line.starts_with('`') || line.ends_with('`') || line.trim().is_empty() {
        true => format!("{mark} {line} {mark}"),
        false => format!("{mark}{line}{mark}"),
    }
}

/// Returns the length of the longest run of backticks.
fn longest_run(chars: impl Iterator<Item = char>) -> usize {
    let (mut longest, mut run) = (0, 0);
    for char in chars {
        run = if char == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// Returns a line as plain text.
pub(super) fn escaped(line: &str) -> String {
    let mut text = String::new();
    for (index, char) in line.char_indices() {
        if "\\`*_[]<>&~|".contains(char) || (index == 0 && "#+-=".contains(char)) {
            text.push('\\');
        }
        text.push(char);
    }
    text
}

/// Returns a link, or only its text if the target would run or contain something instead of naming
/// it.
pub(super) fn link(text: &str, target: &str) -> String {
    let scheme = target
        .split_once(':')
        .map(|(scheme, _)| clean(scheme.trim()).to_lowercase());
    if scheme.is_some_and(|scheme| ["data", "javascript", "vbscript"].contains(&&*scheme)) {
        return escaped(text);
    }
    let mut url = String::new();
    for char in target.chars() {
        let mut bytes = [0; 4];
        let text = char.encode_utf8(&mut bytes);
        match char {
            '&' => url.push_str("&amp;"),
            '<' | '>' | '\\' | '\n' | '\t' => url.push_str(&percent_encoded(text)),
            _ if *clean(text) != *text => url.push_str(&percent_encoded(text)),
            _ => url.push(char),
        }
    }
    format!("[{}](<{url}>)", escaped(text))
}

fn percent_encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Returns a quote.
pub(super) fn quoted(text: &str) -> String {
    let lines = text.trim().lines();
    let lines: Vec<_> = lines
        .map(|line| format!("> {line}").trim_end().to_owned())
        .collect();
    lines.join("\n")
}

/// Returns Markdown as it is, or as a quote if it would swallow the text that follows it: a quote
/// ends, even with an open block in it.
pub(super) fn contained(markdown: &str) -> String {
    let markdown = markdown.trim();
    match ends(markdown) {
        true => markdown.to_owned(),
        false => quoted(markdown),
    }
}

/// Whether a heading after this Markdown is one.
fn ends(markdown: &str) -> bool {
    let followed = format!("{markdown}\n\n# .\n");
    let start = followed.len() - "# .\n".len();
    let mut depth = 0_usize;
    for (event, range) in Parser::new_ext(&followed, Options::ENABLE_TABLES).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level, .. }) if range.start == start && depth == 0 => {
                return level == HeadingLevel::H1;
            }
            Event::Start(_) => depth += 1,
            Event::End(_) => depth -= 1,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_is_longer_than_any_in_the_content() {
        assert_eq!(fenced("text", &["a".into()]), "```text\na\n```");
        let content = ["````".to_owned(), "b".to_owned()];
        assert_eq!(fenced("", &content), "`````\n````\nb\n`````");
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("a `b` c"), "``a `b` c``");
        assert_eq!(code("`a`"), "`` `a` ``");
    }

    #[test]
    fn plain_text_has_no_markup() {
        assert_eq!(escaped("# *a* [b](c) <d>"), r"\# \*a\* \[b\](c) \<d\>");
        assert_eq!(
            link("a]", "x y>\n\u{202e}.png"),
            r"[a\]](<x y%3E%0A%E2%80%AE.png>)"
        );
        for target in ["javascript:alert()", " JavaScript:x", "data:text/html,x"] {
            assert_eq!(link("a", target), "a");
        }
    }

    #[test]
    fn markdown_with_an_open_block_is_quoted() {
        for closed in [
            "text",
            "# Title\n\n- a\n- b",
            "```rust\nfn f() {}\n```",
            "- ```\n  code in a list that ends with it",
            "<div>\n\ntext",
            "| a |\n|---|\n| b |",
            "",
        ] {
            assert_eq!(contained(closed), closed);
        }
        assert_eq!(contained("```rust\nfn f() {}"), "> ```rust\n> fn f() {}");
        assert_eq!(contained("- ```\n  a\n```"), "> - ```\n>   a\n> ```");
        assert_eq!(contained("a\n\n<!-- b"), "> a\n>\n> <!-- b");
        assert_eq!(contained("<script>"), "> <script>");
        assert!(!ends("~~~\n```\n"));
        assert!(ends(&quoted("~~~\n```\n")));
    }
}
