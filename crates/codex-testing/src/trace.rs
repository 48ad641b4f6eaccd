//! Renders recordings as pages.
//!
//! `xtask` compiles this file too, so it depends on nothing but the files of the page.

use std::fmt::Write as _;

const PAGE: &str = include_str!("trace/page.html");
const STYLE: &str = include_str!("trace/page.css");
const SCRIPT: &str = include_str!("trace/page.js");

/// Returns an HTML page that shows a recording: the messages of client and server over time, with
/// lanes for threads and turns, responses next to their requests, and deltas folded.
///
/// The page is a single file without external parts, and works offline. It contains the whole
/// recording.
///
/// ```
/// let recording = r#"{"at":1.0,"dir":"out","msg":{"id":1,"method":"initialize","params":{}}}"#;
/// let page = codex_testing::trace_page("A session", recording);
/// assert!(page.contains("<title>A session</title>"));
/// ```
#[must_use]
pub fn trace_page(title: &str, recording: &str) -> String {
    let mut page = String::with_capacity(recording.len() + 64 * 1024);
    let mut rest = PAGE;
    while let Some((before, marked)) = rest.split_once("{{") {
        page.push_str(before);
        let (name, after) = marked.split_once("}}").unwrap_or((marked, ""));
        match name {
            "title" => page.push_str(&escaped(title)),
            "style" => page.push_str(STYLE),
            "script" => page.push_str(SCRIPT),
            // In JSON, `<` occurs only in texts.
            _ => page.push_str(&recording.replace('<', "\\u003c")),
        }
        rest = after;
    }
    page.push_str(rest);
    page
}

/// Returns a text with the characters that mean something in HTML as references.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' | '<' | '>' | '"' | '\'' => {
                // Writing to a string cannot fail.
                let _ = write!(escaped, "&#{};", u32::from(character));
            }
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_cannot_end_the_script_that_contains_it() {
        let recording = r#"{"dir":"in","msg":{"method":"</script><b>{{title}}<!--"}}"#;
        let page = trace_page("<b>&", recording);
        assert!(page.contains(r#""\u003c/script>\u003cb>{{title}}\u003c!--""#));
        assert!(page.contains("<title>&#60;b&#62;&#38;</title>"));
        assert_eq!(page.matches("</script>").count(), 2);
    }

    #[test]
    fn the_page_names_no_address() {
        let page = trace_page("x", "");
        assert!(!page.contains("http://") && !page.contains("https://"));
        assert!(!page.contains("{{"), "a marker is left");
    }
}
