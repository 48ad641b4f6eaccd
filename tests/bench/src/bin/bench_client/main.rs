//! The clients that `cargo xtask bench` measures, each in a process of its own:
//!
//! ```text
//! bench_client READER WORK SERVER
//! ```
//!
//! It starts the program `SERVER`, does the work, checks everything that arrives, and prints its
//! wall time, CPU time and peak memory as one line of JSON. The environment variable `BENCH_SIZES`
//! has the sizes of the work.

mod asynchronous;
mod blocking;
mod check;
mod limit;

use std::{env, error::Error, path::Path, process::ExitCode};

use asynchronous::Variant;
use codex_bench::{Figures, Sizes, pin_to_one_cpu};

/// Any error: the program only prints it.
type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// The work of a client.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Work {
    /// Starts turns that run at the same time, and reads their events.
    Turns,
    /// Sends requests, with a number of them in flight.
    Requests,
    /// Leaves the events of a turn unread, runs small turns beside it, and reads them at last.
    Unread,
    /// Runs small turns, one after the other.
    SmallTurns,
    /// Creates a thread with long turns, and resumes it on another server.
    Resume,
}

impl Work {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "turns" => Self::Turns,
            "requests" => Self::Requests,
            "unread" => Self::Unread,
            "small-turns" => Self::SmallTurns,
            "resume" => Self::Resume,
            _ => return None,
        })
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(figures) => {
            figures.print();
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<Figures> {
    let words: Vec<_> = env::args().skip(1).collect();
    let [reader, work, server] = &words[..] else {
        return Err("expected the arguments READER WORK SERVER".into());
    };
    let work = Work::parse(work).ok_or_else(|| format!("no work `{work}`"))?;
    let sizes = Sizes::from_env()?;
    if sizes.get("one_cpu") == 1 {
        pin_to_one_cpu();
    }
    let server = Path::new(server);
    match reader.as_str() {
        "limit" => limit::run(work, server, &sizes),
        "async" => asynchronous::run(work, server, &sizes, Variant::Usual),
        "async-current-thread" => asynchronous::run(work, server, &sizes, Variant::CurrentThread),
        "async-recording" => asynchronous::run(work, server, &sizes, Variant::Recording),
        "blocking" => blocking::run(work, server, &sizes),
        _ => Err(format!("no reader `{reader}`").into()),
    }
}
