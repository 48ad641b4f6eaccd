//! All that can be done with a thread beside running turns: rename, list, fork, archive,
//! unarchive, compact.
//!
//! For programs without an async runtime: `lifecycle` is its async counterpart.
//!
//! `cargo run -p codex-client --example lifecycle_blocking`

use codex_client::{
    Sandbox,
    blocking::Codex,
    types::{SortDirection, ThreadSortKey},
};

fn main() -> codex_client::Result<()> {
    let codex = Codex::start()?;

    // A thread is saved, and so can be listed and forked, from its first turn on.
    let thread = codex.thread_start().sandbox(Sandbox::ReadOnly).send()?;
    thread.run("Name three Rust crates for parsing.").send()?;

    thread.set_name("Parsers")?;
    let saved = thread.read().include_turns(true).send()?.thread;
    println!(
        "named:      {} ({} turns)",
        saved.name.as_deref().unwrap_or("(no name)"),
        saved.turns.len()
    );

    // One page, of the newest. `.stream()` instead of `.send()` goes through all of them.
    let newest = codex
        .thread_list()
        .sort_key(ThreadSortKey::UpdatedAt)
        .sort_direction(SortDirection::Desc)
        .limit(3)
        .send()?;
    for thread in &newest.data {
        println!("listed:     {} {}", thread.id, thread.preview);
    }

    // The fork knows what was said, and goes its own way from here.
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
    // Out of the way again: this was an example only.
    codex.thread_archive(fork.id())?;

    // Compacting is a turn that the server starts; it is done when that has ended.
    let compacted = thread.compact()?.run()?;
    println!("compacted:  {}", compacted.status);
    codex.thread_archive(thread.id())?;
    codex.close()
}
