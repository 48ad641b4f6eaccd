//! `cargo xtask book`: builds the pages of `docs/` as a book, and checks its links.
//!
//! The pages stay where GitHub shows them. mdBook reads a copy, in which a link out of `docs/` leads to
//! the repository, because the book has only these pages.

mod check;
mod links;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use self::links::Site;
use crate::tools::{self, Tool, succeed};
use crate::workspace;

/// The program that builds the book, without its server.
const MDBOOK: Tool = Tool::Program {
    name: "mdbook",
    version: "^0.5.4",
    features: &["search"],
};

/// The extensions of the pages and of their pictures.
const COPIED: [&str; 3] = ["md", "png", "svg"];

/// The configuration, beside the pages.
const CONFIGURATION: &str = "book.toml";

/// The table of contents.
const SUMMARY: &str = "SUMMARY.md";

/// Arguments of `cargo xtask book`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Install mdBook below `target/tools` if it is missing.
    #[arg(long)]
    install: bool,
    /// If mdBook is missing, report that the book is left out instead of failing.
    #[arg(long)]
    allow_missing: bool,
}

/// Runs the chore.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let root = workspace::root()?;
    let target = root.join("target/book");
    let (source, html) = (target.join("source"), target.join("html"));
    let pages = copy(&root, &source)?;
    if !MDBOOK.is_installed() {
        let installed = args.install.then(|| MDBOOK.install());
        if !matches!(installed, Some(Ok(()))) {
            let reason = match installed {
                Some(Err(error)) => format!("{error:#}"),
                _ => MDBOOK.remedy("book"),
            };
            ensure!(args.allow_missing, "{reason}");
            println!("left out: the book, because {reason}");
            return Ok(());
        }
    }
    succeed(
        tools::program("mdbook")
            .arg("build")
            .arg(&source)
            .arg("--dest-dir")
            .arg(&html),
    )?;
    let links = check::check(&html)?;
    let index = html.join("index.html");
    println!(
        "{pages} pages with {links} links: {}",
        workspace::shown(&index)
    );
    Ok(())
}

/// Copies the pages of `docs/` and rewrites their links. Returns the number of pages.
fn copy(root: &Path, source: &Path) -> anyhow::Result<usize> {
    let docs = root.join("docs");
    let files = files(&docs)?;
    let site = Site {
        root,
        directory: "docs",
        repository: &repository(root)?,
        files: &files,
    };
    if source.exists() {
        fs::remove_dir_all(source)?;
    }
    fs::create_dir_all(source)?;
    let mut pages = 0;
    for name in files.iter().map(String::as_str).chain([CONFIGURATION]) {
        let (from, to) = (docs.join(name), source.join(name));
        // The summary lists the pages by their files.
        if has_extension(&from, &["md"]) && name != SUMMARY {
            pages += 1;
            let page = fs::read_to_string(&from)?;
            let page = site
                .rewrite(&page)
                .with_context(|| format!("docs/{name}"))?;
            fs::write(&to, page)
        } else {
            fs::copy(&from, &to).map(drop)
        }
        .with_context(|| format!("cannot copy docs/{name}"))?;
    }
    Ok(pages)
}

/// Returns the names of the pages and pictures of a directory.
fn files(docs: &Path) -> anyhow::Result<BTreeSet<String>> {
    let entries = fs::read_dir(docs).context("cannot list the pages of docs/")?;
    let paths = entries.map(|entry| Ok(entry?.path()));
    let paths = paths.collect::<anyhow::Result<Vec<PathBuf>>>()?;
    let files = paths.iter().filter(|path| has_extension(path, &COPIED));
    let names = files.filter_map(|path| path.file_name());
    Ok(names
        .map(|name| name.to_string_lossy().into_owned())
        .collect())
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    path.extension()
        .is_some_and(|found| extensions.iter().any(|extension| found == *extension))
}

/// Returns the address of the repository in the root manifest.
fn repository(root: &Path) -> anyhow::Result<String> {
    let manifest: toml::Table = fs::read_to_string(root.join("Cargo.toml"))?.parse()?;
    let repository = &manifest["workspace"]["package"]["repository"];
    let repository = repository.as_str().context("`repository` is not a text")?;
    Ok(repository.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_has_all_pages_and_no_link_out_of_the_book() {
        let root = workspace::root().unwrap();
        let copied = tempfile::tempdir().unwrap();
        let pages = copy(&root, copied.path()).unwrap();
        assert!(pages > 20, "{pages}");
        let mut names = files(copied.path()).unwrap();
        assert_eq!(names, files(&root.join("docs")).unwrap());
        names.retain(|name| name.ends_with(".md"));
        for name in names {
            let page = fs::read_to_string(copied.path().join(&name)).unwrap();
            assert!(!page.contains("](../"), "{name}");
        }
    }

    #[test]
    fn the_configuration_names_the_repository_of_the_manifest() {
        let root = workspace::root().unwrap();
        let book: toml::Table = fs::read_to_string(root.join("docs").join(CONFIGURATION))
            .unwrap()
            .parse()
            .unwrap();
        let html = &book["output"]["html"];
        let repository = repository(&root).unwrap();
        assert_eq!(html["git-repository-url"].as_str(), Some(&*repository));
        let edit = html["edit-url-template"].as_str().unwrap();
        assert_eq!(edit, format!("{repository}/edit/main/docs/{{path}}"));
    }
}
