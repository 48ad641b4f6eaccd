//! Lets the model call the tools of an MCP server in one thread.
//!
//! The blocking version of the `mcp_server` example.
//!
//! `cargo run -p codex-client --example mcp_server_blocking -- PROGRAM [ARGUMENTS]`
//!
//! PROGRAM is an MCP server that communicates over standard input and output.

use std::time::Duration;

use codex_client::{blocking::Codex, config::McpServer, types::ThreadItem};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let program = args
        .next()
        .ok_or("usage: mcp_server_blocking PROGRAM [ARGUMENTS]")?;
    let server = McpServer::stdio(program)
        .args(args)
        .env("TICKETS_USER", "example")
        .enabled_tools(["read"])
        .startup_timeout(Duration::from_secs(30))
        .required(true);

    let codex = Codex::start()?;
    let thread = codex.thread_start().mcp_server("tickets", server).send()?;
    println!("model: {:?}", thread.settings()?.model);

    let result = thread.run("Read ticket 7.").send()?;
    for item in &result.items {
        if let ThreadItem::McpToolCall(call) = item {
            println!("called {} of {}", call.tool, call.server);
        }
    }
    println!("{}", result.final_response.unwrap_or_default());
    codex.close()?;
    Ok(())
}
