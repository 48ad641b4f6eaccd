//! Shortens a report, for places that limit the length of a text.

/// Returns a Markdown text of at most `limit` characters. A longer text is cut at the end of a line,
/// outside of a code block or with the block closed, and `note` follows.
pub(super) fn to(limit: usize, text: &str, note: &str) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let note = format!("\n{note}\n");
    let room = limit.saturating_sub(note.chars().count());
    let mut kept = String::new();
    let mut length = 0;
    // The line that closes the open code block.
    let mut fence: Option<String> = None;
    for line in text.split_inclusive('\n') {
        let next = after(line, fence.as_deref());
        let closing = next.as_ref().map_or(0, |fence| fence.len() + 1);
        if length + line.chars().count() + closing > room {
            break;
        }
        kept.push_str(line);
        length += line.chars().count();
        fence = next;
    }
    if let Some(fence) = fence {
        kept.push_str(&fence);
        kept.push('\n');
    }
    kept.push_str(&note);
    kept
}

/// Returns the line that closes the code block that is open after a line, if one is. `open` is that
/// of the block that is open before the line.
fn after(line: &str, open: Option<&str>) -> Option<String> {
    let line = line.trim();
    let marks = line.chars().take_while(|letter| *letter == '`').count();
    match open {
        Some(fence) if marks >= fence.len() && marks == line.len() => None,
        Some(fence) => Some(fence.to_owned()),
        None if marks >= 3 => Some("`".repeat(marks)),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Title\n\n````text\nä\n```\nb\n````\n\n```rust\nfn f() {}\n```\nthe end\n";

    /// Whether every code block is closed.
    fn is_closed(text: &str) -> bool {
        let mut fence = None;
        for line in text.lines() {
            fence = after(line, fence.as_deref());
        }
        fence.is_none()
    }

    #[test]
    fn a_text_within_the_limit_is_unchanged() {
        assert_eq!(to(TEXT.chars().count(), TEXT, "cut"), TEXT);
    }

    #[test]
    fn a_cut_at_any_place_ends_with_a_line_outside_of_a_code_block() {
        for limit in 10..TEXT.chars().count() {
            let text = to(limit, TEXT, "cut");
            assert!(text.chars().count() <= limit, "{limit}: {text}");
            assert!(is_closed(&text), "{limit}: {text}");
            assert!(text.ends_with("\ncut\n"), "{limit}: {text}");
            let kept = text.strip_suffix("\ncut\n").unwrap();
            let is_cut_at_a_line = TEXT.starts_with(kept)
                || kept
                    .strip_suffix("````\n")
                    .is_some_and(|kept| TEXT.starts_with(kept))
                || kept
                    .strip_suffix("```\n")
                    .is_some_and(|kept| TEXT.starts_with(kept));
            assert!(is_cut_at_a_line, "{limit}: {text}");
        }
    }

    #[test]
    fn an_open_code_block_is_closed_with_its_own_fence() {
        let text = to(30, TEXT, "cut");
        assert_eq!(text, "# Title\n\n````text\nä\n````\n\ncut\n");
    }
}
