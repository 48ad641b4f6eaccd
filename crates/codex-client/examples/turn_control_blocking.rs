//! Says more to the model while it works (steer), then stops it (interrupt).
//!
//! For programs without an async runtime: `turn_control` is its async counterpart.
//!
//! `cargo run -p codex-client --example turn_control_blocking`

use codex_client::{
    RpcErrorKind, Sandbox,
    blocking::Codex,
    types::{ServerNotification, ThreadItem, TurnStatus},
};

fn main() -> codex_client::Result<()> {
    let codex = Codex::start()?;
    let thread = codex.thread_start().sandbox(Sandbox::ReadOnly).send()?;
    let turn = thread.turn("Count from 1 to 500 in words.").send()?;

    // What the model was told, and what was done about it here.
    let (mut prompts, mut calls) = (0, 0);
    let mut events = turn.stream();
    for event in &mut events {
        match event? {
            // The model has begun to answer: now it can be told something else.
            ServerNotification::AgentMessageDelta(_) if calls == 0 => {
                calls = 1;
                println!("steering");
                match turn.steer("Count in French instead.") {
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
                turn.interrupt()?;
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
    let result = events.result()?;
    match result.status {
        TurnStatus::Interrupted => println!("stopped, with {} items", result.items.len()),
        _ => println!(
            "it was faster: {}",
            result.final_response.unwrap_or_default()
        ),
    }
    codex.close()
}
