//! The chores of the workspace: `cargo xtask help` lists them.

mod bench;
mod book;
mod browser;
mod cargo;
mod codegen;
mod compat;
mod demo;
#[cfg(test)]
mod documented;
mod fuzz;
mod picture;
mod programs;
mod release;
mod releases;
mod runtime;
mod scale;
mod schema;
mod soak;
mod spinner;
mod stdout;
mod suite;
mod tools;
mod trace;
mod update;
mod windows;
mod workspace;

use clap::{Parser, Subcommand};

/// The chores of the workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Installs, finds and lists Codex runtimes.
    Runtime(runtime::Args),
    /// Updates, verifies and compares the pinned schema.
    Schema(schema::Args),
    /// Takes a new release of Codex: pins, generates, drafts, builds and tests.
    Update(update::Args),
    /// Generates `crates/codex-types/src/generated` from `schema/`.
    Codegen(codegen::Args),
    /// Generates, compiles and tests the types of other releases.
    Releases(releases::Args),
    /// Checks that the crates can be published.
    Release(release::Args),
    /// Runs one turn on a real app-server and streams it to the terminal.
    Demo(demo::Args),
    /// Measures the client, compared with a reader written by hand, and the cost of the types.
    Bench(bench::Args),
    /// Runs thousands of turns and restarts in one process, and checks that it does not grow.
    Soak(soak::Args),
    /// Measures how many turns one server and how many servers one machine carries.
    Scale(scale::Args),
    /// Searches for inputs that violate a property of the client.
    Fuzz(fuzz::Args),
    /// Runs the test suite against real app-servers.
    Test(suite::Args),
    /// Runs the core behaviours on released runtimes, and writes `docs/compatibility.md`.
    Compat(compat::Args),
    /// Compiles the tests for Windows and runs them under Wine.
    Windows(windows::Args),
    /// Tests the pages of the web example and of a recording in a headless Chromium.
    Browser(browser::Args),
    /// Builds the pages of `docs/` as a book, and checks its links.
    Book(book::Args),
    /// Renders a recording as an HTML page.
    Trace(trace::Args),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().chore {
        Chore::Runtime(args) => runtime::run(args),
        Chore::Schema(args) => schema::run(args),
        Chore::Update(args) => update::run(&args),
        Chore::Codegen(args) => codegen::run(&args),
        Chore::Releases(args) => releases::run(&args),
        Chore::Release(args) => release::run(&args),
        Chore::Demo(args) => demo::run(args),
        Chore::Bench(args) => bench::run(args),
        Chore::Soak(args) => soak::run(args),
        Chore::Scale(args) => scale::run(args),
        Chore::Fuzz(args) => fuzz::run(args),
        Chore::Test(args) => suite::run(args),
        Chore::Compat(args) => compat::run(args),
        Chore::Windows(args) => windows::run(args),
        Chore::Browser(args) => browser::run(args),
        Chore::Book(args) => book::run(&args),
        Chore::Trace(args) => trace::run(&args),
    }
}
