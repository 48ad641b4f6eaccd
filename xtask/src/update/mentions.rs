//! Finds the sentences of the documentation that name a release, or its counts.

use std::fs;
use std::path::Path;

use anyhow::Context;

use crate::releases::page;
use crate::workspace;

/// The maximum number of characters of a line that the list shows.
const MOST_SHOWN: usize = 120;

/// Returns the lines of the pages that name a release, as `1.2.3` or `1.2`, with their text:
/// "`docs/testing.md:12`: Tested with 1.2.3". So are lines with one of `numbers`, the counts of that
/// release. The changelog and the page of compatibility describe many releases, and so does the
/// generated table of releases.
pub(super) fn find(root: &Path, release: &str, numbers: &[usize]) -> anyhow::Result<Vec<String>> {
    let is_outdated = |line: &str| {
        let mut words = line.split(|letter: char| !letter.is_alphanumeric());
        let has_number = words.any(|word| word.parse().is_ok_and(|it| numbers.contains(&it)));
        has_number || names(line, release)
    };
    let mut pages = Vec::new();
    let crates = fs::read_dir(root.join("crates")).into_iter().flatten();
    let crates = crates.filter_map(Result::ok).map(|entry| entry.path());
    for directory in [root.to_owned(), root.join("docs")]
        .into_iter()
        .chain(crates)
    {
        let entries = fs::read_dir(&directory).into_iter().flatten();
        let files = entries.filter_map(Result::ok).map(|entry| entry.path());
        pages.extend(files.filter(|path| path.extension().is_some_and(|it| it == "md")));
    }
    pages.retain(|path| !path.ends_with("CHANGELOG.md") && !path.ends_with("compatibility.md"));
    pages.sort();
    let mut found = Vec::new();
    for page in pages {
        let text = fs::read_to_string(&page)
            .with_context(|| format!("cannot read {}", workspace::shown(&page)))?;
        let shown = page.strip_prefix(root).unwrap_or(&page).display();
        let mut is_generated = false;
        let lines = (1..).zip(text.lines()).filter(|(_, line)| {
            is_generated = match line.trim_end() {
                line if line == page::BEGIN.trim_end() => true,
                line if line == page::END.trim_end() => false,
                _ => is_generated,
            };
            !is_generated && is_outdated(line)
        });
        found.extend(
            lines.map(|(number, line)| format!("`{shown}:{number}`: {}", around(line, release))),
        );
    }
    Ok(found)
}

/// Whether a line names a release, in full or without its last number, and no longer version.
fn names(line: &str, release: &str) -> bool {
    let short = release.rsplit_once('.').map_or(release, |(short, _)| short);
    line.match_indices(short).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let rest = &line[at..];
        let after = rest.strip_prefix(release).unwrap_or(&rest[short.len()..]);
        let goes_on = after.starts_with(|next: char| next.is_ascii_digit())
            || after
                .strip_prefix('.')
                .is_some_and(|after| after.starts_with(|next: char| next.is_ascii_digit()));
        !goes_on && !before.is_some_and(|last| last.is_ascii_digit() || last == '.')
    })
}

/// Returns the part of a line that names a release, if the line is long.
fn around(line: &str, release: &str) -> String {
    let line = line.trim();
    let length = line.chars().count();
    if length <= MOST_SHOWN {
        return line.to_owned();
    }
    let short = release.rsplit_once('.').map_or(release, |(short, _)| short);
    let before = line.find(short).map_or(0, |at| line[..at].chars().count());
    let start = before.saturating_sub(MOST_SHOWN / 2);
    let start = start.min(length - MOST_SHOWN);
    let part: String = line.chars().skip(start).take(MOST_SHOWN).collect();
    let mark = |is_cut: bool| if is_cut { "…" } else { "" };
    let (begin, end) = (mark(start > 0), mark(start + MOST_SHOWN < length));
    format!("{begin}{part}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_that_name_the_older_release_are_found_by_line() {
        let root = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("README.md", "one\nCodex 1.2.3\n");
        write("CHANGELOG.md", "Codex 1.2.3\n");
        write("docs/compatibility.md", "Codex 1.2.3\n");
        write(
            "docs/testing.md",
            "1.2.3 and 1.2.3\n1.2.4\n11.2 and 1.21\n  Since 1.2.\n",
        );
        write("crates/a/README.md", "\n\n1.2.3\nAll 184 requests.\n1840\n");
        write("crates/a/src/lib.rs", "1.2.3\n");
        let table = format!("{}| 1.2.3 |\n{}1.2.3\n", page::BEGIN, page::END);
        write("docs/regenerating.md", &table);
        let found = find(root.path(), "1.2.3", &[184]).unwrap();
        let found: Vec<String> = found.iter().map(|it| it.replace('\\', "/")).collect();
        assert_eq!(
            found,
            [
                "`README.md:2`: Codex 1.2.3",
                "`crates/a/README.md:3`: 1.2.3",
                "`crates/a/README.md:4`: All 184 requests.",
                "`docs/regenerating.md:4`: 1.2.3",
                "`docs/testing.md:1`: 1.2.3 and 1.2.3",
                "`docs/testing.md:4`: Since 1.2.",
            ]
        );
    }

    #[test]
    fn of_a_long_line_the_part_around_the_release_is_shown() {
        let fill = "ä".repeat(2 * MOST_SHOWN);
        assert_eq!(around(" 1.2.3 is short ", "1.2.3"), "1.2.3 is short");
        for line in [
            format!("1.2.3 {fill}"),
            format!("{fill} 1.2.3"),
            format!("{fill} 1.2.3 {fill}"),
        ] {
            let shown = around(&line, "1.2.3");
            assert!(shown.contains("1.2.3"), "{shown}");
            let part = shown.trim_matches('…');
            assert_eq!(part.chars().count(), MOST_SHOWN, "{shown}");
            assert_eq!(shown.starts_with('…'), !line.starts_with(part), "{shown}");
            assert_eq!(shown.ends_with('…'), !line.ends_with(part), "{shown}");
        }
    }
}
