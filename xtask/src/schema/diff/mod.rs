//! Reports what changed in the protocol between two releases, and which changes break a client.
//!
//! Each release becomes lines, one for each method, type, field and variant. The report compares
//! the lines of two releases.

pub(crate) mod compare;
pub(crate) mod outline;
pub(crate) mod protocol;
mod report;
mod shape;

use anyhow::Context;

use super::bundles::Bundles;
use super::pinned;
use crate::runtime;
use compare::Change;
use protocol::Protocol;

/// Arguments of `cargo xtask schema diff`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The older release: a version, or `lock` for the pinned one.
    old: String,
    /// The newer release: a version, or `lock` for the pinned one.
    new: String,
}

/// Two releases and their differences.
pub(crate) struct Comparison {
    /// The older release.
    pub(crate) old: Protocol,
    /// The newer release.
    pub(crate) new: Protocol,
    /// The differences, sorted by path.
    pub(crate) changes: Vec<Change>,
}

impl Comparison {
    /// Compares two releases, and installs those that are missing. The pinned one needs no runtime.
    pub(crate) fn read(old: &str, new: &str) -> anyhow::Result<Self> {
        Ok(Self::of(read(old)?, read(new)?))
    }

    /// Compares two protocols.
    pub(crate) fn of(old: Protocol, new: Protocol) -> Self {
        let changes = compare::compare(&old, &new);
        Self { old, new, changes }
    }

    /// Returns the report as Markdown.
    pub(crate) fn report(&self) -> String {
        report::render(&self.old, &self.new, &self.changes)
    }
}

/// Runs the chore: prints the report as Markdown.
pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    crate::stdout::print(&Comparison::read(&args.old, &args.new)?.report())
}

/// Reads the protocol of a release. The pinned one needs no runtime, unless an aborted update has
/// left its files incomplete.
fn read(release: &str) -> anyhow::Result<Protocol> {
    let pinned = match release {
        "lock" => Some(pinned::load()?),
        _ => pinned::load().ok().filter(|it| it.version == release),
    };
    let (version, stable, experimental) = if let Some(pinned) = pinned {
        (pinned.version, pinned.stable, pinned.experimental)
    } else {
        let bundles = Bundles::print_by(&runtime::ensure(Some(release))?)
            .with_context(|| format!("cannot read the schema of Codex {release}"))?;
        (
            release.to_owned(),
            bundles.stable.value,
            bundles.experimental.value,
        )
    };
    Protocol::read(&version, &stable, &experimental)
        .with_context(|| format!("cannot read the protocol of Codex {version}"))
}
