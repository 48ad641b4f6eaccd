//! The CPU time of one rustc.
//!
//! Cargo runs this very binary in place of rustc (`RUSTC_WRAPPER`), once per crate. It runs the real
//! rustc as its only child, so the resource usage of its waited-for children is exactly that of this one
//! compiler: user and system time over all of its threads, without cargo, without the linker of
//! other crates and without the dependencies. Wall time would say more about the neighbours on
//! the machine. What was measured is appended to the file that the variable below names.

use std::{
    env,
    ffi::OsString,
    fs::{File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    process::{Command, exit},
};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

/// Names the file for the measurements; its presence makes this binary a wrapper.
const LOG: &str = "XTASK_BENCH_RUSTC_LOG";

/// One run of rustc.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Run {
    /// The name of the crate.
    pub(super) name: String,
    /// User and system time, in seconds.
    pub(super) seconds: f64,
    /// Where its files lie, without their extensions and without the `lib` of libraries.
    folder: PathBuf,
    suffix: String,
}

impl Run {
    /// The `.d` file, which lists the sources.
    pub(super) fn dep_info(&self) -> PathBuf {
        self.folder.join(format!("{}{}.d", self.name, self.suffix))
    }

    /// What was made: `rlib` or `rmeta`.
    pub(super) fn artifact(&self, extension: &str) -> PathBuf {
        let file = format!("lib{}{}.{extension}", self.name, self.suffix);
        self.folder.join(file)
    }
}

/// Makes cargo measure what it compiles.
pub(super) fn measured(cargo: &mut Command, log: &Path) -> anyhow::Result<()> {
    let this = env::current_exe().context("where this binary lies")?;
    cargo.env("RUSTC_WRAPPER", this).env(LOG, log);
    Ok(())
}

/// What was measured since the log was emptied; empties it.
pub(super) fn take_runs(log: &Path) -> anyhow::Result<Vec<Run>> {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    File::create(log).context("cannot empty the log")?;
    text.lines()
        .map(|line| serde_json::from_str(line).context("a line of the log"))
        .collect()
}

/// Runs rustc and ends the process with its exit code, if this process is a wrapper.
pub(super) fn wrapper() -> Option<anyhow::Result<()>> {
    let log = env::var_os(LOG)?;
    Some(run_rustc(Path::new(&log)))
}

fn run_rustc(log: &Path) -> anyhow::Result<()> {
    let mut words = env::args_os().skip(1);
    let Some(rustc) = words.next() else {
        bail!("cargo names the rustc to run");
    };
    let arguments: Vec<OsString> = words.collect();
    let status = Command::new(&rustc)
        .args(&arguments)
        .status()
        .with_context(|| format!("cannot run {}", rustc.display()))?;
    if let Some(run) = run(&arguments, cpu_of_children()?) {
        let line = format!("{}\n", serde_json::to_string(&run)?);
        // One write, because cargo runs several compilers at once.
        let mut log = OpenOptions::new().create(true).append(true).open(log)?;
        log.write_all(line.as_bytes())?;
    }
    exit(status.code().unwrap_or(1))
}

/// What the arguments of rustc say about its crate; `None` when cargo only asks for its version.
fn run(arguments: &[OsString], seconds: f64) -> Option<Run> {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let after = |option: &str| {
        let mut rest = words.iter().skip_while(|word| **word != option);
        rest.nth(1).copied()
    };
    Some(Run {
        name: after("--crate-name")?.to_owned(),
        seconds,
        folder: after("--out-dir")?.into(),
        suffix: words
            .iter()
            .find_map(|word| word.strip_prefix("extra-filename="))?
            .to_owned(),
    })
}

#[cfg(unix)]
fn cpu_of_children() -> anyhow::Result<f64> {
    use nix::sys::{
        resource::{UsageWho, getrusage},
        time::TimeValLike,
    };

    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("the CPU time of rustc")?;
    let time = usage.user_time() + usage.system_time();
    Ok(std::time::Duration::from_micros(time.num_microseconds().try_into()?).as_secs_f64())
}

#[cfg(not(unix))]
fn cpu_of_children() -> anyhow::Result<f64> {
    bail!("the CPU time of a process can be measured on Unix only")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_of_rustc_say_where_its_files_lie() {
        let words =
            "--crate-name a_b src/lib.rs -C metadata=1 -C extra-filename=-7f --out-dir deps";
        let words: Vec<OsString> = words.split(' ').map(OsString::from).collect();
        let run = run(&words, 1.5).unwrap();
        assert_eq!(run.dep_info(), Path::new("deps/a_b-7f.d"));
        assert_eq!(run.artifact("rlib"), Path::new("deps/liba_b-7f.rlib"));
    }

    #[test]
    fn a_question_for_the_version_is_no_run() {
        assert!(run(&["-vV".into()], 0.1).is_none());
    }
}
