//! Runs a turn and prints its result: status, duration, tokens, items and response.
//!
//! The blocking version of the `turn_result` example.
//!
//! `cargo run -p codex-client --example turn_result_blocking`

use codex_client::{Sandbox, TurnResult, blocking::Codex, types::ThreadItem};

fn main() -> codex_client::Result<()> {
    let codex = Codex::start()?;
    let thread = codex.thread_start().sandbox(Sandbox::ReadOnly).send()?;
    let result = thread
        .run("List the files of this directory, then say what they are for in one sentence.")
        .send()?;
    show(&result);
    codex.close()
}

fn show(result: &TurnResult) {
    println!("turn:     {}", result.id);
    println!("status:   {}", result.status);
    if let Some(duration) = result.duration_ms {
        println!("took:     {duration} ms");
    }
    if let Some(usage) = &result.usage {
        println!(
            "tokens:   {} in ({} cached), {} out, {} in the whole thread",
            usage.last.input_tokens,
            usage.last.cached_input_tokens,
            usage.last.output_tokens,
            usage.total.total_tokens,
        );
    }
    for item in &result.items {
        match item {
            ThreadItem::UserMessage(_) => println!("item:     the prompt"),
            ThreadItem::Reasoning(_) => println!("item:     reasoning"),
            ThreadItem::AgentMessage(message) => {
                println!("item:     a message of {} bytes", message.text.len());
            }
            ThreadItem::CommandExecution(command) => {
                println!("item:     `{}`, {:?}", command.command, command.exit_code);
            }
            ThreadItem::FileChange(change) => {
                println!("item:     {} changed files", change.changes.len());
            }
            // There are more kinds, and a newer server may add others.
            other => println!("item:     {other:?}"),
        }
    }
    // An interrupted turn may have no response.
    match &result.final_response {
        Some(response) => println!("response: {response}"),
        None => println!("no response"),
    }
}
