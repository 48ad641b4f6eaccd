//! An MCP server with two tools: `read` describes the server, and `close` does nothing. The program
//! `tickets_mcp` is the server on stdio.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};

use crate::http::{self, Request};

/// Returns the response to a message, or `None` for a notification. `description` is the output of
/// the tool `read`.
#[must_use]
pub fn response(message: &Value, description: &Value) -> Option<Value> {
    let id = message.get("id")?;
    let tool = |name: &str| {
        json!({
            "name": name,
            "description": "A tool for tickets.",
            "inputSchema": {"type": "object", "properties": {}},
            // Without side effects, Codex does not ask for approval.
            "annotations": {"readOnlyHint": true},
        })
    };
    let result = match message["method"].as_str() {
        Some("initialize") => json!({
            "protocolVersion": message["params"]["protocolVersion"],
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "tickets", "version": "1"},
        }),
        Some("tools/list") => json!({"tools": [tool("read"), tool("close")]}),
        Some("tools/call") if message["params"]["name"] == "read" => {
            json!({"content": [{"type": "text", "text": description.to_string()}]})
        }
        _ => json!({}),
    };
    Some(json!({"jsonrpc": "2.0", "id": id, "result": result}))
}

/// The server over HTTP, which describes itself by the received headers.
#[derive(Debug)]
pub struct HttpTickets {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl HttpTickets {
    /// Starts a server.
    ///
    /// # Panics
    ///
    /// If it cannot listen on loopback.
    #[must_use]
    pub fn start() -> Self {
        let requests = Arc::<Mutex<Vec<Request>>>::default();
        let all = Arc::clone(&requests);
        let address = http::serve(move |request| {
            if request.path != "/mcp" {
                return ("404 Not Found", None);
            }
            all.lock().expect("no panic").push(request.clone());
            let Ok(message) = serde_json::from_str(&request.body) else {
                return ("405 Method Not Allowed", None);
            };
            match response(&message, &json!("over http")) {
                Some(response) => ("200 OK", Some(response)),
                None => ("202 Accepted", None),
            }
        });
        Self { address, requests }
    }

    /// Returns the URL of the server.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    /// Returns the requests received so far.
    ///
    /// # Panics
    ///
    /// If the server has panicked.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("no panic").clone()
    }
}
