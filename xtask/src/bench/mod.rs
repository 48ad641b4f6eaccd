//! What the types cost: to compile them, and to decode with them. `docs/benchmarks.md` has the
//! figures of a run.
//!
//! Nothing here is a test: a shared machine would make it fail at random. Figures are compared within
//! one run only, as ratios.

mod compile;
mod report;
mod rustc;
mod types;

use clap::{Subcommand, ValueEnum};

/// Measures the cost of the types.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// CPU time of compiling codex-types, beside a peer crate.
    Compile(compile::Args),
    /// Time of decoding the hot notifications, beside structs written by hand.
    Types(types::Args),
}

/// How tables are printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Aligned columns.
    Text,
    /// A table for a document.
    Markdown,
}

/// Runs the chore.
pub(crate) fn run(Args { what }: Args) -> anyhow::Result<()> {
    match what {
        What::Compile(args) => compile::run(&args),
        What::Types(args) => types::run(&args),
    }
}

/// Takes the place of `main` where cargo calls this binary in place of rustc.
pub(crate) fn as_rustc_wrapper() -> Option<anyhow::Result<()>> {
    rustc::wrapper()
}
