//! Offers a tool written in Rust to the model.
//!
//! The blocking version of the `tool` example.
//!
//! `cargo run -p codex-client --example tool_blocking -- [THREAD_ID]`
//!
//! If THREAD_ID is given, the example resumes that thread.

use std::{collections::HashMap, env, time::Duration};

use codex_client::{Tool, blocking::Codex, types::ThreadItem};
use schemars::JsonSchema;
use serde::Deserialize;

/// The arguments. The model reads these comments.
#[derive(Deserialize, JsonSchema)]
struct Lookup {
    /// For example `ABC-1`.
    id: String,
}

fn lookup_ticket() -> Tool {
    let tickets = HashMap::from([("ABC-1", "The door squeaks."), ("ABC-2", "No tea left.")]);
    let tool = Tool::blocking(
        "lookup_ticket",
        "Fetch a ticket by id",
        move |args: Lookup| {
            // The model receives the error, and may try something else.
            let text = tickets.get(&*args.id).ok_or("there is no such ticket")?;
            Ok(format!("{}: {text}", args.id))
        },
    );
    // The turn waits for the tool, so the tool has a timeout.
    tool.timeout(Duration::from_secs(10))
}

fn main() -> codex_client::Result<()> {
    let codex = Codex::start()?;
    let thread = match env::args().nth(1) {
        // The server remembers that the thread has this tool. This registers the tool to serve its
        // calls.
        Some(id) => codex.thread_resume(id).tool(lookup_ticket()).send()?,
        None => codex.thread_start().tool(lookup_ticket()).send()?,
    };
    println!("thread: {}", thread.id());

    let result = thread
        .run("What are the tickets ABC-1 and ABC-9 about?")
        .send()?;
    for item in &result.items {
        if let ThreadItem::DynamicToolCall(call) = item {
            let outcome = if call.success == Some(true) {
                "called"
            } else {
                "failed"
            };
            println!("{outcome}: {}({})", call.tool, call.arguments);
        }
    }
    println!(
        "response: {}",
        result.final_response.as_deref().unwrap_or("(no response)")
    );
    codex.close()
}
