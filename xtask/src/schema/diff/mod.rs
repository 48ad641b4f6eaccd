//! Reports what changed in the protocol between two releases, and which changes break a client.
//!
//! Each release becomes lines, one for each method, type, field and variant. The report compares
//! the lines of two releases.

mod compare;
mod outline;
mod protocol;
mod report;
mod shape;

use std::io::{self, ErrorKind, Write};

use anyhow::Context;

use super::bundles::Bundles;
use super::pinned;
use crate::runtime;
use protocol::Protocol;

/// Arguments of `cargo xtask schema diff`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The older release: a version, or `lock` for the pinned one.
    old: String,
    /// The newer release: a version, or `lock` for the pinned one.
    new: String,
}

/// Runs the chore: prints the report as Markdown.
pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let (old, new) = (read(&args.old)?, read(&args.new)?);
    let text = report::render(&old, &new, &compare::compare(&old, &new));
    match io::stdout().write_all(text.as_bytes()) {
        // The reader of a pipe, like `head`, may close it early.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot print the report"),
    }
}

/// Reads the protocol of a release. The pinned one needs no runtime.
fn read(release: &str) -> anyhow::Result<Protocol> {
    let pinned = pinned::load()?;
    let (version, stable, experimental) = if ["lock", &pinned.version].contains(&release) {
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
