//! Reviews the uncommitted changes of the repository in the current directory.
//!
//! The blocking version of the `review` example.
//!
//! `cargo run -p codex-client --features render --example review_blocking`

use codex_client::{
    Result, Sandbox,
    blocking::Codex,
    render,
    types::{ReviewTarget, ServerNotification, ThreadItem},
};

fn main() -> Result<()> {
    let codex = Codex::start()?;
    let thread = codex.thread_start().sandbox(Sandbox::ReadOnly).send()?;
    let turn = thread.review(ReviewTarget::UncommittedChanges).start()?;

    let mut events = turn.stream();
    for event in &mut events {
        // The commands that the reviewer runs.
        if let ServerNotification::ItemCompleted(done) = event?
            && let item @ ThreadItem::CommandExecution(_) = &done.item
        {
            println!("{}", render::item(item));
        }
    }
    let result = events.result()?;
    println!("status: {}", result.status);
    println!("review: {}", result.review().unwrap_or("(no review)"));
    codex.close()
}
