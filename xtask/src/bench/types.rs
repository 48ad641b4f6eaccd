//! Runs the benchmark of decoding and shows its figures as ratios.
//!
//! A figure is the fastest sample of all rounds, not the mean.

use std::{collections::BTreeMap, fs, path::Path, process::Stdio};

use anyhow::{Context, ensure};
use serde::Deserialize;

use super::{Rounds, table};
use crate::{cargo, workspace};

/// The messages: the name in the benchmark, and the title.
const MESSAGES: [(&str, &str); 5] = [
    ("delta", "`item/agentMessage/delta`"),
    ("message", "`item/completed`, agent message"),
    ("command", "`item/completed`, command"),
    ("large", "`item/completed`, 256 KiB"),
    ("turn-start", "encode `turn/start`"),
];

/// The ways of decoding; the first is the lower bound.
const WAYS: [&str; 6] = ["borrowed", "owned", "client", "line", "envelope", "value"];

/// Arguments of `cargo xtask bench types`.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    rounds: Rounds,
}

/// Runs the chore.
pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let results = workspace::root()?.join("target/criterion");
    let mut figures: BTreeMap<(&str, &str), f64> = BTreeMap::new();
    args.rounds.run(|| {
        bench(&results)?;
        for (message, _) in MESSAGES {
            for way in WAYS {
                let file = results.join(format!("{message}/{way}/new/sample.json"));
                // Not every message is decoded in every way.
                if let Ok(text) = fs::read_to_string(file) {
                    let samples: Samples = serde_json::from_str(&text)?;
                    let fastest = figures.entry((message, way)).or_insert(f64::INFINITY);
                    *fastest = fastest.min(samples.fastest());
                }
            }
        }
        Ok(())
    })?;
    let mut rows = Vec::new();
    for (message, title) in MESSAGES {
        let figure = |way| figures.get(&(message, way)).copied();
        let bound = figure(WAYS[0]).with_context(|| format!("`{message}` was not measured"))?;
        let [borrowed, owned, client, line, envelope, value] = WAYS.map(|way| {
            figure(way).map_or_else(String::new, |time| {
                format!("{time:.0} ({:.2})", time / bound)
            })
        });
        let ratio = figure("client").zip(figure("owned"));
        let ratio = ratio.map_or_else(String::new, |(client, owned)| {
            format!("{:.2}", client / owned)
        });
        let title = title.to_owned();
        rows.push([title, borrowed, owned, client, line, envelope, value, ratio]);
    }
    let [borrowed, owned, client, line, envelope, value] = WAYS;
    let head = [
        "ns (ratio to borrowed)",
        borrowed,
        owned,
        client,
        line,
        envelope,
        value,
        "client / owned",
    ];
    print!("{}", table(head, &rows));
    Ok(())
}

/// A measurement of criterion: the iterations of each sample, and their total time.
#[derive(Deserialize)]
struct Samples {
    iters: Vec<f64>,
    times: Vec<f64>,
}

impl Samples {
    /// Returns the nanoseconds of one iteration in the fastest sample.
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
