//! The compile cost of codex-types alone, beside the peer crate `codex-codes` with only its types.
//!
//! Both are dependencies of a project in a temporary folder, as they are for a user: lints capped,
//! default profiles, `CARGO_INCREMENTAL=0`. Their own dependencies are compiled once. Then, in each
//! round, both crates alone are cleaned and compiled in turn for check, debug and release, and
//! `rustc.rs` takes the CPU seconds of that one compiler. The median of the rounds is shown.
//!
//! The sources that are counted are those that the compiler read, from its dep-info.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, ensure};

use super::{
    Format,
    report::{Table, median},
    rustc::{self, Run},
};
use crate::workspace;

const OURS: &str = "codex-types";
const PEER: &str = "codex-codes";
const PEER_VERSION: &str = "0.166.4";

/// What is compiled: its name, the arguments of cargo, the highest ratio that we aim at.
const MODES: [(&str, &[&str], f64); 3] = [
    ("check", &["check"], 1.25),
    ("debug", &["build"], 1.25),
    ("release", &["build", "--release"], 1.0),
];

/// CPU time of compiling codex-types, beside a peer crate.
#[derive(clap::Args)]
pub(super) struct Args {
    /// How often each is compiled.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// How the tables are printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Runs the chore. A missed aim is said, and is no failure.
pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let project = Project::create()?;
    let mut runs: [Vec<Run>; 3] = Default::default();
    for (_, arguments, _) in MODES {
        // The dependencies of both.
        project.compile(arguments, &[OURS, PEER])?;
    }
    for round in 1..=args.rounds {
        eprintln!("round {round} of {}", args.rounds);
        // Each profile has a folder of its own, and `clean` takes one of them.
        for profile in ["dev", "release"] {
            project.cargo(&["clean", "--profile", profile, "-p", OURS, "-p", PEER])?;
        }
        for ((_, arguments, _), runs) in MODES.iter().zip(&mut runs) {
            for name in [OURS, PEER] {
                runs.extend(project.compile(arguments, &[name])?);
            }
        }
    }
    print!("{}", times(&runs)?.print(args.format));
    println!();
    print!("{}", sizes(&runs)?.print(args.format));
    Ok(())
}

/// The table of CPU seconds.
fn times(runs: &[Vec<Run>]) -> anyhow::Result<Table> {
    let mut table = Table::new(["CPU seconds", OURS, PEER, "ratio", "aim", ""]);
    for ((mode, _, aim), runs) in MODES.iter().zip(runs) {
        let seconds = |name| {
            let of_it = of(runs, name).map(|run| run.seconds);
            median(of_it.collect()).with_context(|| format!("{name} was not compiled ({mode})"))
        };
        let (ours, peer) = (seconds(OURS)?, seconds(PEER)?);
        let ratio = ours / peer;
        let verdict = if ratio <= *aim { "met" } else { "MISSED" };
        table.row([
            (*mode).to_owned(),
            format!("{ours:.2}"),
            format!("{peer:.2}"),
            format!("{ratio:.2}"),
            format!("≤ {aim:.2}"),
            verdict.to_owned(),
        ]);
    }
    Ok(table)
}

/// The table of sources and of what is made of them.
fn sizes(runs: &[Vec<Run>]) -> anyhow::Result<Table> {
    let [check, debug, release] = runs else {
        unreachable!("one list for each of the modes")
    };
    let columns = [OURS, PEER].map(|name| {
        let last = |runs: &'_ [Run]| {
            of(runs, name)
                .last()
                .map(|run| (run.dep_info(), run.artifact("rmeta"), run.artifact("rlib")))
        };
        let (sources, rmeta, _) = last(check)?;
        let (.., debug) = last(debug)?;
        let (.., release) = last(release)?;
        Some((sources, [rmeta, debug, release]))
    });
    let mut table = Table::new(["source and output", OURS, PEER]);
    let mut cells: [Vec<String>; 2] = Default::default();
    for (column, cells) in columns.into_iter().zip(&mut cells) {
        let (dep_info, artifacts) = column.context("a crate was not compiled")?;
        for sources in Sources::by_origin(&dep_info)? {
            cells.push(thousands(sources.lines));
            cells.push(thousands(sources.bytes));
        }
        for artifact in artifacts {
            let size = fs::metadata(&artifact).with_context(|| artifact.display().to_string())?;
            cells.push(thousands(size.len().try_into()?));
        }
    }
    let names = [
        "lines, generated",
        "bytes, generated",
        "lines, by hand",
        "bytes, by hand",
        "rmeta of check, bytes",
        "rlib of debug, bytes",
        "rlib of release, bytes",
    ];
    let [ours, peer] = cells;
    for ((name, ours), peer) in names.into_iter().zip(ours).zip(peer) {
        table.row([name.to_owned(), ours, peer]);
    }
    Ok(table)
}

