//! Adds input to a running turn (steer), then stops it (interrupt).
//!
//! The blocking version of the `turn_control` example.
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

    // The prompts that the model has received, and the requests made here.
    let (mut prompts, mut requests) = (0, 0);
    let mut events = turn.stream();
    for event in &mut events {
        match event? {
            // The model has started to respond: steer it.
            ServerNotification::AgentMessageDelta(_) if requests == 0 => {
                requests = 1;
                println!("steering");
                match turn.steer("Count in French instead.") {
                    // The turn may complete just before this request, which is fine here.
                    Err(error) if error.rpc_kind() == Some(RpcErrorKind::NoActiveTurn) => {}
                    steered => steered?,
                }
            }
            // The model responds to the new input: interrupt it. The stream ends with the turn.
            ServerNotification::AgentMessageDelta(_) if requests == 1 && prompts == 2 => {
                requests = 2;
                println!("interrupting");
                // This is not an error if the turn has completed in the meantime.
                turn.interrupt()?;
            }
            ServerNotification::ItemCompleted(done) => {
                // The prompt, and the steering input once the model has received it.
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
        TurnStatus::Interrupted => println!("interrupted, with {} items", result.items.len()),
        _ => println!(
            "completed before the interrupt: {}",
            result.final_response.unwrap_or_default()
        ),
    }
    codex.close()
}
