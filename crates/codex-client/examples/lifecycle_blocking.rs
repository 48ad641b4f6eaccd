//! Manages threads: renames, lists, forks, archives, unarchives and compacts them.
//!
//! The blocking version of the `lifecycle` example.
//!
//! `cargo run -p codex-client --example lifecycle_blocking`

use codex_client::{
    Sandbox,
    blocking::Codex,
    types::{SortDirection, ThreadSortKey},
};

fn main() -> codex_client::Result<()> {
    let codex = Codex::start()?;

    // A thread is saved with its first turn. From then on it can be listed and forked.
    let thread = codex.thread_start().sandbox(Sandbox::ReadOnly).send()?;
    thread.run("Name three Rust crates for parsing.").send()?;

    thread.set_name("Parsers")?;
    let saved = thread.read().include_turns(true).send()?.thread;
    println!(
        "named:      {} ({} turns)",
        saved.name.as_deref().unwrap_or("(no name)"),
        saved.turns.len()
    );

    // The first page, newest threads first. `.stream()` instead of `.send()` reads all pages.
    let newest = codex
        .thread_list()
        .sort_key(ThreadSortKey::UpdatedAt)
        .sort_direction(SortDirection::Desc)
        .limit(3)
        .send()?;
    for thread in &newest.data {
        println!("listed:     {} {}", thread.id, thread.preview);
    }

    // The fork starts with the history of the thread, and continues independently.
    let fork = codex.thread_fork(thread.id()).send()?;
    fork.run("Which of them is the smallest?").send()?;
    println!("forked:     {}", fork.id());

    codex.thread_archive(fork.id())?;
    for thread in codex.thread_list().archived(true).stream() {
        if thread?.id == fork.id() {
            println!("archived:   {}", fork.id());
            break;
        }
    }
    let fork = codex.thread_unarchive(fork.id())?;
    println!("unarchived: {}", fork.id());
    // Clean up.
    codex.thread_archive(fork.id())?;

    // The server compacts a thread in a turn, so `run` waits until it is done.
    let compacted = thread.compact()?.run()?;
    println!("compacted:  {}", compacted.status);
    codex.thread_archive(thread.id())?;
    codex.close()
}
