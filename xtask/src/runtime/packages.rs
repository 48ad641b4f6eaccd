//! Fetches a release of Codex with the client of a package registry.

use std::env;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, bail, ensure};
use semver::Version;

/// A package manager that can install codex.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manager {
    /// The client of the npm registry, which has all releases.
    Npm,
    /// The client of PyPI, which has some releases, with the command that runs it.
    Pip(&'static [&'static str]),
}

/// The package of the npm registry.
const NPM_PACKAGE: &str = "@openai/codex";

/// The package of PyPI.
const PIP_PACKAGE: &str = "openai-codex-cli-bin";

/// The command of npm. On Windows it is a script, which needs its extension to be found.
const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

/// The commands of pip. Interpreters come first: a `pip` script may belong to a removed
/// interpreter.
const PIP: [&[&str]; 4] = [
    &["python3", "-m", "pip"],
    &["python", "-m", "pip"],
    &["pip3"],
    &["pip"],
];

impl Manager {
    /// Returns npm if it works, or else pip.
    pub(super) fn find() -> anyhow::Result<Self> {
        if works(&[NPM]) {
            return Ok(Self::Npm);
        }
        match PIP.into_iter().find(|words| works(words)) {
            Some(words) => Ok(Self::Pip(words)),
            None => bail!(
                "Codex is installed with npm or pip, but neither is on the PATH: install Node.js, \
                 which includes npm, or set CODEX_BIN to an existing Codex binary"
            ),
        }
    }

    /// Returns the name of the package manager.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::Pip(_) => "pip",
        }
    }

    /// Installs a version of Codex into `into`.
    pub(super) fn fetch(self, version: &Version, into: &Path) -> anyhow::Result<()> {
        let output = self
            .command(version, into)
            .stdin(Stdio::null())
            .current_dir(into)
            .output()
            .with_context(|| format!("cannot run {}", self.name()))?;
        if output.status.success() {
            return Ok(());
        }
        bail!("{}", self.explain(version, &output))
    }

    /// Returns what the registry answers when it is asked for the published versions: the newest one
    /// only, or all of them.
    pub(super) fn ask_for_versions(self, newest_only: bool) -> anyhow::Result<String> {
        let mut command = match self {
            Self::Npm => {
                let mut command = Command::new(NPM);
                let field = if newest_only { "version" } else { "versions" };
                command.args(["view", "--json", "--loglevel=error", NPM_PACKAGE, field]);
                command
            }
            Self::Pip(words) => {
                let mut command = Command::new(words[0]);
                command.args(&words[1..]).args([
                    "index",
                    "versions",
                    "--disable-pip-version-check",
                    PIP_PACKAGE,
                ]);
                command
            }
        };
        let output = command
            .stdin(Stdio::null())
            // Ignores the settings of a project in the current directory.
            .current_dir(env::temp_dir())
            .output()
            .with_context(|| format!("cannot run {}", self.name()))?;
        ensure!(
            output.status.success(),
            "{} cannot list the releases of Codex:\n{}",
            self.name(),
            String::from_utf8_lossy(&output.stderr).trim()
        );
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Returns the command that installs a version.
    fn command(self, version: &Version, into: &Path) -> Command {
        match self {
            Self::Npm => npm_install(version, into),
            Self::Pip(words) => pip_install(words, version, into),
        }
    }

    /// Explains a failed install, with a remedy where it is known.
    fn explain(self, version: &Version, output: &Output) -> String {
        let stderr = String::from_utf8_lossy(&output.stderr);
        let stderr = stderr.trim();
        match self {
            Self::Npm if stderr.contains("ETARGET") || stderr.contains("E404") => format!(
                "codex {version} does not exist in the npm registry; `npm view @openai/codex \
                 versions` lists the versions that do\n{stderr}"
            ),
            Self::Pip(words) if stderr.contains("No matching distribution") => format!(
                "PyPI has only some releases of codex, and not {version} for this platform: install \
                 Node.js to use npm, set CODEX_BIN to an existing Codex binary, or choose a version \
                 that `{} index versions openai-codex-cli-bin` lists\n{stderr}",
                words.join(" ")
            ),
            _ => format!("{} cannot install Codex {version}:\n{stderr}", self.name()),
        }
    }
}

