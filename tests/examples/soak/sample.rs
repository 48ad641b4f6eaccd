//! Measures the process.

use std::{
    fs,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use tokio::{runtime::Handle, time::sleep};

/// The growth of the resident memory, in KiB, that counts as noise of the allocator.
const NOISE: u64 = 8 * 1024;

/// Time for servers to end before a sample counts as grown.
const SETTLING_TIME: Duration = Duration::from_secs(10);

/// The state of the process at one point.
#[derive(Clone, Debug)]
struct Sample {
    /// Resident memory, in KiB.
    memory: u64,
    threads: u64,
    descriptors: u64,
    tasks: u64,
    children: u64,
}

impl Sample {
    fn take() -> Result<Self> {
        let status = fs::read_to_string("/proc/self/status").context("this needs Linux")?;
        let member = |name: &str| -> Result<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let word = line.and_then(|line| line.split_whitespace().next());
            Ok(word.with_context(|| format!("no {name}"))?.parse()?)
        };
        Ok(Self {
            memory: member("VmRSS:")?,
            threads: member("Threads:")?,
            descriptors: fs::read_dir("/proc/self/fd")?.count() as u64,
            tasks: Handle::current().metrics().num_alive_tasks() as u64,
            children: children()?,
        })
    }

    /// The figures that must not grow at all.
    fn counts(&self) -> [(&'static str, u64); 4] {
        [
            ("threads", self.threads),
            ("descriptors", self.descriptors),
            ("tasks", self.tasks),
            ("children", self.children),
        ]
    }
}

impl Sample {
    fn has_more_than(&self, first: &Self) -> bool {
        let mut counts = self.counts().into_iter().zip(first.counts());
        counts.any(|((_, now), (_, before))| now > before)
    }
}

/// Counts the child processes, also those that have ended but were not waited for.
fn children() -> Result<u64> {
    let own = std::process::id().to_string();
    let mut count = 0;
    for entry in fs::read_dir("/proc")? {
        // A process may end between the listing and the reading.
        let Ok(stat) = fs::read_to_string(entry?.path().join("stat")) else {
            continue;
        };
        // The name of the program, in parentheses, may contain spaces.
        let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        count += u64::from(after_name.split_whitespace().nth(1) == Some(&own));
    }
    Ok(count)
}

/// Takes samples until none of the counts exceeds that of `first`, or until they have had time
/// enough: a server that was dropped ends in the background.
async fn settled(first: Option<&Sample>) -> Result<Sample> {
    let deadline = Instant::now() + SETTLING_TIME;
    loop {
        let sample = Sample::take()?;
        let has_grown = match first {
            Some(first) => sample.has_more_than(first),
            None => sample.children > 1,
        };
        if !has_grown || Instant::now() > deadline {
            return Ok(sample);
        }
        sleep(Duration::from_millis(10)).await;
    }
}

/// The samples of one part.
struct Part {
    name: &'static str,
    first: Sample,
    last: Sample,
}

/// Prints each sample, and compares the last of each part with the first.
pub(super) struct Table {
    parts: Vec<Part>,
}

impl Table {
    pub(super) fn new() -> Self {
        println!("| after | memory, MiB | threads | descriptors | tasks | children |");
        println!("|---|---:|---:|---:|---:|---:|");
        Self { parts: Vec::new() }
    }

    /// Takes a sample. The first of a part, after a warm-up, is the measure for the others.
    pub(super) async fn sample(&mut self, part: &'static str, done: usize) -> Result<()> {
        let known = self.parts.iter().find(|known| known.name == part);
        let sample = settled(known.map(|part| &part.first)).await?;
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 KiB")]
        let memory = sample.memory as f64 / 1024.0;
        println!(
            "| {done} {part} | {memory:.1} | {} | {} | {} | {} |",
            sample.threads, sample.descriptors, sample.tasks, sample.children
        );
        match self.parts.iter_mut().find(|known| known.name == part) {
            Some(known) => known.last = sample,
            None => self.parts.push(Part {
                name: part,
                first: sample.clone(),
                last: sample,
            }),
        }
        Ok(())
    }

    /// Fails if the process has grown within a part.
    pub(super) fn finish(self) -> Result<()> {
        for Part { name, first, last } in &self.parts {
            let limit = first.memory + first.memory / 10 + NOISE;
            ensure!(
                last.memory <= limit,
                "{name}: the memory grew from {} to {} KiB",
                first.memory,
                last.memory
            );
            for ((figure, before), (_, after)) in first.counts().into_iter().zip(last.counts()) {
                ensure!(
                    after <= before,
                    "{name}: the number of {figure} grew from {before} to {after}"
                );
            }
        }
        println!(
            "\nflat: memory within 10 % and 8 MiB, and no more threads, descriptors, tasks or children"
        );
        Ok(())
    }
}
