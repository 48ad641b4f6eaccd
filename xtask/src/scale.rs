//! `cargo xtask scale`: measures how many turns one server and how many servers one machine
//! carries.
//!
//! The measurement itself is an example of `codex-tests`, like the soak test.

use crate::cargo;

/// Arguments of `cargo xtask scale`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Numbers of turns that run at the same time on one server, separated by commas.
    #[arg(long, value_delimiter = ',', default_value = "1,10,100,300,1000")]
    turns: Vec<usize>,
    /// Numbers of servers that run at the same time, separated by commas.
    #[arg(long, value_delimiter = ',', default_value = "1,4,16,32")]
    servers: Vec<usize>,
}

/// Runs the chore. Ends with the exit code of the example.
pub(crate) fn run(Args { turns, servers }: Args) -> anyhow::Result<()> {
    let list = |counts: Vec<usize>| {
        let counts: Vec<_> = counts.iter().map(usize::to_string).collect();
        counts.join(",")
    };
    cargo::run_example("scale", [turns, servers].map(list))
}
