//! Questions of an MCP server, answered at a prompt in the terminal.
//!
//! `cargo run -p codex-client --example elicitation_blocking -- PROGRAM`, where PROGRAM is an MCP server on
//! standard input and output whose tools ask something.

use std::io::{Write, stdin, stdout};

use codex_client::{
    HandlerResult,
    blocking::Codex,
    types::{
        AskForApproval, McpElicitationPrimitiveSchema as Field,
        McpServerElicitationRequestParams as Elicitation,
        McpServerElicitationRequestResponse as Answer,
    },
};
use serde_json::{Map, Value};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let program = std::env::args().nth(1).ok_or("which MCP server?")?;

    let codex = Codex::builder()
        // A string of TOML is written as one of JSON.
        .config(
            "mcp_servers.example.command",
            Value::from(program).to_string(),
        )
        // Runs on a thread of its own, where it may wait for a person.
        .on_elicitation(|question: Elicitation| ask(&question))
        .start()?;
    // With the policy `never`, codex declines such questions by itself.
    let thread = codex
        .thread_start()
        .approval_policy(AskForApproval::OnRequest);
    let thread = thread.send()?;
    let result = thread
        .run("Call the tool of the MCP server `example`.")
        .send()?;
    println!(
        "answer: {}",
        result.final_response.as_deref().unwrap_or("(none)")
    );
    codex.close()?;
    Ok(())
}

fn ask(question: &Elicitation) -> HandlerResult<Answer> {
    match question {
        Elicitation::Form(form) => {
            println!("{} asks: {}", form.server_name, form.message);
            let mut content = Map::new();
            for (name, field) in &form.requested_schema.properties {
                let Some(line) = line(name)? else {
                    return Ok(Answer::cancel());
                };
                let value = match field {
                    // What is none is sent as it was typed, for the MCP server to refuse.
                    Field::Number(_) | Field::Boolean(_) => serde_json::from_str(&line).ok(),
                    _ => None,
                };
                content.insert(name.clone(), value.unwrap_or_else(|| line.into()));
            }
            // A form without fields asks for leave: codex itself asks so before a tool is called.
            agreed("agree? (y)", content.into())
        }
        Elicitation::Url(page) => {
            println!(
                "{} asks: {}\nopen {}",
                page.server_name, page.message, page.url
            );
            agreed("done? (y)", Value::Null)
        }
        // Kinds of forms that only some clients can show.
        _ => Ok(Answer::decline()),
    }
}

/// The answer with this content, if the user says so.
fn agreed(prompt: &str, content: Value) -> HandlerResult<Answer> {
    Ok(match line(prompt)?.as_deref() {
        Some("y") => Answer::accept(content),
        _ => Answer::decline(),
    })
}

/// What is typed; `None` at the end of the input.
fn line(prompt: &str) -> std::io::Result<Option<String>> {
    print!("{prompt}: ");
    stdout().flush()?;
    stdin().lines().next().transpose()
}
