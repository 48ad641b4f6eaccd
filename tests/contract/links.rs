//! The links of the Markdown pages: each leads to a file and a heading, and the summary of the book
//! leads to all pages.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Component, Path, PathBuf},
};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::workspace::{files, root};

/// The addresses of files and directories of this repository.
const OURS: [&str; 2] = [
    "https://github.com/codex-rust/codex-client/blob/main/",
    "https://github.com/codex-rust/codex-client/tree/main/",
];

/// The directories that begin the path of a file of this repository.
const DIRECTORIES: [&str; 8] = [
    ".ci/", ".github/", "crates/", "docs/", "fuzz/", "schema/", "tests/", "xtask/",
];

/// The links, the anchors and the names of files of a page.
#[derive(Debug, Default, PartialEq)]
struct Page {
    /// The destinations of links and pictures.
    links: Vec<String>,
    /// The anchors of the headings.
    anchors: BTreeSet<String>,
    /// The text in backticks outside of links.
    code: Vec<String>,
}

impl Page {
    fn parse(text: &str) -> Self {
        let mut page = Self::default();
        let mut heading: Option<String> = None;
        let mut is_link = false;
        let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
        for event in Parser::new_ext(text, options) {
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    page.links.push(dest_url.into_string());
                    is_link = true;
                }
                Event::End(TagEnd::Link | TagEnd::Image) => is_link = false,
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => page.add_heading(&heading.take().unwrap()),
                Event::Code(code) => {
                    heading.iter_mut().for_each(|it| it.push_str(&code));
                    // The destination of a link says what its text is relative to.
                    page.code.extend((!is_link).then(|| code.into_string()));
                }
                Event::Text(text) => heading.iter_mut().for_each(|it| it.push_str(&text)),
                _ => {}
            }
        }
        page
    }

    /// Adds the anchor that GitHub gives to a heading.
    fn add_heading(&mut self, heading: &str) {
        let kept = heading.chars().filter_map(|letter| match letter {
            ' ' => Some('-'),
            '-' | '_' => Some(letter),
            letter => letter.is_alphanumeric().then_some(letter),
        });
        let anchor = kept.collect::<String>().to_lowercase();
        let numbered = (1..).map(|number| format!("{anchor}-{number}"));
        let mut anchors = std::iter::once(anchor.clone()).chain(numbered);
        let free = anchors.find(|it| !self.anchors.contains(it));
        self.anchors.extend(free);
    }
}

/// Returns the pages of the workspace by their paths.
fn pages() -> BTreeMap<PathBuf, Page> {
    let pages = files(&root(), "md").into_iter().map(|path| {
        let page = Page::parse(&fs::read_to_string(&path).unwrap());
        (path, page)
    });
    let pages: BTreeMap<_, _> = pages.collect();
    assert!(pages.len() > 20, "only {} pages", pages.len());
    pages
}

/// Returns the file and the anchor that a link leads to, if they belong to this repository.
fn destination<'a>(page: &Path, link: &'a str) -> Option<(PathBuf, Option<&'a str>)> {
    let (address, anchor) = match link.split_once('#') {
        Some((address, anchor)) => (address, Some(anchor)),
        None => (link, None),
    };
    if let Some(path) = OURS.iter().find_map(|ours| address.strip_prefix(ours)) {
        return Some((root().join(path), anchor));
    }
    let is_elsewhere = address.contains(':');
    (!is_elsewhere).then(|| {
        let path = match address {
            "" => page.to_owned(),
            address => plain(&page.parent().unwrap().join(address)),
        };
        (path, anchor)
    })
}

/// Returns the path without its `..`, which would lead through directories that may not exist.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(plain.pop()),
            component => plain.push(component),
        }
    }
    plain
}

/// Returns the path relative to the root of the workspace.
fn shown(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .display()
        .to_string()
}

