//! Reviews the uncommitted changes of the repository in the current directory.
//!
//! The blocking version of the `review` example.
//!
//! `cargo run -p codex-client --example review_blocking`

use codex_client::{
    Result, Sandbox,
    blocking::Codex,
    types::{ReviewTarget, ServerNotification, ThreadItem},
};

fn main() -> Result<()> {
    let codex = Codex::start()?;
    let thread = codex.thread_start().sandbox(Sandbox::ReadOnly).send()?;
    let turn = thread.review(ReviewTarget::UncommittedChanges).start()?;

    let mut events = turn.stream();
    for event in &mut events {
        // The commands that the reviewer runs.
        if let ServerNotification::ItemStarted(started) = event?
            && let ThreadItem::CommandExecution(command) = started.item
        {
            println!("runs:   {}", command.command);
        }
    }
    let result = events.result()?;
    println!("status: {}", result.status);
    println!("review: {}", result.review().unwrap_or("(no review)"));
    codex.close()
}
