//! Offers a tool written in Rust to the model.
//!
//! `cargo run -p codex-client --example tool -- [THREAD_ID]`
//!
//! If THREAD_ID is given, the example resumes that thread.

use std::{collections::HashMap, env, sync::Arc, time::Duration};

use codex_client::{Codex, Tool, types::ThreadItem};
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
    let tickets = Arc::new(tickets);
    let tool = Tool::new(
        "lookup_ticket",
        "Fetch a ticket by id",
        move |args: Lookup| {
            let tickets = Arc::clone(&tickets);
            async move {
                // The model receives the error, and may try something else.
                let text = tickets.get(&*args.id).ok_or("there is no such ticket")?;
                Ok(format!("{}: {text}", args.id))
            }
        },
    );
    // The turn waits for the tool, so the tool has a timeout.
    tool.timeout(Duration::from_secs(10))
}

#[tokio::main]
async fn main() -> codex_client::Result<()> {
    let codex = Codex::start().await?;
    let thread = match env::args().nth(1) {
        // The server remembers that the thread has this tool. This registers the tool to serve its
        // calls.
        Some(id) => codex.thread_resume(id).tool(lookup_ticket()).await?,
        None => codex.thread_start().tool(lookup_ticket()).await?,
    };
    println!("thread: {}", thread.id());

    let result = thread
        .run("What are the tickets ABC-1 and ABC-9 about?")
        .await?;
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
    codex.close().await
}
