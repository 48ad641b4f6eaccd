//! Reads what a process has used, from `/proc`.

use std::{fs, time::Duration};

use anyhow::{Context as _, Result};

/// Units of CPU time in `/proc/PID/stat` per second, the same on every Linux.
const TICKS: u64 = 100;

/// Returns the resident memory of a process that is not that of files, in MiB.
///
/// Servers share the pages of their program, so the sum over servers is what they need together, apart
/// from one copy of these pages.
pub(super) fn anonymous_memory(pid: u32) -> Result<u64> {
    let path = format!("/proc/{pid}/smaps_rollup");
    let text = fs::read_to_string(path).context("this needs Linux")?;
    let line = text.lines().find(|line| line.starts_with("Anonymous:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1));
    let kib: u64 = kib
        .with_context(|| format!("no anonymous memory of {pid}"))?
        .parse()?;
    Ok(kib / 1024)
}

/// Returns the CPU time that a process has used.
pub(super) fn cpu_time(pid: u32) -> Result<Duration> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).context("this needs Linux")?;
    // The name of the program, in parentheses, may contain spaces.
    let after_name = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let used = after_name.split_whitespace().skip(11).take(2);
    let ticks = used.filter_map(|word| word.parse::<u64>().ok());
    Ok(Duration::from_millis(ticks.sum::<u64>() * 1000 / TICKS))
}
