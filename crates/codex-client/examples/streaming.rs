//! Streams the events of a turn: text as it arrives, commands, file changes.
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
            // For example, a lost connection to the model. The server may be retrying.
            ServerNotification::Error(error) => eprintln!("[{}]", error.error.message),
            _ => {}
        }
    }

    // Collected from the events, without another request.
    let result = events.result().await?;
    println!("[{}, {} items]", result.status, result.items.len());
    codex.close().await?;
    Ok(())
}
