//! All that can be done with a thread beside running turns: rename, list, fork, archive,
//! unarchive, compact.
//!
//! `cargo run -p codex-client --example lifecycle`

use codex_client::{
    Codex, Sandbox,
    types::{SortDirection, ThreadSortKey},
};

#[tokio::main]
async fn main() -> codex_client::Result<()> {
    let codex = Codex::start().await?;

    // A thread is saved, and so can be listed and forked, from its first turn on.
    let thread = codex.thread_start().sandbox(Sandbox::ReadOnly).await?;
    thread.run("Name three Rust crates for parsing.").await?;

    thread.set_name("Parsers").await?;
    let saved = thread.read().include_turns(true).await?.thread;
    println!(
        "named:      {} ({} turns)",
        saved.name.as_deref().unwrap_or("(no name)"),
        saved.turns.len()
    );

    // One page, of the newest. `.stream()` instead of `.await` goes through all of them.
    let newest = codex
        .thread_list()
        .sort_key(ThreadSortKey::UpdatedAt)
        .sort_direction(SortDirection::Desc)
        .limit(3)
        .await?;
    for thread in &newest.data {
        println!("listed:     {} {}", thread.id, thread.preview);
    }

    // The fork knows what was said, and goes its own way from here.
    let fork = codex.thread_fork(thread.id()).await?;
    fork.run("Which of them is the smallest?").await?;
    println!("forked:     {}", fork.id());

    codex.thread_archive(fork.id()).await?;
    let mut archived = codex.thread_list().archived(true).stream();
    while let Some(thread) = archived.next().await {
        if thread?.id == fork.id() {
            println!("archived:   {}", fork.id());
            break;
        }
    }
    let fork = codex.thread_unarchive(fork.id()).await?;
    println!("unarchived: {}", fork.id());
    // Out of the way again: this was an example only.
    codex.thread_archive(fork.id()).await?;

    // Compacting is a turn that the server starts; it is done when that has ended.
    let compacted = thread.compact().await?.run().await?;
    println!("compacted:  {}", compacted.status);
    codex.thread_archive(thread.id()).await?;
    codex.close().await
}
