//! `cargo xtask runtime`: finds, installs and lists the Codex runtimes that chores and tests run.

mod cache;
mod list;
mod packages;
mod platform;
mod published;
mod release;

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Subcommand;
use semver::Version;

use crate::schema::pinned;
use crate::spinner::Spinner;
use cache::{Cache, Installer};
use packages::Manager;
use platform::Platform;

/// The variable that names a binary to use instead of an installed one.
pub(crate) const CODEX_BIN: &str = "CODEX_BIN";

/// Arguments of `cargo xtask runtime`.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
    /// The release; by default, the one that `schema/codex.lock.toml` pins.
    #[arg(long, global = true, value_name = "VERSION")]
    version: Option<String>,
}

#[derive(Clone, Copy, Subcommand)]
enum Action {
    /// Installs the runtime if it is missing, and prints the path of its binary (the default).
    Install,
    /// Prints the path of the binary of an installed runtime.
    Path,
    /// Lists the installed runtimes.
    List,
}

/// Runs the chore.
pub(crate) fn run(Args { action, version }: Args) -> anyhow::Result<()> {
    let wanted = version.as_deref();
    match action.unwrap_or(Action::Install) {
        Action::Install => println!("{}", ensure(wanted)?.display()),
        Action::Path => println!("{}", installed(wanted)?.display()),
        Action::List => list::print(&cache()?, &pinned::version()?, overriding().as_deref())?,
    }
    Ok(())
}

/// Returns the binary of `version` or of the pinned release, and installs it if it is missing.
///
/// `CODEX_BIN` replaces the pinned runtime. It replaces a named version only if it is that version.
///
/// # Errors
///
/// Fails if the version does not exist, if there is no package manager to install it, or if
/// `CODEX_BIN` does not name a Codex binary.
pub(crate) fn ensure(version: Option<&str>) -> anyhow::Result<PathBuf> {
    let (version, chosen) = resolve(version)?;
    match chosen {
        Some(binary) => Ok(binary),
        None => cache()?.ensure(&version, &Registry::default()),
    }
}

/// Returns the newest published release.
///
/// # Errors
///
/// Fails if there is no package manager, or if its registry does not respond.
pub(crate) fn latest() -> anyhow::Result<Version> {
    published::latest(Manager::find()?)
}

/// Returns the published releases, without pre-releases.
///
/// # Errors
///
/// Fails if there is no package manager, or if its registry does not respond.
pub(crate) fn published() -> anyhow::Result<BTreeSet<Version>> {
    published::releases(Manager::find()?)
}

/// Parses the exact version of a release.
///
/// # Errors
///
/// Fails if the text is not a version such as `0.169.0`.
pub(crate) fn parse(version: &str) -> anyhow::Result<Version> {
    release::parse(version)
}

/// Returns the release of a binary.
#[cfg(test)]
pub(crate) fn version_of(binary: &Path) -> anyhow::Result<Version> {
    release::of_binary(binary)
}

/// Returns the binary of an installed runtime. Installs nothing.
fn installed(version: Option<&str>) -> anyhow::Result<PathBuf> {
    let (version, chosen) = resolve(version)?;
    chosen.or(cache()?.binary(&version)).with_context(|| {
        format!(
            "codex {version} is not installed; install it with `cargo xtask runtime install \
             --version {version}`, or set CODEX_BIN to an existing Codex binary"
        )
    })
}

/// Returns the version to use, and the binary of `CODEX_BIN` if it applies.
fn resolve(version: Option<&str>) -> anyhow::Result<(Version, Option<PathBuf>)> {
    let (wanted, named) = match version {
        Some(version) => (release::parse(version)?, true),
        None => (pinned::version()?, false),
    };
    let Some(value) = overriding() else {
        return Ok((wanted, None));
    };
    let binary = overriding_binary(&value)?;
    let said = release::of_binary(&binary).context(
        "CODEX_BIN does not name a Codex binary; set it to the path of one, or unset it",
    )?;
    if said == wanted {
        return Ok((wanted, Some(binary)));
    }
    if named {
        return Ok((wanted, None));
    }
    eprintln!("note: CODEX_BIN is Codex {said}; the pinned release is {wanted}");
    Ok((wanted, Some(binary)))
}

/// Returns the value of `CODEX_BIN` unless it is empty.
fn overriding() -> Option<std::ffi::OsString> {
    env::var_os(CODEX_BIN).filter(|value| !value.is_empty())
}

/// Returns the absolute path of the binary that `CODEX_BIN` names.
fn overriding_binary(value: &OsStr) -> anyhow::Result<PathBuf> {
    let path = Path::new(value);
    if !path.is_file() {
        bail!(
            "CODEX_BIN names `{}`, which is not a file; set it to the path of a Codex binary, or \
             unset it to use the pinned runtime",
            path.display()
        );
    }
    std::path::absolute(path).with_context(|| format!("cannot resolve {}", path.display()))
}

/// Returns the runtimes of this workspace, in a directory that `cargo clean` removes.
fn cache() -> anyhow::Result<Cache> {
    let directory = crate::workspace::root()?
        .join("target")
        .join("codex-runtime");
    Ok(Cache::new(directory, Platform::current()?))
}

/// Installs from the package registries, with a spinner.
#[derive(Default)]
struct Registry {
    spinner: Spinner,
}

impl Installer for Registry {
    fn fetch(&self, version: &Version, into: &Path) -> anyhow::Result<()> {
        let manager = Manager::find()?;
        self.spinner.say(format!(
            "installing Codex {version} with {}",
            manager.name()
        ));
        manager.fetch(version, into)
    }

    fn probe(&self, binary: &Path) -> anyhow::Result<Version> {
        release::of_binary(binary)
    }

    fn waiting(&self) {
        self.spinner
            .say("waiting for another process to install a Codex runtime".into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_codex_bin_that_is_not_a_file_is_named_with_two_remedies() {
        let error = overriding_binary(OsStr::new("no/such/codex"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("`no/such/codex`"), "{error}");
        assert!(error.contains("unset it"), "{error}");
    }

    #[test]
    fn a_relative_codex_bin_is_made_absolute() {
        // Cargo runs the tests in the directory of the manifest.
        let binary = overriding_binary(OsStr::new("Cargo.toml")).unwrap();
        assert!(binary.is_absolute() && binary.ends_with("Cargo.toml"));
    }
}
