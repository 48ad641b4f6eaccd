//! Not written yet.

/// Arguments.
#[derive(clap::Args)]
pub(crate) struct Args {}

/// Runs the chore.
#[allow(clippy::needless_pass_by_value)]
pub(crate) fn run(_args: Args) -> anyhow::Result<()> {
    anyhow::bail!("not written yet")
}
