//! Gets a release of codex from a package registry, with the registry's own client.

use std::env;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, bail};
use semver::Version;

/// A package manager that brings codex.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manager {
    /// The client of the npm registry, which has every release.
    Npm,
    /// The client of PyPI, which has some; with the words that call it.
    Pip(&'static [&'static str]),
}

/// The names of npm: on Windows it is a script, which is not found without its extension.
const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

/// How pip may be called. Through an interpreter first: a `pip` script can belong to a removed one.
const PIP: [&[&str]; 4] = [
    &["python3", "-m", "pip"],
    &["python", "-m", "pip"],
    &["pip3"],
    &["pip"],
];

impl Manager {
    /// The package manager of this machine: npm, or else pip.
    pub(super) fn find() -> anyhow::Result<Self> {
        if answers(&[NPM]) {
            return Ok(Self::Npm);
        }
        match PIP.into_iter().find(|words| answers(words)) {
            Some(words) => Ok(Self::Pip(words)),
            None => bail!(
                "neither npm nor pip is on the PATH, and one of them must fetch codex: install \
                 Node.js (it brings npm), or set CODEX_BIN to a codex binary that you have"
            ),
        }
    }

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::Pip(_) => "pip",
        }
    }

    /// Puts that version of codex below `into`.
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
        bail!("{}", self.complaint(version, &output))
    }

    /// The command that installs the version.
    fn command(self, version: &Version, into: &Path) -> Command {
        match self {
            Self::Npm => npm_install(version, into),
            Self::Pip(words) => pip_install(words, version, into),
        }
    }

    /// Says why it failed, and what helps.
    fn complaint(self, version: &Version, output: &Output) -> String {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.trim();
        match self {
            Self::Npm if said.contains("ETARGET") || said.contains("E404") => format!(
                "codex {version} does not exist in the npm registry; `npm view @openai/codex \
                 versions` lists what does\n{said}"
            ),
            Self::Pip(words) if said.contains("No matching distribution") => format!(
                "codex {version} does not exist on PyPI for this platform, which has only some of \
                 the releases; install Node.js to get it with npm, set CODEX_BIN to a codex binary \
                 that you have, or choose a version that `{} index versions openai-codex-cli-bin` \
                 lists\n{said}",
                words.join(" ")
            ),
            _ => format!("{} could not install codex {version}:\n{said}", self.name()),
        }
    }
}

/// The install by npm: into `into` alone, no matter what the user's own settings say.
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
    command.arg(format!("@openai/codex@{version}"));
    command
}

/// The install by pip: the wheel alone, unpacked into `into`.
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
    command.arg(format!("openai-codex-cli-bin=={version}"));
    // As variables: older versions of pip refuse an option that they do not know.
    command.envs([("PIP_ROOT_USER_ACTION", "ignore"), ("PIP_USER", "0")]);
    command.env("PIP_REQUIRE_VIRTUALENV", "0");
    command
}

/// Whether a command is there and works.
fn answers(words: &[&str]) -> bool {
    Command::new(words[0])
        .args(&words[1..])
        .arg("--version")
        // A project's `.npmrc` or `.python-version` in the current folder has no say in it.
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
    fn npm_installs_the_exact_version_into_the_folder_and_runs_no_scripts() {
        let command = Manager::Npm.command(&VERSION, Path::new("stage"));
        let words = words(&command);
        assert_eq!(words[..3], ["install", "--prefix", "stage"]);
        assert_eq!(words.last(), Some(&"@openai/codex@0.163.0"));
        assert!(words.contains(&"--ignore-scripts"));
    }

    #[test]
    fn pip_unpacks_the_exact_version_into_the_folder() {
        let manager = Manager::Pip(&["python3", "-m", "pip"]);
        let command = manager.command(&VERSION, Path::new("stage"));
        assert_eq!(command.get_program(), "python3");
        let words = words(&command);
        assert_eq!(words[..5], ["-m", "pip", "install", "--target", "stage"]);
        assert_eq!(words.last(), Some(&"openai-codex-cli-bin==0.163.0"));
    }

    #[cfg(unix)]
    #[test]
    fn a_version_that_npm_does_not_have_is_named_with_the_way_to_see_the_others() {
        let output = failed("npm error code ETARGET\nnpm error notarget No matching version");
        let complaint = Manager::Npm.complaint(&VERSION, &output);
        assert!(
            complaint.starts_with("codex 0.163.0 does not exist"),
            "{complaint}"
        );
        assert!(
            complaint.contains("npm view @openai/codex versions"),
            "{complaint}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_version_that_pip_does_not_have_points_to_npm() {
        let output = failed("ERROR: No matching distribution found for openai-codex-cli-bin");
        let complaint = Manager::Pip(&["pip3"]).complaint(&VERSION, &output);
        assert!(
            complaint.contains("Node.js") && complaint.contains("CODEX_BIN"),
            "{complaint}"
        );
        assert!(complaint.contains("`pip3 index versions"), "{complaint}");
    }

    #[cfg(unix)]
    #[test]
    fn any_other_failure_is_told_in_the_words_of_the_package_manager() {
        let complaint = Manager::Npm.complaint(&VERSION, &failed("npm error code EACCES\n"));
        assert!(complaint.ends_with("npm error code EACCES"), "{complaint}");
    }
}
