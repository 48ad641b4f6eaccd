//! A tool in Rust that the model calls.
//!
//! `cargo run -p codex-client --example tool`, and with the id of a thread to go on with that.

use std::{collections::HashMap, env, sync::Arc, time::Duration};

use codex_client::{Codex, Tool, types::ThreadItem};
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
    let tickets = Arc::new(tickets);
    let tool = Tool::new(
        "lookup_ticket",
        "Fetch a ticket by id",
        move |args: Lookup| {
            let tickets = Arc::clone(&tickets);
            async move {
                // An error is told to the model, which may do better then.
                let text = tickets.get(&*args.id).ok_or("there is no such ticket")?;
                Ok(format!("{}: {text}", args.id))
            }
        },
    );
    // Waiting for ever would make the turn wait, too.
    tool.timeout(Duration::from_secs(10))
}

#[tokio::main]
async fn main() -> codex_client::Result<()> {
    let codex = Codex::start().await?;
    let thread = match env::args().nth(1) {
        // The server remembers what a thread was offered, and this is who serves it.
        Some(id) => codex.thread_resume(id).tool(lookup_ticket()).await?,
        None => codex.thread_start().tool(lookup_ticket()).await?,
    };
    println!("thread: {}", thread.id());

    let result = thread
        .run("What are the tickets ABC-1 and ABC-9 about?")
        .await?;
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
    codex.close().await
}
