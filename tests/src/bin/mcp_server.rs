//! A small MCP server on stdio, for testing elicitations.
//!
//! Its tool `ask` asks the user for a color through its client and returns the response unchanged.
//! Its tool `act` declares side effects, so that Codex asks for approval before it calls the tool.
//! With the path of a pipe as its argument, it holds the pipe open while it runs, and keeps running
//! after its input has ended, so that Codex has to end it.

use std::{
    env,
    fs::File,
    io::{self, BufRead, Write},
    thread::park_timeout,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// The time after which the server exits by itself, so that a test that fails leaves nothing
/// behind.
const LONGEST_STAY: Duration = Duration::from_secs(300);

fn main() -> io::Result<()> {
    let pipe = env::args_os().nth(1).map(File::create).transpose()?;
    let mut lines = io::stdin().lock().lines();
    while let Some(line) = lines.next() {
        let message: Value = serde_json::from_str(&line?)?;
        let Some(id) = message.get("id") else {
            continue;
        };
        let result = match message["method"].as_str() {
            Some("initialize") => json!({
                "protocolVersion": message["params"]["protocolVersion"],
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "asker", "version": "1"},
            }),
            Some("tools/list") => json!({"tools": [
                {
                    "name": "ask",
                    "description": "Asks the user for a color.",
                    "inputSchema": {"type": "object", "properties": {}},
                    // Without side effects, Codex does not ask for approval.
                    "annotations": {"readOnlyHint": true},
                },
                {
                    "name": "visit",
                    "description": "Has the user sign something on a page.",
                    "inputSchema": {"type": "object", "properties": {}},
                    "annotations": {"readOnlyHint": true},
                },
                {
                    "name": "act",
                    "description": "Changes things.",
                    "inputSchema": {"type": "object", "properties": {}},
                    "annotations": {"readOnlyHint": false, "destructiveHint": true},
                },
            ]}),
            Some("tools/call") if message["params"]["name"] == "act" => {
                json!({"content": [{"type": "text", "text": "it has acted"}]})
            }
            Some("tools/call") => {
                let answer = elicit(&mut lines, &question(&message["params"]["name"]))?;
                json!({"content": [{"type": "text", "text": answer.to_string()}]})
            }
            _ => json!({}),
        };
        send(&json!({"jsonrpc": "2.0", "id": id, "result": result}))?;
    }
    if pipe.is_some() {
        stay();
    }
    Ok(())
}

fn stay() {
    let since = Instant::now();
    while let Some(left) = LONGEST_STAY.checked_sub(since.elapsed()) {
        park_timeout(left);
    }
}

/// Returns the elicitation of a tool.
fn question(tool: &Value) -> Value {
    if tool == "visit" {
        return json!({
            "mode": "url", "message": "Sign it.", "url": "https://example.com/sign",
            "elicitationId": "sign",
        });
    }
    let schema = json!({
        "type": "object", "properties": {"color": {"type": "string"}}, "required": ["color"],
    });
    json!({"message": "Which color?", "requestedSchema": schema})
}

/// Asks the user and waits for the response.
fn elicit(lines: &mut io::Lines<io::StdinLock<'_>>, params: &Value) -> io::Result<Value> {
    send(&json!({
        "jsonrpc": "2.0", "id": "which", "method": "elicitation/create", "params": params,
    }))?;
    for line in lines {
        let message: Value = serde_json::from_str(&line?)?;
        if message["id"] == "which" {
            return Ok(message["result"].clone());
        }
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

fn send(message: &Value) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{message}")?;
    stdout.flush()
}
