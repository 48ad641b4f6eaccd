//! Finds the sentences of the documentation that name a release.

use std::fs;
use std::path::Path;

use anyhow::Context;

use crate::releases::page;
use crate::workspace;

/// Returns the lines of the pages that name a release: `docs/testing.md:12`. The changelog and the
/// page of compatibility describe many releases, and so does the generated table of releases.
pub(super) fn find(root: &Path, release: &str) -> anyhow::Result<Vec<String>> {
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
            !is_generated && line.contains(release)
        });
        found.extend(lines.map(|(number, _)| format!("{shown}:{number}")));
    }
    Ok(found)
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
        write("docs/testing.md", "1.2.3 and 1.2.3\n1.2.4\n");
        write("crates/a/README.md", "\n\n1.2.3\n");
        write("crates/a/src/lib.rs", "1.2.3\n");
        let table = format!("{}| 1.2.3 |\n{}1.2.3\n", page::BEGIN, page::END);
        write("docs/regenerating.md", &table);
        let found = find(root.path(), "1.2.3").unwrap();
        let found: Vec<String> = found.iter().map(|it| it.replace('\\', "/")).collect();
        assert_eq!(
            found,
            [
                "README.md:2",
                "crates/a/README.md:3",
                "docs/regenerating.md:4",
                "docs/testing.md:1"
            ]
        );
    }
}
