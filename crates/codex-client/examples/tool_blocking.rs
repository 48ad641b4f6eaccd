//! A tool in Rust that the model calls.
//!
//! For programs without an async runtime: `tool` is its async counterpart.
//!
//! `cargo run -p codex-client --example tool_blocking`, and with the id of a thread to go on with that.

use std::{collections::HashMap, env, time::Duration};

use codex_client::{Tool, blocking::Codex, types::ThreadItem};
use schemars::JsonSchema;
use serde::Deserialize;

/// The arguments. The model reads these comments.
#[derive(Deserialize, JsonSchema)]
struct Lookup {
    /// As `ABC-1`.
    id: String,
}

fn lookup_ticket() -> Tool {
    let tickets = HashMap::from([("ABC-1", "The door squeaks."), ("ABC-2", "No tea left.")]);
    let tool = Tool::blocking(
        "lookup_ticket",
        "Fetch a ticket by id",
        move |args: Lookup| {
            // An error is told to the model, which may do better then.
            let text = tickets.get(&*args.id).ok_or("there is no such ticket")?;
            Ok(format!("{}: {text}", args.id))
        },
    );
    // Waiting for ever would make the turn wait, too.
    tool.timeout(Duration::from_secs(10))
}

fn main() -> codex_client::Result<()> {
    let codex = Codex::start()?;
    let thread = match env::args().nth(1) {
        // The server remembers what a thread was offered, and this is who serves it.
        Some(id) => codex.thread_resume(id).tool(lookup_ticket()).send()?,
        None => codex.thread_start().tool(lookup_ticket()).send()?,
    };
    println!("thread: {}", thread.id());

    let result = thread
        .run("What are the tickets ABC-1 and ABC-9 about?")
        .send()?;
    for item in &result.items {
        if let ThreadItem::DynamicToolCall(call) = item {
            let how = if call.success == Some(true) {
                "called"
            } else {
                "failed"
            };
            println!("{how}: {}({})", call.tool, call.arguments);
        }
    }
    println!(
        "answer: {}",
        result.final_response.as_deref().unwrap_or("(none)")
    );
    codex.close()
}