/// The runs for a package.
fn of<'a>(runs: &'a [Run], package: &str) -> impl Iterator<Item = &'a Run> {
    let name = package.replace('-', "_");
    runs.iter().filter(move |run| run.name == name)
}

/// How much source there is.
#[derive(Default)]
struct Sources {
    lines: usize,
    bytes: usize,
}

impl Sources {
    /// What a compiler read, generated and by hand; a path with `generated` in it tells.
    fn by_origin(dep_info: &Path) -> anyhow::Result<[Self; 2]> {
        let text = fs::read_to_string(dep_info).context("the dep-info of a crate")?;
        let mut origins = <[Self; 2]>::default();
        for file in rust_files(&text) {
            let source = fs::read_to_string(file).with_context(|| file.to_owned())?;
            let generated = file.contains("/generated") || file.contains("_generated/");
            let of_origin = &mut origins[usize::from(!generated)];
            of_origin.lines += source.lines().count();
            of_origin.bytes += source.len();
        }
        Ok(origins)
    }
}

/// The sources in a dep-info: each has a rule of its own without prerequisites.
fn rust_files(dep_info: &str) -> impl Iterator<Item = &str> {
    let rules = dep_info.lines().filter_map(|line| line.strip_suffix(':'));
    rules.filter(|file| file.ends_with(".rs"))
}

/// 1234567 as `1,234,567`.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A project that depends on both.
struct Project {
    folder: tempfile::TempDir,
    log: PathBuf,
}

impl Project {
    fn create() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        let ours = workspace::root()?.join("crates").join(OURS);
        let manifest = toml::toml! {
            [package]
            name = "compile-cost"
            version = "0.0.0"
            edition = "2024"
            [workspace]
        };
        let mut manifest = manifest;
        let mut dependencies = toml::Table::new();
        dependencies.insert(
            OURS.to_owned(),
            toml::Table::from_iter([("path".to_owned(), ours.display().to_string().into())]).into(),
        );
        let peer = toml::Table::from_iter([
            ("version".to_owned(), format!("={PEER_VERSION}").into()),
            ("default-features".to_owned(), false.into()),
            ("features".to_owned(), vec!["types"].into()),
        ]);
        dependencies.insert(PEER.to_owned(), peer.into());
        manifest.insert("dependencies".to_owned(), dependencies.into());
        fs::create_dir(folder.path().join("src"))?;
        fs::write(folder.path().join("src/lib.rs"), "")?;
        fs::write(folder.path().join("Cargo.toml"), manifest.to_string())?;
        let log = folder.path().join("rustc.jsonl");
        let project = Self { folder, log };
        // What the cache has serves offline; only the first time needs the registry.
        if project.cargo(&["fetch", "--offline"]).is_err() {
            project.cargo(&["fetch"])?;
        }
        Ok(project)
    }

    /// Compiles packages, with their dependencies where these are missing; what was measured.
    fn compile(&self, arguments: &[&str], packages: &[&str]) -> anyhow::Result<Vec<Run>> {
        let mut words = arguments.to_vec();
        words.push("--offline");
        for package in packages {
            words.extend(["-p", package]);
        }
        self.cargo(&words)?;
        rustc::take_runs(&self.log)
    }

    fn cargo(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo
            .args(arguments)
            .current_dir(self.folder.path())
            .env("CARGO_TARGET_DIR", self.folder.path().join("target"))
            .env("CARGO_INCREMENTAL", "0")
            // A path dependency would be linted, one from the registry not.
            .env("CARGO_ENCODED_RUSTFLAGS", "--cap-lints\u{1f}allow")
            .stdin(Stdio::null());
        rustc::measured(&mut cargo, &self.log)?;
        let output = cargo.output().context("cannot run cargo")?;
        ensure!(
            output.status.success(),
            "`cargo {}` failed:\n{}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sources_are_the_rules_without_prerequisites() {
        let text = "out.d: a.rs b/c.rs README.md\n\na.rs:\nb/c.rs:\nREADME.md:\n\n# env-dep:X\n";
        assert_eq!(rust_files(text).collect::<Vec<_>>(), ["a.rs", "b/c.rs"]);
    }

    #[test]
    fn long_numbers_are_grouped() {
        let grouped = [7, 999, 1_000, 1_234_567].map(thousands);
        assert_eq!(grouped, ["7", "999", "1,000", "1,234,567"]);
    }
}
