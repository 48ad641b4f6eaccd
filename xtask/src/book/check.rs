//! The links of the built book: each leads to a file of the book and to an id in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};

/// The page that a server sends for any missing address. Its links are absolute.
const NOT_FOUND: &str = "404.html";

/// Checks all links between the pages in a directory. Returns their number.
pub(super) fn check(directory: &Path) -> anyhow::Result<usize> {
    let mut pages = BTreeMap::new();
    let mut files = BTreeSet::new();
    for entry in fs::read_dir(directory).context("cannot list the pages of the book")? {
        let path = entry?.path();
        let Some(name) = path.file_name().map(|it| it.to_string_lossy().into_owned()) else {
            continue;
        };
        if name.ends_with(".html") && name != NOT_FOUND {
            pages.insert(name.clone(), fs::read_to_string(&path)?);
        }
        files.insert(name);
    }
    let (count, broken) = broken(&pages, &files);
    ensure!(broken.is_empty(), "broken links:\n{}", broken.join("\n"));
    Ok(count)
}

/// Returns the number of links between the pages, and a description of each broken one.
fn broken(pages: &BTreeMap<String, String>, files: &BTreeSet<String>) -> (usize, Vec<String>) {
    let ids = pages.iter().map(|(name, page)| {
        let ids: BTreeSet<&str> = attributes(page, " id").collect();
        (name.as_str(), ids)
    });
    let ids: BTreeMap<&str, BTreeSet<&str>> = ids.collect();
    let mut count = 0;
    let mut broken = Vec::new();
    for (name, page) in pages {
        for link in attributes(page, " href").chain(attributes(page, " src")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            // Files in directories of their own belong to mdBook: fonts and icons.
            if link.contains(':') || file.contains('/') {
                continue;
            }
            count += 1;
            let file = if file.is_empty() { name } else { file };
            let has_anchor = || ids.get(file).is_some_and(|ids| ids.contains(anchor));
            if !files.contains(file) || !(anchor.is_empty() || has_anchor()) {
                broken.push(format!("{name}: {link}"));
            }
        }
    }
    (count, broken)
}

/// Returns the values of an attribute. A quote in a text of the page is written as `&quot;`.
fn attributes<'a>(page: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let start = format!("{name}=\"");
    let starts: Vec<_> = page
        .match_indices(&start)
        .map(|(at, it)| at + it.len())
        .collect();
    let values = starts.into_iter().map(|at| page[at..].split('"').next());
    values.flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_broken_if_its_file_or_its_anchor_is_missing() {
        let one = r##"<h1 id="top"><a href="#top">One</a></h1> <a class="x" href="two.html#end">
            <img src="demo.svg"> <a href="https://a.example/"> <a href="two.html">
            <a href="#bottom"> <a href="three.html"> <a href="two.html#start"> <img src="web.png">"##;
        let two = r#"<p id="end">"#;
        let pages = [("one.html", one), ("two.html", two)]
            .map(|(name, page)| (name.to_owned(), page.to_owned()));
        let files = ["one.html", "two.html", "demo.svg"].map(str::to_owned);
        let (count, broken) = broken(&pages.into(), &files.into());
        assert_eq!(count, 8);
        assert_eq!(
            broken,
            [
                "one.html: #bottom",
                "one.html: three.html",
                "one.html: two.html#start",
                "one.html: web.png"
            ]
        );
    }
}
