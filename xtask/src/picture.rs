//! Draws what a program prints on a terminal, as SVG.

use anstyle_svg::{Term, WIN10_CONSOLE};

/// The width of the terminal.
const COLUMNS: usize = 100;

/// Returns a picture of a terminal on which `command` has printed `output`, a text with the escape
/// codes of colors. Long lines continue below, as far from the left as they begin. The picture has a
/// dark background of its own, so that it is readable on light and dark pages.
pub(crate) fn draw(command: &str, output: &str) -> String {
    let mut text = format!("\x1b[2m$\x1b[0m {command}\n\n");
    for line in output.trim_end().lines() {
        text.push_str(&wrap(line));
        text.push('\n');
    }
    let svg = Term::new().palette(WIN10_CONSOLE).render_svg(&text);
    // The dimmed text of the crate has too little contrast.
    svg.replace("opacity: 0.4", "opacity: 0.7")
}

/// Breaks a line between words, and indents its parts like the line. Escape codes take no room.
fn wrap(line: &str) -> String {
    let indent = line.len() - line.trim_start_matches(' ').len();
    let mut wrapped = String::new();
    let mut column = 0;
    for word in line.split_inclusive(' ') {
        let width = width(word);
        if column > indent && column + width > COLUMNS {
            wrapped.push('\n');
            wrapped.push_str(&" ".repeat(indent));
            column = indent;
        }
        wrapped.push_str(word);
        column += width;
    }
    wrapped
}

/// Returns the number of characters that are not part of an escape code.
fn width(text: &str) -> usize {
    let mut is_escape = false;
    let is_shown = |letter: &char| {
        let was_escape = is_escape;
        is_escape = match letter {
            '\x1b' => true,
            letter => is_escape && !letter.is_ascii_alphabetic(),
        };
        !was_escape && !is_escape
    };
    text.trim_end().chars().filter(is_shown).count() + text.len() - text.trim_end().len()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The text of a picture, with the entities of XML in place of the characters.
    fn text(svg: &str) -> String {
        let body = svg.split("<text").nth(1).unwrap();
        let mut text = String::new();
        for part in body.split('<') {
            text.push_str(part.split_once('>').map_or("", |(_, text)| text));
        }
        text
    }

    /// Whether every element of a picture is closed, in order.
    fn is_well_formed(svg: &str) -> bool {
        let mut open = Vec::new();
        for part in svg.split('<').skip(1) {
            let Some((tag, _)) = part.split_once('>') else {
                return false;
            };
            let name = |tag: &str| tag.split_whitespace().next().unwrap_or_default().to_owned();
            match tag.strip_prefix('/') {
                Some(closed) if open.pop() != Some(name(closed)) => return false,
                None if !tag.ends_with('/') => open.push(name(tag)),
                _ => {}
            }
        }
        open.is_empty()
    }

    #[test]
    fn a_picture_has_the_command_the_lines_and_their_colors() {
        let svg = draw("run", "\x1b[32ma < b\x1b[0m\nlast\n\n");
        assert!(is_well_formed(&svg), "{svg}");
        let text = text(&svg);
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let lines: Vec<_> = lines.iter().filter(|line| !line.is_empty()).collect();
        assert_eq!(lines, [&"$ run", &"a &lt; b", &"last"]);
        assert!(svg.contains("fg-green"), "{svg}");
    }

    #[test]
    fn a_long_line_continues_below_and_escape_codes_take_no_room() {
        let words = "\x1b[1mword\x1b[0m ".repeat(21);
        let line = format!("   a {words}end");
        let wrapped = wrap(&line);
        let lines: Vec<&str> = wrapped.lines().collect();
        assert_eq!(lines.len(), 2, "{wrapped}");
        assert!(lines[1].starts_with("   \x1b[1mword"), "{wrapped}");
        assert!(lines.iter().all(|line| width(line.trim_end()) <= COLUMNS));
        assert_eq!(
            wrap("  short \x1b[2mline\x1b[0m"),
            "  short \x1b[2mline\x1b[0m"
        );
    }

    #[test]
    fn the_picture_of_the_demo_is_well_formed_and_shows_the_pinned_release() {
        let root = crate::workspace::root().unwrap();
        let svg = fs::read_to_string(root.join("docs/demo.svg")).unwrap();
        assert!(is_well_formed(&svg));
        let text = text(&svg);
        assert!(text.contains("$ cargo xtask demo"), "{text}");
        let version = crate::schema::pinned::version().unwrap();
        assert!(
            text.contains(&version.to_string()),
            "docs/demo.svg shows no Codex {version}: run `cargo xtask demo --svg docs/demo.svg`"
        );
        for path in ["/tmp/", "/home/", "/root/", "/Users/"] {
            assert!(!text.contains(path), "{path}: {text}");
        }
    }
}
