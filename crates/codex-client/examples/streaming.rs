//! Follows a turn while it runs: the text as it comes, commands and files as they are done.
//!
//! `cargo run -p codex-client --example streaming`

use std::io::{Write, stdout};

use codex_client::{
    Codex, Sandbox,
    types::{ServerNotification, ThreadItem},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let codex = Codex::start().await?;
    let thread = codex.thread_start().sandbox(Sandbox::ReadOnly).await?;

    // `turn` returns as soon as the turn has started. No event is lost until `stream` is called.
    let turn = thread
        .turn("Explain this directory in three bullets.")
        .await?;
    let mut events = turn.stream();
    while let Some(event) = events.next().await {
        match event? {
            ServerNotification::AgentMessageDelta(delta) => {
                print!("{}", delta.delta);
                stdout().flush()?;
            }
            ServerNotification::ItemStarted(started) => {
                if let ThreadItem::CommandExecution(command) = started.item {
                    println!("[running `{}`]", command.command);
                }
            }
            ServerNotification::ItemCompleted(done) => match done.item {
                ThreadItem::AgentMessage(_) => println!(),
                ThreadItem::FileChange(change) => println!("[{} files]", change.changes.len()),
                _ => {}
            },
            // The connection to the model broke, say; the server may be trying again.
            ServerNotification::Error(error) => eprintln!("[{}]", error.error.message),
            _ => {}
        }
    }

    // Made of the events that have come; the server is not asked again.
    let result = events.result().await?;
    println!("[{}, {} items]", result.status, result.items.len());
    codex.close().await?;
    Ok(())
}
