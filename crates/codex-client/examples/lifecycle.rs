//! Manages threads: renames, lists, forks, archives, unarchives and compacts them.
//!
//! `cargo run -p codex-client --example lifecycle`

use codex_client::{
    Codex, Sandbox,
    types::{SortDirection, ThreadSortKey},
};

#[tokio::main]
async fn main() -> codex_client::Result<()> {
    let codex = Codex::start().await?;

    // A thread is saved with its first turn. From then on it can be listed and forked.
    let thread = codex.thread_start().sandbox(Sandbox::ReadOnly).await?;
    thread.run("Name three Rust crates for parsing.").await?;

    thread.set_name("Parsers").await?;
    let saved = thread.read().include_turns(true).await?.thread;
    println!(
        "named:      {} ({} turns)",
        saved.name.as_deref().unwrap_or("(no name)"),
        saved.turns.len()
    );

    // The first page, newest threads first. `.stream()` instead of `.await` reads all pages.
    let newest = codex
        .thread_list()
        .sort_key(ThreadSortKey::UpdatedAt)
        .sort_direction(SortDirection::Desc)
        .limit(3)
        .await?;
    for thread in &newest.data {
        println!("listed:     {} {}", thread.id, thread.preview);
    }

    // The fork starts with the history of the thread, and continues independently.
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
    // Clean up.
    codex.thread_archive(fork.id()).await?;

    // The server compacts a thread in a turn, so `run` waits until it is done.
    let compacted = thread.compact().await?.run().await?;
    println!("compacted:  {}", compacted.status);
    codex.thread_archive(thread.id()).await?;
    codex.close().await
}
