//! A temporary project with the subjects of a measurement, and the CPU time of cargo.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, ensure};

use crate::{cargo, workspace};

/// A package of the project.
pub(super) struct Subject {
    pub(super) name: &'static str,
    /// Its dependencies. `CRATES` stands for the directory of our crates.
    pub(super) dependencies: &'static str,
    /// The name of its source file, and the content.
    pub(super) source: (&'static str, &'static str),
    /// The packages that are compiled in each round of `bench compile`.
    pub(super) packages: &'static [&'static str],
}

/// The hello world on our client.
pub(super) const OUR_HELLO: Subject = Subject {
    name: "our-hello",
    dependencies: "codex-client.path = 'CRATES/codex-client'\n\
                   tokio = { version = '1', features = ['macros', 'rt-multi-thread'] }",
    source: ("main.rs", include_str!("hello/codex_client.rs")),
    packages: &["codex-types", "codex-client", "our-hello"],
};

/// The hello world on a peer crate.
pub(super) const CODEX_CODES_HELLO: Subject = Subject {
    name: "peer-hello",
    dependencies: "codex-codes = { version = '=0.166.4', default-features = false, \
                   features = ['async-client'] }\n\
                   serde_json = '1'\n\
                   tokio = { version = '1', features = ['macros', 'rt-multi-thread'] }",
    source: ("main.rs", include_str!("hello/codex_codes.rs")),
    packages: &["codex-codes", "peer-hello"],
};

/// The project with the packages of all subjects.
pub(super) struct Project {
    directory: tempfile::TempDir,
}

impl Project {
    /// Creates the project with these packages.
    pub(super) fn create<'a>(
        subjects: impl IntoIterator<Item = &'a Subject>,
    ) -> anyhow::Result<Self> {
        let project = Self {
            directory: tempfile::tempdir().context("cannot create a temporary directory")?,
        };
        let root = project.directory.path();
        let crates = workspace::root()?.join("crates").display().to_string();
        let manifest = "[workspace]\nresolver = '3'\nmembers = ['*-*']\n\
                        [profile.release]\nstrip = true\n";
        fs::write(root.join("Cargo.toml"), manifest)?;
        for subject in subjects {
            let name = subject.name;
            let dependencies = subject.dependencies.replace("CRATES", &crates);
            let manifest = format!(
                "[package]\nname = '{name}'\nedition = '2024'\n[dependencies]\n{dependencies}\n"
            );
            let (file, content) = subject.source;
            fs::create_dir_all(root.join(name).join("src"))?;
            fs::write(root.join(name).join("Cargo.toml"), manifest)?;
            fs::write(root.join(name).join("src").join(file), content)?;
        }
        // Only the first run needs the registry.
        if project.cargo(&["fetch", "--offline"]).is_err() {
            project.cargo(&["fetch"])?;
        }
        Ok(project)
    }

    /// Runs cargo in the project and returns the CPU seconds that it took.
    pub(super) fn timed(&self, words: &[&str]) -> anyhow::Result<f64> {
        let before = cpu_of_children()?;
        self.cargo(words)?;
        Ok(cpu_of_children()? - before)
    }

    /// Returns the directory of what is compiled.
    pub(super) fn target(&self) -> PathBuf {
        self.directory.path().join("target")
    }

    /// Runs cargo in the project and returns its output.
    pub(super) fn cargo(&self, words: &[&str]) -> anyhow::Result<String> {
        let output = cargo::command()?
            .args(words)
            .current_dir(self.directory.path())
            .env("CARGO_TARGET_DIR", self.target())
            .env("CARGO_INCREMENTAL", "0")
            // Cargo lints path dependencies, but caps the lints of those from the registry.
            .env("CARGO_ENCODED_RUSTFLAGS", "--cap-lints\u{1f}allow")
            .stdin(Stdio::null())
            .output()
            .context("cannot run cargo")?;
        ensure!(
            output.status.success(),
            "`cargo {}` failed:\n{}",
            words.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// Returns the CPU seconds of all child processes so far, and of their children.
#[cfg(unix)]
fn cpu_of_children() -> anyhow::Result<f64> {
    use nix::sys::{
        resource::{UsageWho, getrusage},
        time::TimeValLike,
    };

    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("cannot read the CPU time")?;
    let time = usage.user_time() + usage.system_time();
    Ok(std::time::Duration::from_micros(time.num_microseconds().try_into()?).as_secs_f64())
}

#[cfg(not(unix))]
fn cpu_of_children() -> anyhow::Result<f64> {
    anyhow::bail!("only Unix reports the CPU time of child processes")
}
