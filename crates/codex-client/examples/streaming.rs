//! Streams the events of a turn: text as it arrives, commands, file changes.
//!
//! `cargo run -p codex-client --features render --example streaming`

use std::io::{Write, stdout};

use codex_client::{
    Codex, Sandbox, render,
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
            // The text may contain whatever the model writes, so it must not control the terminal.
            ServerNotification::AgentMessageDelta(delta) => {
                print!("{}", render::clean(&delta.delta));
                stdout().flush()?;
            }
            ServerNotification::ItemCompleted(done) => match &done.item {
                ThreadItem::AgentMessage(_) => println!(),
                ThreadItem::UserMessage(_) => {}
                item => println!("[{}]", render::item(item)),
            },
            // For example, a lost connection to the model. The server may be retrying.
            event @ ServerNotification::Error(_) => eprintln!("[{}]", render::event(&event)),
            _ => {}
        }
    }

    // Collected from the events, without another request.
    let result = events.result().await?;
    println!("[{}]", render::summary(&result));
    codex.close().await?;
    Ok(())
}
