//! Responds to questions from an MCP server (elicitations) in the terminal.
//!
//! The blocking version of the `elicitation` example.
//!
//! `cargo run -p codex-client --example elicitation_blocking -- PROGRAM`
//!
//! PROGRAM is an MCP server that communicates over standard input and output, and whose tools send
//! elicitations.

use std::io::{Write, stdin, stdout};

use codex_client::{
    HandlerResult,
    blocking::Codex,
    config::McpServer,
    types::{
        AskForApproval, McpElicitationPrimitiveSchema as Field,
        McpServerElicitationRequestParams as Elicitation,
        McpServerElicitationRequestResponse as Response,
    },
};
use serde_json::{Map, Value};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let program = std::env::args()
        .nth(1)
        .ok_or("usage: elicitation_blocking PROGRAM")?;

    let codex = Codex::builder()
        .mcp_server("example", McpServer::stdio(program))
        // The handler runs on its own thread, so that it may wait for the user.
        .on_elicitation(|question: Elicitation| ask(&question))
        .start()?;
    // With the approval policy `never`, Codex declines elicitations itself.
    let thread = codex
        .thread_start()
        .approval_policy(AskForApproval::OnRequest);
    let thread = thread.send()?;
    let result = thread
        .run("Call the tool of the MCP server `example`.")
        .send()?;
    println!(
        "response: {}",
        result.final_response.as_deref().unwrap_or("(no response)")
    );
    codex.close()?;
    Ok(())
}

fn ask(question: &Elicitation) -> HandlerResult<Response> {
    match question {
        Elicitation::Form(form) => {
            println!("{} asks: {}", form.server_name, form.message);
            let mut content = Map::new();
            for (name, field) in &form.requested_schema.properties {
                let Some(line) = line(name)? else {
                    return Ok(Response::cancel());
                };
                let value = match field {
                    // Invalid input is sent as text, which the MCP server rejects.
                    Field::Number(_) | Field::Boolean(_) => serde_json::from_str(&line).ok(),
                    _ => None,
                };
                content.insert(name.clone(), value.unwrap_or_else(|| line.into()));
            }
            // A form without fields asks for consent. Codex sends one before it calls a tool.
            confirm("Accept? (y)", content.into())
        }
        Elicitation::Url(page) => {
            println!(
                "{} asks: {}\nOpen {}",
                page.server_name, page.message, page.url
            );
            confirm("Done? (y)", Value::Null)
        }
        // Other kinds of elicitations need a richer user interface.
        _ => Ok(Response::decline()),
    }
}

/// Asks the user to confirm. Returns a response that accepts with this content, or declines.
fn confirm(prompt: &str, content: Value) -> HandlerResult<Response> {
    Ok(match line(prompt)?.as_deref() {
        Some("y") => Response::accept(content),
        _ => Response::decline(),
    })
}

/// Reads a line. Returns `None` at the end of the input.
fn line(prompt: &str) -> std::io::Result<Option<String>> {
    print!("{prompt}: ");
    stdout().flush()?;
    stdin().lines().next().transpose()
}
