//! The pinned protocol: kept as codex printed it, verified, updated, compared.

mod bundles;
mod census;
mod diff;
mod lock;
pub(crate) mod pinned;
mod update;

use clap::Subcommand;
use semver::Version;

use crate::runtime;
use bundles::Bundles;

/// Updates, verifies and compares the pinned schema.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Pins the schema that a release prints, installing that release if need be.
    Update {
        /// The release, like 0.169.0; without it the pinned one prints its schema again.
        #[arg(long, value_name = "VERSION")]
        version: Option<String>,
    },
    /// Proves, without a runtime or a network, that the pinned files are what the lock says.
    Verify,
    /// Reports what changed in the protocol between two releases, and what can break a client.
    Diff(diff::Args),
}

/// Runs the chore.
pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    match args.action {
        Action::Update { version } => update(version),
        Action::Verify => verify(),
        Action::Diff(args) => diff::run(&args),
    }
}

fn update(version: Option<String>) -> anyhow::Result<()> {
    let version = match version {
        Some(version) => version,
        None => pinned::version()?.to_string(),
    };
    // By name, so that a CODEX_BIN of another release does not print the schema of this one.
    let bundles = Bundles::print_by(&runtime::ensure(Some(&version))?)?;
    let lock = update::replace(&lock::folder()?, Version::parse(&version)?, &bundles)?;
    println!("pinned the schema of codex {}", lock.codex);
    report(&lock);
    Ok(())
}

fn verify() -> anyhow::Result<()> {
    let (lock, _) = pinned::load_from(&lock::folder()?)?;
    println!("the schema is the one that codex {} printed", lock.codex);
    report(&lock);
    Ok(())
}

/// Says what is pinned.
fn report(lock: &lock::Lock) {
    println!("  stable        {}", lock.stable.counts);
    println!("  experimental  {}", lock.experimental.counts);
}
