//! Lets the model call the tools of an MCP server in one thread.
//!
//! `cargo run -p codex-client --example mcp_server -- PROGRAM [ARGUMENTS]`
//!
//! PROGRAM is an MCP server that communicates over standard input and output.

use std::time::Duration;

use codex_client::{Codex, config::McpServer, types::ThreadItem};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let program = args.next().ok_or("usage: mcp_server PROGRAM [ARGUMENTS]")?;
    let server = McpServer::stdio(program)
        .args(args)
        .env("TICKETS_USER", "example")
        .enabled_tools(["read"])
        .startup_timeout(Duration::from_secs(30))
        .required(true);

    let codex = Codex::start().await?;
    let thread = codex.thread_start().mcp_server("tickets", server).await?;
    println!("model: {:?}", thread.settings().await?.model);

    let result = thread.run("Read ticket 7.").await?;
    for item in &result.items {
        if let ThreadItem::McpToolCall(call) = item {
            println!("called {} of {}", call.tool, call.server);
        }
    }
    println!("{}", result.final_response.unwrap_or_default());
    codex.close().await?;
    Ok(())
}
