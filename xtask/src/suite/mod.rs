//! The whole test suite, against a real app-server.

use std::env;
use std::ffi::OsString;
use std::process::{Command, exit};

use anyhow::Context;

use crate::runtime;

/// Releases that tests need beside the pinned one, each for the variable that names its binary:
/// `CODEX_BIN_0_163_0` for 0.163.0.
const OTHER_RELEASES: [&str; 1] = ["0.163.0"];

/// Runs the whole test suite, real app-server included.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Arguments for `cargo test`: filters, `--release`, `-p` in place of all packages, a second
    /// `--` and what follows it.
    #[arg(last = true, value_name = "ARGUMENTS")]
    arguments: Vec<OsString>,
}

/// Runs the chore. Ends the process with the exit code of `cargo test`, whose summary is then the
/// last thing that was printed.
pub(crate) fn run(Args { arguments }: Args) -> anyhow::Result<()> {
    let mut test = cargo_test(&arguments);
    test.env("CODEX_BIN", runtime::ensure(None)?);
    for release in OTHER_RELEASES {
        test.env(variable(release), runtime::ensure(Some(release))?);
    }
    let status = test.status().context("cannot run `cargo test`")?;
    // Without a code a signal ended it.
    exit(status.code().unwrap_or(1))
}

/// The command that runs the tests.
fn cargo_test(arguments: &[OsString]) -> Command {
    // The cargo that runs this chore, not another one of the PATH.
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.arg("test");
    // Beside `--workspace`, cargo would ignore the packages.
    if !names_packages(arguments) {
        command.arg("--workspace");
    }
    command.args(arguments);
    command.current_dir(crate::workspace::root());
    command
}

/// Whether the arguments choose packages; what follows a `--` is for the test binaries.
fn names_packages(arguments: &[OsString]) -> bool {
    arguments
        .iter()
        .filter_map(|word| word.to_str())
        .take_while(|word| *word != "--")
        .any(|word| word.starts_with("--package") || word.starts_with("-p"))
}

/// The variable that names the binary of a release.
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

    #[test]
    fn all_tests_are_run_and_further_arguments_are_passed_on() {
        let command = cargo_test(&["--release".into(), "--".into(), "--nocapture".into()]);
        let words: Vec<_> = command.get_args().collect();
        assert_eq!(
            words,
            ["test", "--workspace", "--release", "--", "--nocapture"]
        );
    }

    #[test]
    fn chosen_packages_take_the_place_of_the_workspace() {
        for package in [&["-p", "xtask"][..], &["-pxtask"], &["--package=xtask"]] {
            let arguments: Vec<OsString> = package.iter().map(OsString::from).collect();
            let command = cargo_test(&arguments);
            assert!(
                command.get_args().all(|word| word != "--workspace"),
                "{package:?}"
            );
        }
        let of_the_test = ["--".into(), "-p".into()];
        assert!(
            cargo_test(&of_the_test)
                .get_args()
                .any(|word| word == "--workspace")
        );
    }

    #[test]
    fn a_release_has_a_variable_that_a_shell_can_set() {
        assert_eq!(variable("0.163.0"), "CODEX_BIN_0_163_0");
        assert_eq!(variable("0.170.0-alpha.3"), "CODEX_BIN_0_170_0_ALPHA_3");
    }
}
