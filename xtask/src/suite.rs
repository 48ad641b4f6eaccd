//! `cargo xtask test`: runs the test suite against real app-servers.

use std::ffi::OsString;
use std::process::Command;

use crate::{cargo, runtime};

/// Releases that tests need in addition to the pinned one. `CODEX_BIN_0_163_0` names the binary of
/// 0.163.0.
const OTHER_RELEASES: [&str; 1] = ["0.163.0"];

/// Arguments of `cargo xtask test`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Arguments for `cargo test`: filters, `--release`, `-p` to test only some packages, or a
    /// second `--` with arguments for the tests.
    #[arg(last = true, value_name = "ARGUMENTS")]
    arguments: Vec<OsString>,
}

/// Runs the chore. Ends with the exit code of `cargo test`, whose summary is printed last.
pub(crate) fn run(Args { arguments }: Args) -> anyhow::Result<()> {
    cargo::hand_over(command(arguments, None)?)
}

/// Returns the command that runs the tests on a release; by default, on the pinned one.
pub(crate) fn command(arguments: Vec<OsString>, release: Option<&str>) -> anyhow::Result<Command> {
    let mut test = cargo::command()?;
    test.args(words(arguments));
    test.env(runtime::CODEX_BIN, runtime::ensure(release)?);
    for release in OTHER_RELEASES {
        test.env(variable(release), runtime::ensure(Some(release))?);
    }
    Ok(test)
}

/// Returns the arguments of cargo, which tests all packages by default.
fn words(arguments: Vec<OsString>) -> Vec<OsString> {
    let mut words = vec!["test".into()];
    // With `--workspace`, cargo would ignore the chosen packages.
    if !names_packages(&arguments) {
        words.push("--workspace".into());
    }
    words.extend(arguments);
    words
}

/// Returns whether the arguments choose packages. Those after a `--` are for the tests.
fn names_packages(arguments: &[OsString]) -> bool {
    arguments
        .iter()
        .filter_map(|word| word.to_str())
        .take_while(|word| *word != "--")
        .any(|word| word.starts_with("--package") || word.starts_with("-p"))
}

/// Returns the variable that names the binary of a release.
fn variable(release: &str) -> String {
    let name: String = release
        .chars()
        .map(|letter| {
            if letter.is_alphanumeric() {
                letter
            } else {
                '_'
            }
        })
        .collect();
    format!("CODEX_BIN_{}", name.to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words_for(arguments: &[&str]) -> Vec<OsString> {
        words(arguments.iter().map(OsString::from).collect())
    }

    #[test]
    fn all_packages_are_tested_and_arguments_are_passed_on() {
        assert_eq!(
            words_for(&["--release", "--", "--nocapture"]),
            ["test", "--workspace", "--release", "--", "--nocapture"]
        );
    }

    #[test]
    fn chosen_packages_replace_the_workspace() {
        for package in [&["-p", "xtask"][..], &["-pxtask"], &["--package=xtask"]] {
            assert!(
                !words_for(package).contains(&"--workspace".into()),
                "{package:?}"
            );
        }
        assert!(words_for(&["--", "-p"]).contains(&"--workspace".into()));
    }

    #[test]
    fn the_variable_of_a_release_is_a_valid_shell_name() {
        assert_eq!(variable("0.163.0"), "CODEX_BIN_0_163_0");
        assert_eq!(variable("0.170.0-alpha.3"), "CODEX_BIN_0_170_0_ALPHA_3");
    }
}