#[test]
fn each_link_leads_to_a_file_and_a_heading() {
    let pages = pages();
    let mut count = 0;
    let mut broken = Vec::new();
    for (path, page) in &pages {
        for link in &page.links {
            let Some((file, anchor)) = destination(path, link) else {
                continue;
            };
            count += 1;
            let has_anchor = |anchor| {
                pages
                    .get(&file)
                    .is_some_and(|it| it.anchors.contains(anchor))
            };
            if !file.exists() || !anchor.is_none_or(has_anchor) {
                broken.push(format!("{}: {link}", shown(path)));
            }
        }
    }
    assert!(broken.is_empty(), "broken links:\n{}", broken.join("\n"));
    assert!(count > 100, "only {count} links");
}

#[test]
fn each_path_of_this_repository_that_a_page_names_exists() {
    let mut count = 0;
    let mut missing = Vec::new();
    let ignored = fs::read_to_string(root().join(".gitignore")).unwrap();
    let is_output = |path: &str| ignored.lines().any(|it| it.trim_end_matches('/') == path);
    for (path, page) in &pages() {
        for code in page.code.iter().filter(|code| is_path(code)) {
            count += 1;
            if !root().join(code).exists() && !is_output(code) {
                missing.push(format!("{}: {code}", shown(path)));
            }
        }
    }
    assert!(missing.is_empty(), "missing files:\n{}", missing.join("\n"));
    assert!(count > 30, "only {count} paths");
}

/// Returns whether a text in backticks is a path of this repository, without placeholders.
fn is_path(code: &str) -> bool {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "-_./".contains(letter);
    DIRECTORIES.iter().any(|it| code.starts_with(it)) && code.chars().all(is_part)
}

#[test]
fn the_summary_of_the_book_has_each_page_once() {
    let docs = root().join("docs");
    let pages = fs::read_dir(&docs).unwrap();
    let names = pages.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let pages = names.filter(|name| name.ends_with(".md") && name != "SUMMARY.md");
    let mut pages: Vec<String> = pages.collect();
    pages.sort();
    let mut listed = Page::parse(&fs::read_to_string(docs.join("SUMMARY.md")).unwrap()).links;
    listed.sort();
    assert_eq!(listed, pages, "docs/SUMMARY.md, on the left, and docs/*.md");
}

/// docs.rs and crates.io show these pages, where a relative link leads nowhere.
#[test]
fn the_readme_of_a_package_has_no_relative_links() {
    let mut count = 0;
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let path = entry.unwrap().path().join("README.md");
        let page = Page::parse(&fs::read_to_string(&path).unwrap());
        count += 1;
        for link in page.links {
            let is_absolute = link.starts_with("https://") || link.starts_with('#');
            assert!(is_absolute, "{}: {link}", shown(&path));
        }
    }
    assert_eq!(count, 4);
}

#[test]
fn links_anchors_and_paths_are_read_as_github_does() {
    let page = Page::parse(
        "# Use `run`, or `stream_it`?\n\n# Twice\n\n# Twice\n\n[a](b.md#c) ![d](e.svg) `docs/` [`f`][f] \
         <https://g.example>\n\n```text\n[h](i.md)\n```\n\n| `j` |\n|---|\n| [k](l.md) |\n\n[f]: m.md\n",
    );
    let expected = Page {
        links: ["b.md#c", "e.svg", "m.md", "https://g.example", "l.md"]
            .map(str::to_owned)
            .into(),
        anchors: ["use-run-or-stream_it", "twice", "twice-1"]
            .map(str::to_owned)
            .into(),
        code: ["run", "stream_it", "docs/", "j"].map(str::to_owned).into(),
    };
    assert_eq!(page, expected);
    let from = root().join("docs/faq.md");
    let readme = root().join("README.md");
    assert_eq!(
        destination(&from, "../README.md#x"),
        Some((readme.clone(), Some("x")))
    );
    let ours = format!("{}README.md", OURS[0]);
    assert_eq!(destination(&from, &ours), Some((readme, None)));
    assert_eq!(destination(&from, "https://a.example/README.md"), None);
}
