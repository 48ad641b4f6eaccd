//! `cargo xtask compat`: runs the core behaviours on released runtimes, and writes
//! `docs/compatibility.md`.
//!
//! The behaviours are an example of `codex-tests`, which is compiled only when it runs, so that this
//! crate depends on no crate of the workspace.

mod page;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use semver::Version;

use crate::schema::pinned::{self, Pinned};
use crate::spinner::Spinner;
use crate::{cargo, runtime, workspace};
use page::{Column, Outcome, Page};

/// The package and the name of the example.
const EXAMPLE: [&str; 4] = ["--package", "codex-tests", "--example", "compat"];

/// The releases that the page compares, besides the pinned one.
const RELEASES: [&str; 5] = ["0.133.0", "0.144.4", "0.153.4", "0.163.0", "0.166.0"];

/// Arguments of `cargo xtask compat`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// A release to run, such as 0.150.0, which may be repeated. Prints the results without writing
    /// the page. By default, the releases of the page run, and the page is written.
    #[arg(long = "version", value_name = "VERSION")]
    versions: Vec<String>,
}

/// Runs the chore. Fails if a step of the pinned release fails.
pub(crate) fn run(Args { versions }: Args) -> anyhow::Result<()> {
    let pinned = pinned::load()?;
    let writes = versions.is_empty();
    let releases = match writes {
        true => releases(&pinned.version),
        false => versions,
    };
    let spinner = Spinner::default();
    spinner.say("compiling the behaviours".into());
    cargo::build(&EXAMPLE, "the behaviours")?;
    let mut columns = Vec::new();
    for release in releases {
        let version = Version::parse(&release)
            .with_context(|| format!("`{release}` is not a version; write it like 0.169.0"))?;
        let binary = runtime::ensure(Some(&release))?;
        spinner.say(format!("running the behaviours on Codex {version}"));
        let outcomes = outcomes(&binary).with_context(|| format!("on Codex {version}"))?;
        columns.push(Column { version, outcomes });
    }
    drop(spinner);
    for column in &columns {
        println!("{}", column.summary());
    }
    if writes {
        let page = Page {
            columns: &columns,
            first_releases: &pinned.first_releases,
        };
        fs::write(path()?, page.print()).context("cannot write docs/compatibility.md")?;
    }
    let failed = columns
        .iter()
        .filter(|column| column.version.to_string() == pinned.version)
        .any(|column| column.failures().next().is_some());
    ensure!(!failed, "a behaviour fails on the pinned release");
    Ok(())
}

/// Runs the releases of the page, and writes the page. Fails if a step of the pinned release fails.
pub(crate) fn write() -> anyhow::Result<()> {
    run(Args {
        versions: Vec::new(),
    })
}

/// Returns the releases of the page; the pinned one is the last.
fn releases(pinned: &str) -> Vec<String> {
    let others = RELEASES.iter().filter(|it| **it != pinned);
    others.chain([&pinned]).map(|&it| it.to_owned()).collect()
}

/// Returns whether the page describes its releases, and each behaviour works on the pinned one.
pub(crate) fn is_current(pinned: &Pinned) -> anyhow::Result<bool> {
    let text = fs::read_to_string(path()?).context("cannot read docs/compatibility.md")?;
    Ok(page::is_about(&text, &releases(&pinned.version), pinned))
}

/// Returns the path of the page.
fn path() -> anyhow::Result<PathBuf> {
    Ok(workspace::root()?.join("docs/compatibility.md"))
}

/// Runs the steps on a binary.
fn outcomes(binary: &Path) -> anyhow::Result<Vec<Outcome>> {
    let output = cargo::command()?
        .args(["run", "--quiet"])
        .args(EXAMPLE)
        .env(runtime::CODEX_BIN, binary)
        .output()?;
    ensure!(
        output.status.success(),
        "the behaviours cannot run ({}): {}",
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    );
    parse(&String::from_utf8_lossy(&output.stdout))
}

/// Parses the output of the example.
fn parse(output: &str) -> anyhow::Result<Vec<Outcome>> {
    let outcomes = output.lines().map(|line| {
        serde_json::from_str(line).with_context(|| format!("not the result of a step: {line}"))
    });
    let outcomes: Vec<Outcome> = outcomes.collect::<anyhow::Result<_>>()?;
    ensure!(!outcomes.is_empty(), "the behaviours print no result");
    Ok(outcomes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_output_has_one_result_per_line() {
        let outcomes =
            parse("{\"step\":\"a\",\"error\":null}\n{\"step\":\"b\",\"error\":\"no\"}\n");
        let outcomes = outcomes.unwrap();
        assert_eq!(outcomes[0].error, None);
        assert_eq!(outcomes[1].error.as_deref(), Some("no"));
        for output in ["", "text\n"] {
            assert!(parse(output).is_err(), "{output}");
        }
    }

    #[test]
    fn the_page_describes_the_pinned_release_and_its_methods() {
        let mut pinned = pinned::load().unwrap();
        assert!(
            is_current(&pinned).unwrap(),
            "docs/compatibility.md is not about {}: run `cargo xtask compat`",
            pinned.version
        );
        pinned.version = "0.1.0".to_owned();
        assert!(!is_current(&pinned).unwrap());
    }

    #[test]
    fn the_pinned_release_is_the_last_column_and_occurs_once() {
        assert_eq!(releases("0.170.0").last().unwrap(), "0.170.0");
        let releases = releases("0.163.0");
        assert_eq!(releases.last().unwrap(), "0.163.0");
        assert_eq!(releases.iter().filter(|it| *it == "0.163.0").count(), 1);
    }
}
