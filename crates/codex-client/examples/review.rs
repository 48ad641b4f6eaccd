//! Reviews the uncommitted changes of the repository in the current directory.
//!
//! `cargo run -p codex-client --features render --example review`

use codex_client::{
    Codex, Result, Sandbox, render,
    types::{ReviewTarget, ServerNotification, ThreadItem},
};

#[tokio::main]
async fn main() -> Result<()> {
    let codex = Codex::start().await?;
    let thread = codex.thread_start().sandbox(Sandbox::ReadOnly).await?;
    let turn = thread
        .review(ReviewTarget::UncommittedChanges)
        .start()
        .await?;

    let mut events = turn.stream();
    while let Some(event) = events.next().await {
        // The commands that the reviewer runs.
        if let ServerNotification::ItemCompleted(done) = event?
            && let item @ ThreadItem::CommandExecution(_) = &done.item
        {
            println!("{}", render::item(item));
        }
    }
    let result = events.result().await?;
    println!("status: {}", result.status);
    println!("review: {}", result.review().unwrap_or("(no review)"));
    codex.close().await
}
