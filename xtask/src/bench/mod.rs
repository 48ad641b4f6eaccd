//! Measures the client, its weight, and the cost of compiling the types and of decoding with them.
//! `docs/performance.md` and `docs/benchmarks.md` have the figures of one run.
//!
//! The figures are not tested: on a shared machine, such tests would fail at random. Compare only
//! figures from the same run, and only as ratios. The fastest round counts, because other load on
//! the machine only ever adds time.

mod client;
mod compile;
mod project;
mod types;
mod weight;

use clap::Subcommand;

/// Arguments of `cargo xtask bench`.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    subject: Option<Subject>,
    #[command(flatten)]
    client: client::Args,
}

#[derive(Subcommand)]
enum Subject {
    /// Measures the CPU time of compiling the types and a hello world, compared with a peer crate.
    Compile(compile::Args),
    /// Measures the time and the size of a hello world from scratch, compared with peer crates.
    Weight(weight::Args),
    /// Measures the decoding of frequent notifications, compared with hand-written structs.
    Types(types::Args),
}

/// The argument that both benchmarks take.
#[derive(clap::Args)]
struct Rounds {
    /// Number of rounds; the fastest counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
}

impl Rounds {
    /// Runs the rounds, and prints the number of each.
    fn run(&self, mut round: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<()> {
        (1..=self.rounds).try_for_each(|number| {
            eprintln!("round {number} of {}", self.rounds);
            round()
        })
    }
}

/// Runs the chore.
pub(crate) fn run(Args { subject, client }: Args) -> anyhow::Result<()> {
    match subject {
        None => client::run(&client),
        Some(Subject::Compile(args)) => compile::run(&args),
        Some(Subject::Weight(args)) => weight::run(&args),
        Some(Subject::Types(args)) => types::run(&args),
    }
}

/// Returns a table in Markdown, aligned for a terminal. The first column is text; the others are
/// figures.
fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let head = head.map(str::to_owned);
    let mut widths = [0; N];
    for row in rows.iter().chain([&head]) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(widths).enumerate();
        let cells = cells.map(|(column, (cell, width))| match column {
            0 => format!("| {cell:<width$} |"),
            _ => format!(" {cell:>width$} |"),
        });
        cells.collect::<String>() + "\n"
    };
    let rule = format!("|---|{}\n", "---:|".repeat(N - 1));
    line(&head) + &rule + &rows.iter().map(line).collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_aligned_markdown() {
        let rows = [["check".to_owned(), "10.5".to_owned()]];
        assert_eq!(
            table(["mode", "s"], &rows),
            "| mode  |    s |\n|---|---:|\n| check | 10.5 |\n"
        );
    }
}
