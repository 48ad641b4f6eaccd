//! What changed in the protocol between two releases, and what of it can break a client.
//!
//! The comparison is a function of values: each release is flattened into lines, one for every
//! method, type, field and variant, and two sets of lines are held against each other.

mod compare;
mod expression;
mod flow;
mod markdown;
mod methods;
mod outline;
mod plain;
mod protocol;
mod report;
mod shape;
mod verdict;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io::{self, Write};
use std::str::FromStr;

use anyhow::Context;
use clap::ValueEnum;

use super::bundles::Bundles;
use super::pinned;
use crate::runtime;
use flow::Flow;
use protocol::Protocol;
use report::{Area, Report};

/// Compares the protocols of two releases.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The older release: a version, or `lock` for the pinned one.
    old: Side,
    /// The newer release: a version, or `lock` for the pinned one.
    new: Side,
    /// How to print the report.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// A release to compare.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Side {
    /// The pinned schema, which needs no runtime.
    Lock,
    /// The schema that a release prints.
    Version(String),
}

impl FromStr for Side {
    type Err = Infallible;

    fn from_str(word: &str) -> Result<Self, Infallible> {
        Ok(if word == "lock" {
            Self::Lock
        } else {
            Self::Version(word.to_owned())
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a terminal.
    Text,
    /// For an issue, a pull request or a changelog.
    Markdown,
}

/// Runs the chore.
pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let (old, old_protocol) = read(&args.old)?;
    let (new, new_protocol) = read(&args.new)?;
    let report = report(&old, &old_protocol, &new, &new_protocol);
    let flow = |owner: &str| {
        new_protocol
            .flow(owner)
            .or(old_protocol.flow(owner))
            .map_or("unlisted", Flow::word)
    };
    let text = match args.format {
        Format::Text => plain::render(&report, &flow),
        Format::Markdown => markdown::render(&report, &flow),
    };
    match io::stdout().write_all(text.as_bytes()) {
        // The reader of a pipe may have seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot print the report"),
    }
}

/// The version and the protocol of a side.
fn read(side: &Side) -> anyhow::Result<(String, Protocol)> {
    let (version, stable, experimental) = match side {
        // A version that is pinned needs no runtime either.
        Side::Version(version) if pinned::version()?.to_string() != *version => {
            let bundles = Bundles::print_by(&runtime::ensure(Some(version))?)
                .with_context(|| format!("cannot read the schema of codex {version}"))?;
            (
                version.clone(),
                bundles.stable.value,
                bundles.experimental.value,
            )
        }
        Side::Version(_) | Side::Lock => {
            let pinned = pinned::load()?;
            (pinned.version, pinned.stable, pinned.experimental)
        }
    };
    let protocol = Protocol::read(&stable, &experimental)
        .with_context(|| format!("cannot read the protocol of codex {version}"))?;
    Ok((version, protocol))
}

/// The report of what lies between two releases.
fn report(old: &str, old_protocol: &Protocol, new: &str, new_protocol: &Protocol) -> Report {
    let sizes: BTreeMap<Area, (usize, usize)> = Area::ALL
        .into_iter()
        .map(|area| (area, (old_protocol.size(area), new_protocol.size(area))))
        .collect();
    let changes = compare::compare(old_protocol, new_protocol);
    Report {
        old: old.to_owned(),
        new: new.to_owned(),
        sizes,
        changes,
    }
}
