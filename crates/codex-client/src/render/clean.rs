//! Makes text harmless for a terminal, and shortens it.

use std::borrow::Cow;

/// Stands in for a character that has no symbol of its own.
const REPLACED: char = char::REPLACEMENT_CHARACTER;

/// The number of base64 characters of a data URL that are shown at most.
const DATA: usize = 32;

/// Makes text harmless for a terminal: replaces control characters, with which text could move the
/// cursor, change the title or hide itself, by visible symbols such as `␛`. Line breaks and tabs
/// are kept. Characters that change the direction of text are replaced too.
///
/// The texts of this module are clean. For the deltas of a message that a program prints itself:
///
/// ```
/// use codex_client::render;
///
/// assert_eq!(render::clean("Done.\u{1b}]0;owned\u{7}"), "Done.␛]0;owned␇");
/// ```
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.contains(|char| char != visible(char)) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("\r\n", "\n").chars().map(visible).collect())
}

/// Returns the visible form of a character.
fn visible(char: char) -> char {
    match char {
        '\n' | '\t' => char,
        // The symbols for control characters are in the same order.
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(char)).unwrap_or(REPLACED),
        '\x7f' => '\u{2421}',
        // Control characters of eight bits, line separators, and changes of the direction.
        '\u{80}'..='\u{9f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{fff9}'..='\u{fffb}' => REPLACED,
        _ => char,
    }
}

/// Returns the output of a command as a terminal shows it in the end: without colors and other
/// escape sequences, and of a line that is overwritten, the last version.
pub(super) fn output(text: &str) -> String {
    let text = console::strip_ansi_codes(text);
    let lines = text.lines().map(|line| {
        let mut versions = line.rsplit('\r');
        versions.find(|it| !it.is_empty()).unwrap_or_default()
    });
    let lines: Vec<_> = lines.map(clean).collect();
    lines.join("\n")
}

/// Returns a text in one clean line: line breaks become `⏎`. A text with more than `limit`
/// characters is cut off.
pub(super) fn one_line(text: &str, limit: usize) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut short = String::new();
    let mut room = limit;
    for (index, line) in lines.enumerate() {
        let separator = if index > 0 { " ⏎ " } else { "" };
        for char in separator.chars().chain(line.chars()) {
            if room == 0 {
                short.truncate(short.trim_end().len());
                short.push('…');
                return short;
            }
            short.push(if char == '\t' { ' ' } else { visible(char) });
            room -= 1;
        }
    }
    short
}

/// Returns a text without the data of its data URLs, of which their number of characters remains.
pub(super) fn without_data(text: &str) -> Cow<'_, str> {
    const MARK: &str = ";base64,";
    let mut shown = String::new();
    let mut rest = text;
    while let Some(index) = rest.find(MARK) {
        let (before, data) = rest.split_at(index + MARK.len());
        let is_data = |char: char| char.is_ascii_alphanumeric() || "+/=-_".contains(char);
        let length = data.find(|char| !is_data(char)).unwrap_or(data.len());
        shown.push_str(before);
        if length > DATA {
            shown.push_str(&format!("…({length} characters left out)"));
        } else {
            shown.push_str(&data[..length]);
        }
        rest = &data[length..];
    }
    if shown.is_empty() {
        return Cow::Borrowed(text);
    }
    shown.push_str(rest);
    Cow::Owned(shown)
}

/// The end of a long text that is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Part {
    Beginning,
    End,
}

/// Returns the lines of a text of which at most `limit` are shown, and a line with the number of
/// the others. A very long line is cut off, unless there is no limit.
pub(super) fn clip(text: &str, limit: usize, part: Part) -> Vec<Cow<'_, str>> {
    /// The number of characters of a line that are shown at most.
    const WIDTH: usize = 1000;

    let lines: Vec<&str> = text.lines().collect();
    let left_out = lines.len().saturating_sub(limit);
    let shown = match part {
        Part::Beginning => &lines[..lines.len() - left_out],
        Part::End => &lines[left_out..],
    };
    let mut shown: Vec<_> = shown.iter().map(|line| Cow::Borrowed(*line)).collect();
    if limit < usize::MAX {
        for line in &mut shown {
            if let Some((end, _)) = line.char_indices().nth(WIDTH) {
                let more = line[end..].chars().count();
                *line = format!("{}… ({more} more characters)", &line[..end]).into();
            }
        }
    }
    if left_out > 0 {
        let lines = if left_out == 1 { "line" } else { "lines" };
        match part {
            Part::Beginning => shown.push(format!("… {left_out} more {lines}").into()),
            Part::End => shown.insert(0, format!("… {left_out} earlier {lines}").into()),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_become_visible_and_line_breaks_remain() {
        assert_eq!(clean("one\r\ntwo\tthree\n"), "one\ntwo\tthree\n");
        assert_eq!(clean("\x1b[31m\x07\0\x7f\u{9b}2J\r"), "␛[31m␇␀␡\u{fffd}2J␍");
        assert_eq!(clean("a\u{202e}b\u{2066}c"), "a\u{fffd}b\u{fffd}c");
        assert!(matches!(clean("plain → text"), Cow::Borrowed(_)));
    }

    #[test]
    fn output_is_as_a_terminal_shows_it_in_the_end() {
        let text = "\x1b[32mok\x1b[0m\r\n10%\r55%\r100%\r\n\x1b]0;title\x07done\x1b";
        assert_eq!(output(text), "ok\n100%\ndone␛");
    }

    #[test]
    fn one_line_joins_lines_and_is_cut_off() {
        assert_eq!(
            one_line("  one\n\n two\tthree\x1b\n", 99),
            "one ⏎ two three␛"
        );
        assert_eq!(one_line("one two", 4), "one…");
        assert_eq!(one_line("one", 3), "one");
        assert_eq!(one_line("", 3), "");
    }

    #[test]
    fn the_data_of_a_data_url_is_left_out() {
        let data = "A".repeat(100);
        let text = format!("see ![x](data:image/png;base64,{data}) and data:a/b;base64,AA==!");
        assert_eq!(
            without_data(&text),
            "see ![x](data:image/png;base64,…(100 characters left out)) and data:a/b;base64,AA==!"
        );
        assert_eq!(without_data("no data"), "no data");
    }

    #[test]
    fn a_long_text_is_clipped_and_the_number_of_other_lines_is_stated() {
        let text = "a\nb\nc\n";
        assert_eq!(clip(text, 3, Part::End), ["a", "b", "c"]);
        assert_eq!(clip(text, 2, Part::End), ["… 1 earlier line", "b", "c"]);
        assert_eq!(clip(text, 1, Part::Beginning), ["a", "… 2 more lines"]);
        let long = "x".repeat(1200);
        let shown = clip(&long, 9, Part::End);
        assert!(
            shown[0].ends_with("x… (200 more characters)"),
            "{}",
            shown[0]
        );
        assert_eq!(clip(&long, usize::MAX, Part::End), [long.as_str()]);
    }
}