/// Returns the command of npm. Its options override the user's settings, so that npm writes only to
/// `into`.
fn npm_install(version: &Version, into: &Path) -> Command {
    let mut command = Command::new(NPM);
    command.arg("install").arg("--prefix").arg(into).args([
        "--no-global",
        "--location=project",
        "--install-strategy=hoisted",
        // The native binary is an optional dependency of the wrapper.
        "--include=optional",
        "--ignore-scripts",
        "--no-save",
        "--no-package-lock",
        "--no-audit",
        "--no-fund",
        "--no-update-notifier",
        "--no-progress",
        "--loglevel=error",
    ]);
    command.arg(format!("{NPM_PACKAGE}@{version}"));
    command
}

/// Returns the command of pip, which unpacks the wheel into `into`.
fn pip_install(words: &[&str], version: &Version, into: &Path) -> Command {
    let mut command = Command::new(words[0]);
    command
        .args(&words[1..])
        .arg("install")
        .arg("--target")
        .arg(into)
        .args([
            "--only-binary=:all:",
            "--no-deps",
            "--no-compile",
            "--no-input",
            "--no-warn-script-location",
            "--disable-pip-version-check",
            "--quiet",
        ]);
    command.arg(format!("{PIP_PACKAGE}=={version}"));
    // Variables, because older versions of pip refuse unknown options.
    command.envs([("PIP_ROOT_USER_ACTION", "ignore"), ("PIP_USER", "0")]);
    command.env("PIP_REQUIRE_VIRTUALENV", "0");
    command
}

/// Returns whether a command exists and runs.
fn works(words: &[&str]) -> bool {
    Command::new(words[0])
        .args(&words[1..])
        .arg("--version")
        // Ignores the `.npmrc` or `.python-version` of a project in the current directory.
        .current_dir(env::temp_dir())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;

    const VERSION: Version = Version::new(0, 163, 0);

    fn words(command: &Command) -> Vec<&str> {
        command.get_args().filter_map(OsStr::to_str).collect()
    }

    #[cfg(unix)]
    fn failed(stderr: &str) -> Output {
        use std::os::unix::process::ExitStatusExt;
        let status = std::process::ExitStatus::from_raw(1 << 8);
        Output {
            status,
            stdout: Vec::new(),
            stderr: stderr.as_bytes().to_vec(),
        }
    }

    #[test]
    fn npm_installs_the_exact_version_into_the_directory_and_runs_no_scripts() {
        let command = Manager::Npm.command(&VERSION, Path::new("stage"));
        let words = words(&command);
        assert_eq!(words[..3], ["install", "--prefix", "stage"]);
        assert_eq!(words.last(), Some(&"@openai/codex@0.163.0"));
        assert!(words.contains(&"--ignore-scripts"));
    }

    #[test]
    fn pip_unpacks_the_exact_version_into_the_directory() {
        let manager = Manager::Pip(&["python3", "-m", "pip"]);
        let command = manager.command(&VERSION, Path::new("stage"));
        assert_eq!(command.get_program(), "python3");
        let words = words(&command);
        assert_eq!(words[..5], ["-m", "pip", "install", "--target", "stage"]);
        assert_eq!(words.last(), Some(&"openai-codex-cli-bin==0.163.0"));
    }

    #[cfg(unix)]
    #[test]
    fn a_version_missing_from_npm_is_named_with_the_command_that_lists_versions() {
        let output = failed("npm error code ETARGET\nnpm error notarget No matching version");
        let text = Manager::Npm.explain(&VERSION, &output);
        assert!(text.starts_with("codex 0.163.0 does not exist"), "{text}");
        assert!(text.contains("npm view @openai/codex versions"), "{text}");
    }

    #[cfg(unix)]
    #[test]
    fn a_version_missing_from_pypi_points_to_npm() {
        let output = failed("ERROR: No matching distribution found for openai-codex-cli-bin");
        let text = Manager::Pip(&["pip3"]).explain(&VERSION, &output);
        assert!(
            text.contains("Node.js") && text.contains("CODEX_BIN"),
            "{text}"
        );
        assert!(text.contains("`pip3 index versions"), "{text}");
    }

    #[cfg(unix)]
    #[test]
    fn other_failures_include_the_message_of_the_package_manager() {
        let text = Manager::Npm.explain(&VERSION, &failed("npm error code EACCES\n"));
        assert!(text.ends_with("npm error code EACCES"), "{text}");
    }
}
