//! Runs the benchmark of decoding and shows its figures as ratios.
//!
//! A figure is the fastest of all samples of all rounds, not their mean: the neighbours on a shared
//! machine only ever add time, and by a factor that differs from one sample to the next.

use std::{collections::BTreeMap, fs, path::Path, process::Stdio};

use anyhow::{Context, ensure};
use serde::Deserialize;

use super::{Format, report::Table};
use crate::{cargo, workspace};

/// The messages: name in the benchmark, what it is.
const MESSAGES: [(&str, &str); 5] = [
    ("delta", "`item/agentMessage/delta`"),
    ("message", "`item/completed`, agent message"),
    ("command", "`item/completed`, command"),
    ("large", "`item/completed`, 256 KiB"),
    ("turn-start", "encode `turn/start`"),
];

/// The ways, in columns; the first is the limit.
const WAYS: [&str; 6] = ["borrowed", "owned", "client", "line", "envelope", "value"];

/// Time of decoding the hot notifications, beside structs written by hand.
#[derive(clap::Args)]
pub(super) struct Args {
    /// How often the whole benchmark is run.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// How the tables are printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Runs the chore.
pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let results = workspace::root()?.join("target/criterion");
    let mut figures: BTreeMap<(&str, &str), f64> = BTreeMap::new();
    for round in 1..=args.rounds {
        eprintln!("round {round} of {}", args.rounds);
        bench(&results)?;
        for (message, _) in MESSAGES {
            for way in WAYS {
                let file = format!("{message}/{way}/new/sample.json");
                if let Ok(text) = fs::read_to_string(results.join(file)) {
                    let samples: Samples = serde_json::from_str(&text)?;
                    let fastest = figures.entry((message, way)).or_insert(f64::INFINITY);
                    *fastest = fastest.min(samples.fastest());
                }
            }
        }
    }
    let mut table = Table::new([
        "ns (ratio to borrowed)",
        "borrowed",
        "owned",
        "client",
        "line",
        "envelope",
        "value",
        "client / owned",
    ]);
    for (message, title) in MESSAGES {
        let of = |way| figures.get(&(message, way)).copied();
        let limit = of(WAYS[0]).with_context(|| format!("`{message}` was not measured"))?;
        let cells = WAYS.map(|way| {
            of(way).map_or_else(String::new, |time| {
                format!("{time:.0} ({:.2})", time / limit)
            })
        });
        let to_owned = of("client").zip(of("owned"));
        let to_owned = to_owned.map_or_else(String::new, |(client, owned)| {
            format!("{:.2}", client / owned)
        });
        table.row(
            [title.to_owned()]
                .into_iter()
                .chain(cells)
                .chain([to_owned]),
        );
    }
    print!("{}", table.print(args.format));
    Ok(())
}

/// What criterion keeps of a measurement: the iterations of each sample, and their time together.
#[derive(Deserialize)]
struct Samples {
    iters: Vec<f64>,
    times: Vec<f64>,
}

impl Samples {
    /// Nanoseconds of one iteration.
    fn fastest(&self) -> f64 {
        let samples = self.times.iter().zip(&self.iters);
        samples.fold(f64::INFINITY, |fastest, (time, iterations)| {
            fastest.min(time / iterations)
        })
    }
}

/// Runs one short round. Several rounds even out the load of the machine.
fn bench(results: &Path) -> anyhow::Result<()> {
    let status = cargo::command()?
        .args([
            "bench",
            "--package",
            "codex-tests",
            "--bench",
            "decode",
            "--",
        ])
        .args([
            "--quiet",
            "--warm-up-time",
            "0.2",
            "--measurement-time",
            "0.5",
        ])
        .env("CRITERION_HOME", results)
        .stdout(Stdio::null())
        .status()
        .context("cannot run `cargo bench`")?;
    ensure!(status.success(), "`cargo bench` failed");
    Ok(())
}
