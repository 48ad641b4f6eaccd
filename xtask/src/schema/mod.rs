//! `cargo xtask schema`: verifies, updates and compares the pinned protocol.

mod bundles;
mod census;
pub(crate) mod clearable_fields;
pub(crate) mod diff;
pub(crate) mod first_releases;
pub(crate) mod kept;
pub(crate) mod lock;
pub(crate) mod pinned;
mod typescript;
mod update;

use std::fs;
use std::path::Path;

use anyhow::Context;
use clap::Subcommand;
use semver::Version;
use serde_json::Value;

use crate::runtime;
use bundles::Bundles;
use clearable_fields::ClearableFields;

/// Arguments of `cargo xtask schema`.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Pins the schema of a release, and installs the release if it is missing.
    Update {
        /// The release, such as 0.169.0; by default, the pinned one.
        #[arg(long, value_name = "VERSION")]
        version: Option<String>,
    },
    /// Adds the methods of other releases to the table of first releases, and installs a release if
    /// it is missing.
    Since {
        /// The releases, such as 0.163.0.
        #[arg(required = true, value_name = "VERSION")]
        versions: Vec<String>,
    },
    /// Checks offline that the pinned files match the lock file.
    Verify,
    /// Reports the changes to the protocol between two releases, and which of them break a client.
    Diff(diff::Args),
}

/// Runs the chore.
pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    match args.action {
        Action::Update { version } => update(version),
        Action::Since { versions } => since(&versions),
        Action::Verify => verify(),
        Action::Diff(args) => diff::run(&args),
    }
}

fn update(version: Option<String>) -> anyhow::Result<()> {
    let version = match version {
        Some(version) => version,
        None => pinned::version()?.to_string(),
    };
    pin(&version)
}

/// Pins the schema of a release, and installs the release if it is missing.
pub(crate) fn pin(version: &str) -> anyhow::Result<()> {
    let (lock, evidence) = pin_in(&lock::directory()?, version)?;
    println!("pinned the schema of Codex {}", lock.codex);
    println!("  TypeScript    {evidence}");
    report(&lock);
    Ok(())
}

/// Pins the schema of a release in `directory`. Also returns a sentence about the evidence on
/// clearable fields.
fn pin_in(directory: &Path, version: &str) -> anyhow::Result<(lock::Lock, String)> {
    // A `CODEX_BIN` of a different release never replaces a named version.
    let binary = runtime::ensure(Some(version))?;
    let bundles = Bundles::print_by(&binary)?;
    let (fields, missing) = ClearableFields::print_by(&binary, &bundles.experimental.value)?;
    let evidence = match missing {
        None => format!("{} fields can be cleared with `null`", fields.len()),
        Some(reason) => format!(
            "none: {reason}\n  Only descriptions and names tell which fields can be cleared with \
             `null`."
        ),
    };
    let lock = update::replace(directory, Version::parse(version)?, &bundles, &fields)?;
    Ok((lock, evidence))
}

/// Returns the pinned schema as it would be after [`pin`]. Changes nothing.
pub(crate) fn preview(version: &str) -> anyhow::Result<pinned::Pinned> {
    let copy = tempfile::tempdir().context("cannot create a temporary directory")?;
    copy_schema(&lock::directory()?, copy.path())?;
    pin_in(copy.path(), version)?;
    pinned::load_from(copy.path()).map(|(_, pinned)| pinned)
}

/// Copies the files of a schema, from which an update starts.
fn copy_schema(from: &Path, to: &Path) -> anyhow::Result<()> {
    let cannot = |path: &Path| format!("cannot copy {}", crate::workspace::shown(path));
    fs::create_dir_all(to).with_context(|| cannot(from))?;
    for entry in fs::read_dir(from).with_context(|| cannot(from))? {
        let path = entry.with_context(|| cannot(from))?.path();
        let copy = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy_schema(&path, &copy)?;
        } else {
            fs::copy(&path, &copy).with_context(|| cannot(&path))?;
        }
    }
    Ok(())
}

fn since(versions: &[String]) -> anyhow::Result<()> {
    versions.iter().try_for_each(|version| add_release(version))
}

/// Adds the methods of a release to the table of first releases, and installs the release if it is
/// missing.
pub(crate) fn add_release(version: &str) -> anyhow::Result<()> {
    let bundles = Bundles::print_by(&runtime::ensure(Some(version))?)?;
    let release = Version::parse(version)?;
    let methods = update::add_release(&lock::directory()?, &release, &bundles)?;
    println!("Codex {release} has {methods} methods");
    Ok(())
}

fn verify() -> anyhow::Result<()> {
    let (lock, _) = pinned::load_from(&lock::directory()?)?;
    println!("the schema matches its lock: Codex {}", lock.codex);
    report(&lock);
    Ok(())
}

/// Returns the stable and the experimental bundle of a release, and the evidence about its clearable
/// fields. Installs the release if it is missing.
///
/// # Errors
///
/// Fails if the release cannot be installed, or prints bundles that cannot be used.
pub(crate) fn print(version: &Version) -> anyhow::Result<(Value, Value, ClearableFields)> {
    let binary = runtime::ensure(Some(&version.to_string()))?;
    let Bundles {
        stable,
        experimental,
    } = Bundles::print_by(&binary)?;
    let (fields, _) = ClearableFields::print_by(&binary, &experimental.value)?;
    Ok((stable.value, experimental.value, fields))
}

/// Prints the counts of both bundles.
fn report(lock: &lock::Lock) {
    println!("  stable        {}", lock.stable.counts);
    println!("  experimental  {}", lock.experimental.counts);
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_evidence_about_clearable_fields_is_what_the_pinned_runtime_prints() {
        // `cargo xtask test` names the binary.
        let Some(binary) = std::env::var_os(runtime::CODEX_BIN) else {
            eprintln!("left out: CODEX_BIN is not set; run `cargo xtask test`");
            return;
        };
        let pinned = pinned::load().unwrap();
        let binary = Path::new(&binary);
        let version = runtime::version_of(binary).unwrap();
        if version.to_string() != pinned.version {
            eprintln!("left out: CODEX_BIN is Codex {version}");
            return;
        }
        let (fields, reason) = ClearableFields::print_by(binary, &pinned.experimental).unwrap();
        assert_eq!(reason, None);
        assert_eq!(fields, pinned.clearable_fields);
    }
}
