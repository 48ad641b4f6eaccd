//! Says more to the model while it works (steer), then stops it (interrupt).
//!
//! `cargo run -p codex-client --example turn_control`

use codex_client::{
    Codex, RpcErrorKind, Sandbox,
    types::{ServerNotification, ThreadItem, TurnStatus},
};

#[tokio::main]
async fn main() -> codex_client::Result<()> {
    let codex = Codex::start().await?;
    let thread = codex.thread_start().sandbox(Sandbox::ReadOnly).await?;
    let turn = thread.turn("Count from 1 to 500 in words.").await?;

    // What the model was told, and what was done about it here.
    let (mut prompts, mut calls) = (0, 0);
    let mut events = turn.stream();
    while let Some(event) = events.next().await {
        match event? {
            // The model has begun to answer: now it can be told something else.
            ServerNotification::AgentMessageDelta(_) if calls == 0 => {
                calls = 1;
                println!("steering");
                match turn.steer("Count in French instead.").await {
                    // The turn may end by itself just before the call; that is fine here.
                    Err(error) if error.rpc_kind() == Some(RpcErrorKind::NoActiveTurn) => {}
                    steered => steered?,
                }
            }
            // And it has begun to answer that. The stream goes on until the turn has really stopped.
            ServerNotification::AgentMessageDelta(_) if calls == 1 && prompts == 2 => {
                calls = 2;
                println!("interrupting");
                // Here it is no error if the turn has ended.
                turn.interrupt().await?;
            }
            ServerNotification::ItemCompleted(done) => {
                // The prompt, and what it was steered with once the model has got it.
                if let ThreadItem::UserMessage(_) = done.item {
                    prompts += 1;
                }
            }
            _ => {}
        }
    }

    // An interrupted turn is a result, not an error.
    let result = events.result().await?;
    match result.status {
        TurnStatus::Interrupted => println!("stopped, with {} items", result.items.len()),
        _ => println!(
            "it was faster: {}",
            result.final_response.unwrap_or_default()
        ),
    }
    codex.close().await
}
