//! The programs of the benchmark: the fake server, the clients, and the stage of the real server.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
};

use anyhow::{Context, ensure};
use serde::Deserialize;

use super::cases::{Case, Server};
use crate::{cargo, runtime, workspace};

/// The figures of a client process, as it prints them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Sample {
    wall_us: u64,
    /// Only Unix has this figure.
    cpu_us: Option<u64>,
    /// Only Linux has this figure.
    peak_kib: Option<u64>,
    /// Whether everything was delivered, complete and in order.
    pub(super) delivered: bool,
    /// Latency of a small turn beside unread deltas, over that without them.
    pub(super) latency: Option<f64>,
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
impl Sample {
    /// Returns the wall time, in seconds.
    pub(super) fn wall(&self) -> f64 {
        self.wall_us as f64 / 1e6
    }

    /// Returns the CPU time, in seconds.
    pub(super) fn cpu(&self) -> Option<f64> {
        self.cpu_us.map(|time| time as f64 / 1e6)
    }

    /// Returns the peak of the resident memory, in MiB.
    pub(super) fn peak_mib(&self) -> Option<f64> {
        self.peak_kib.map(|size| size as f64 / 1024.0)
    }
}

/// The compiled programs.
pub(super) struct Programs {
    directory: PathBuf,
    /// A client without the feature `tracing`.
    without_tracing: Option<PathBuf>,
}

impl Programs {
    /// Compiles the programs, in the release profile; if asked, also a client without the feature
    /// `tracing`.
    pub(super) fn build(also_without_tracing: bool) -> anyhow::Result<Self> {
        let mut arguments = vec!["--release", "--package", "codex-bench"];
        for name in ["bench_server", "bench_client", "bench_stage"] {
            arguments.extend(["--bin", name]);
        }
        cargo::build(&arguments, "the programs of the benchmark")?;
        let target = match std::env::var_os("CARGO_TARGET_DIR") {
            Some(target) => PathBuf::from(target),
            None => workspace::root()?.join("target"),
        };
        let mut programs = Self {
            directory: target.join("release"),
            without_tracing: None,
        };
        if also_without_tracing {
            let directory = target.join("bench/without-tracing");
            let path = directory.to_string_lossy();
            let mut arguments = vec!["--release", "--package", "codex-bench"];
            arguments.extend(["--bin", "bench_client", "--no-default-features"]);
            arguments.extend(["--target-dir", &path]);
            cargo::build(&arguments, "the client without tracing")?;
            let program = programs.path("bench_client");
            let name = program.file_name().context("a program has a name")?;
            programs.without_tracing = Some(directory.join("release").join(name));
        }
        Ok(programs)
    }

    /// Returns the path of a client without the feature `tracing`, if it was compiled.
    pub(super) fn without_tracing(&self) -> Option<PathBuf> {
        self.without_tracing.clone()
    }

    /// Returns the path of a program.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        self.directory.join(file)
    }

    /// Runs a client on a case and returns its figures.
    pub(super) fn run(
        &self,
        case: &Case,
        is_quick: bool,
        client: &Path,
        reader: &str,
    ) -> anyhow::Result<Sample> {
        let sizes = case.sizes(is_quick);
        let mut command = Command::new(client);
        command.args([reader, case.work]);
        // Ends after the client.
        let _stage = match case.server {
            Server::Fake => {
                command.arg(self.path("bench_server"));
                None
            }
            Server::Real => {
                command.arg(runtime::ensure(None)?);
                Some(self.stage(&sizes, &mut command)?)
            }
        };
        let output = command
            .env(SIZES, sizes)
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("cannot run {}", client.display()))?;
        ensure!(
            output.status.success(),
            "{} {reader} {} failed: {}",
            client.display(),
            case.work,
            String::from_utf8_lossy(&output.stderr).trim()
        );
        serde_json::from_slice(&output.stdout).context("the client printed no figures")
    }

    /// Starts the model of the real server, and gives the command its environment.
    fn stage(&self, sizes: &str, command: &mut Command) -> anyhow::Result<Stage> {
        let mut child = Command::new(self.path("bench_stage"))
            .env(SIZES, sizes)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot run bench_stage")?;
        let output = child.stdout.take().context("no output")?;
        let input = child.stdin.take();
        let stage = Stage { child, input };
        for line in BufReader::new(output).lines() {
            let line = line.context("cannot read from bench_stage")?;
            match line.split_once('=') {
                Some(("cwd", directory)) => command.current_dir(directory),
                Some((name, value)) => command.env(name, value),
                None => return Ok(stage),
            };
        }
        anyhow::bail!("bench_stage has ended")
    }
}

/// The environment variable with the sizes of a case.
const SIZES: &str = "BENCH_SIZES";

/// A running model, which ends when its input is closed.
struct Stage {
    child: Child,
    input: Option<ChildStdin>,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.input = None;
        // Nothing depends on how it ends.
        let _ = self.child.wait();
    }
}
