//! The lines of standard error that say why a program ended.

use std::fmt;

/// Maximum number of lines in an excerpt.
const EXCERPT_LINES: usize = 10;

/// Writes the excerpt at the end of an error message.
pub(crate) fn write_excerpt(f: &mut fmt::Formatter<'_>, stderr: &str) -> fmt::Result {
    let excerpt = excerpt(stderr);
    if excerpt.is_empty() {
        return Ok(());
    }
    write!(f, "; stderr:\n  {}", excerpt.join("\n  "))
}

/// Returns the lines that explain the end of a program: the last error and what follows it, or else
/// the last lines. Leaves out backtraces, escape sequences and blank lines.
fn excerpt(stderr: &str) -> Vec<String> {
    let mut frames = Frames::default();
    let mut lines: Vec<String> = stderr.lines().map(without_escapes).collect();
    lines.retain(|line| !frames.contain(line) && !line.trim().is_empty());
    match lines.iter().rposition(|line| begins_error(line)) {
        Some(start) => lines.into_iter().skip(start).take(EXCERPT_LINES).collect(),
        None => {
            let start = lines.len().saturating_sub(EXCERPT_LINES);
            lines.into_iter().skip(start).collect()
        }
    }
}

/// Returns the last lines of a text, `count` of them without those of backtraces: a backtrace may
/// be longer than everything else that a program writes.
pub(crate) fn last_lines(text: &str, count: usize) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().collect();
    let mut frames = Frames::default();
    let mut counted: Vec<usize> = (0..lines.len()).collect();
    counted.retain(|at| !frames.contain(lines[*at]));
    let last_left_out = counted.iter().rev().nth(count);
    lines[last_left_out.map_or(0, |at| at + 1)..].to_vec()
}

/// Recognizes the lines of backtraces, given one line after the other.
#[derive(Default)]
struct Frames {
    inside: bool,
}

impl Frames {
    /// Whether the next line belongs to a backtrace.
    fn contain(&mut self, line: &str) -> bool {
        let line = line.trim();
        // The headings of anyhow and of a panic.
        if line.eq_ignore_ascii_case("stack backtrace:") {
            self.inside = true;
        } else if self.inside {
            self.inside = line.is_empty() || is_frame(line) || line.starts_with("at ");
        }
        // The end of the backtrace of a panic.
        let is_hint = line.starts_with("note: ") && line.contains("RUST_BACKTRACE");
        self.inside || is_hint
    }
}

/// Whether a line is like `12: std::rt::lang_start`.
fn is_frame(line: &str) -> bool {
    line.split_once(": ")
        .is_some_and(|(number, _)| number.parse::<u32>().is_ok())
}

/// Whether a line begins the message of anyhow, clap, a shell or a panic.
fn begins_error(line: &str) -> bool {
    let line = line.trim_start();
    ["Error:", "error:", "fatal:"]
        .iter()
        .any(|start| line.starts_with(start))
        || (line.starts_with("thread '") && line.contains("panicked at"))
}

/// Removes the escape sequences that terminals interpret, and control characters except for tabs.
fn without_escapes(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line.chars();
    while let Some(next) = rest.next() {
        match next {
            '\u{1b}' => match rest.next() {
                // A control sequence ends with a character from `@` to `~`.
                Some('[') => {
                    rest.find(|next| ('@'..='~').contains(next));
                }
                // A command to the operating system ends with BEL, or with ESC and a backslash.
                Some(']') => {
                    let end = rest.find(|next| matches!(next, '\u{7}' | '\u{1b}'));
                    if end == Some('\u{1b}') {
                        rest.next();
                    }
                }
                _ => {}
            },
            next if next.is_control() && next != '\t' => {}
            next => text.push(next),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_above_a_backtrace_is_shown_and_the_backtrace_is_not() {
        // Written by codex 0.169.0 with an invalid override and RUST_BACKTRACE=1.
        let frames: String = (0..9).map(|n| format!("   {n}: <unknown>\n")).collect();
        let stderr = format!(
            "WARNING: proceeding\nError: invalid type: integer `3`, expected a map\n\
             in `model_providers`\n\n\nStack backtrace:\n{frames}"
        );
        assert_eq!(
            excerpt(&stderr),
            [
                "Error: invalid type: integer `3`, expected a map",
                "in `model_providers`"
            ]
        );
    }

    #[test]
    fn the_message_of_a_panic_and_the_causes_of_an_error_are_shown() {
        let panic = "thread 'main' panicked at src/main.rs:2:5:\nno home\nstack backtrace:\n   \
                     0: rust_begin_unwind\n             at /rustc/abc/library/std/src/panicking.rs:1:2\n   \
                     1: core::panicking::panic_fmt\nnote: Some details are omitted, run with \
                     `RUST_BACKTRACE=full` for a verbose backtrace.\n";
        assert_eq!(
            excerpt(panic),
            ["thread 'main' panicked at src/main.rs:2:5:", "no home"]
        );
        let causes = "Error: cannot load\n\nCaused by:\n    0: in a file\n    1: no such file\n";
        assert_eq!(excerpt(causes).len(), 4);
    }

    #[test]
    fn text_after_a_backtrace_and_text_without_an_error_is_kept() {
        let logs = "Stack backtrace:\n   0: <unknown>\nlater\n";
        assert_eq!(excerpt(logs), ["later"]);
        let many: String = (0..30).map(|n| format!("line {n}\n")).collect();
        let excerpt = excerpt(&many);
        assert_eq!(excerpt.len(), EXCERPT_LINES);
        assert_eq!(excerpt.last().map(String::as_str), Some("line 29"));
    }

    #[test]
    fn escape_sequences_are_removed() {
        let line = "\u{1b}[2m2026\u{1b}[0m \u{1b}[31mERROR\u{1b}[0m \u{1b}]0;title\u{7}text\u{1b}]8;;x\u{1b}\\!";
        assert_eq!(without_escapes(line), "2026 ERROR text!");
        assert_eq!(without_escapes("cut \u{1b}["), "cut ");
    }

    #[test]
    fn the_lines_of_a_backtrace_do_not_count() {
        let frames: String = (0..500).map(|n| format!("   {n}: frame\n")).collect();
        let text = format!("first\nsecond\nError: cause\nStack backtrace:\n{frames}");
        let lines = last_lines(&text, 2);
        assert_eq!(lines[..2], ["second", "Error: cause"]);
        assert_eq!(last_lines("a\nb\nc", 2), ["b", "c"]);
        assert_eq!(last_lines("a", 2), ["a"]);
    }
}
