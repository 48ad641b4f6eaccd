//! The links of a page, of which those that leave the book lead to the repository.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context, ensure};
use pulldown_cmark::{Event, LinkType, Options, Parser, Tag};

/// The first page, and its name in the book, where mdBook makes it `index.html`.
const README: &str = "README.md";
const INDEX: &str = "index.md";

/// The pages of a book, in a directory of a repository.
pub(super) struct Site<'a> {
    /// The root of the checkout.
    pub(super) root: &'a Path,
    /// The directory of the pages, relative to the root.
    pub(super) directory: &'a str,
    /// The address of the repository.
    pub(super) repository: &'a str,
    /// The names of the pages and pictures that the book has.
    pub(super) files: &'a BTreeSet<String>,
}

impl Site<'_> {
    /// Returns the page with the links that leave the book rewritten.
    pub(super) fn rewrite(&self, page: &str) -> anyhow::Result<String> {
        let mut rewritten = String::new();
        let mut copied = 0;
        for range in destinations(page)? {
            rewritten.push_str(&page[copied..range.start]);
            rewritten.push_str(&self.destination(&page[range.clone()])?);
            copied = range.end;
        }
        rewritten.push_str(&page[copied..]);
        Ok(rewritten)
    }

    /// Returns where a link leads from the book.
    fn destination(&self, link: &str) -> anyhow::Result<String> {
        let (path, anchor) = match link.split_once('#') {
            Some((path, anchor)) => (path, format!("#{anchor}")),
            None => (link, String::new()),
        };
        if path == README {
            return Ok(format!("{INDEX}{anchor}"));
        }
        if path.is_empty() || link.contains(':') || self.files.contains(path) {
            return Ok(link.to_owned());
        }
        let mut parts: Vec<&str> = self.directory.split('/').collect();
        for part in path.split('/') {
            match part {
                "." | "" => {}
                ".." => ensure!(parts.pop().is_some(), "`{link}` leaves the repository"),
                part => parts.push(part),
            }
        }
        let path = parts.join("/");
        let target = self.root.join(&path);
        ensure!(
            target.exists(),
            "`{link}` leads to {path}, which does not exist"
        );
        let kind = if target.is_dir() { "tree" } else { "blob" };
        Ok(format!("{}/{kind}/main/{path}{anchor}", self.repository))
    }
}

/// Returns where the destinations of the links and pictures are in a page, in order.
fn destinations(page: &str) -> anyhow::Result<Vec<Range<usize>>> {
    let parser = Parser::new_ext(page, Options::ENABLE_TABLES);
    let definitions = parser.reference_definitions().iter();
    let mut found: Vec<(Range<usize>, String)> = definitions
        .map(|(_, definition)| (definition.span.clone(), definition.dest.to_string()))
        .collect();
    for (event, range) in parser.into_offset_iter() {
        if let Event::Start(
            Tag::Link {
                link_type: LinkType::Inline,
                dest_url,
                ..
            }
            | Tag::Image {
                link_type: LinkType::Inline,
                dest_url,
                ..
            },
        ) = event
        {
            found.push((range, dest_url.into_string()));
        }
    }
    let places = found.into_iter().map(|(range, destination)| {
        // The text of a link comes first, and may contain its destination.
        let at = page[range.clone()].rfind(&destination);
        let start = range.start + at.with_context(|| format!("`{destination}` has escapes"))?;
        Ok(start..start + destination.len())
    });
    let mut places = places.collect::<anyhow::Result<Vec<_>>>()?;
    places.sort_by_key(|place| place.start);
    Ok(places)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace;

    fn rewrite(page: &str) -> anyhow::Result<String> {
        let site = Site {
            root: &workspace::root()?,
            directory: "docs",
            repository: "https://example.com/repository",
            files: &["README.md", "demo.svg", "faq.md"]
                .map(str::to_owned)
                .into(),
        };
        site.rewrite(page)
    }

    #[test]
    fn links_within_the_book_and_to_other_sites_are_kept() {
        let page = "[a](faq.md) [b](faq.md#what) [c](#here) ![d](demo.svg) <https://a.example/>\n\
                    [e](https://b.example/../x) `[f](../README.md)`\n\n\
                    ```text\n[g](../README.md)\n```\n";
        assert_eq!(rewrite(page).unwrap(), page);
    }

    #[test]
    fn links_out_of_the_book_lead_to_files_and_directories_of_the_repository() {
        let page = "| [../README.md](../README.md) | [web](examples/web) |\n|---|---|\n\n\
                    [log][log]\n\n[log]: ../CHANGELOG.md#unreleased \"The log\"\n";
        let expected = "| [../README.md](https://example.com/repository/blob/main/README.md) \
                        | [web](https://example.com/repository/tree/main/docs/examples/web) |\n\
                        |---|---|\n\n[log][log]\n\n\
                        [log]: https://example.com/repository/blob/main/CHANGELOG.md#unreleased \
                        \"The log\"\n";
        assert_eq!(rewrite(page).unwrap(), expected);
    }

    #[test]
    fn a_link_to_the_first_page_leads_to_its_name_in_the_book() {
        assert_eq!(rewrite("[a](README.md#b)").unwrap(), "[a](index.md#b)");
    }

    #[test]
    fn a_link_to_nothing_is_named() {
        for page in ["[a](no-such-page.md)", "[a](../../outside)"] {
            let error = rewrite(page).unwrap_err().to_string();
            let link = page.trim_start_matches("[a](").trim_end_matches(')');
            assert!(error.contains(link), "{error}");
        }
    }
}
