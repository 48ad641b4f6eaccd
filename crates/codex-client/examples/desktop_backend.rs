//! The backend of a desktop app, beside the process of its window (a sidecar). Reads a command per
//! line of standard input, and writes responses and events as lines of JSON.
//!
//! `cargo run -p codex-client --example desktop_backend`

use std::{collections::HashMap, io::Write, sync::Arc};

use codex_client::{Codex, Decision, Error, PendingRequest, Result, Thread};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};
use tokio::sync::Mutex;

/// A command from the window. Its response has the same id.
#[derive(Deserialize)]
struct Call {
    id: u64,
    #[serde(flatten)]
    command: Command,
}

#[derive(Deserialize)]
#[serde(tag = "command", rename_all = "camelCase")]
enum Command {
    /// Returns a page of the saved threads.
    Threads { cursor: Option<String> },
    /// Starts a thread, or resumes a saved one. Returns its id and its history.
    Open { thread: Option<String> },
    /// Returns the settings of a thread, and its tokens.
    Status { thread: String },
    /// Runs a turn. Sends its events, and returns its result.
    Run { thread: String, prompt: String },
    /// Interrupts the running turn of a thread.
    Cancel { thread: String },
    /// Responds to an approval request with one of its decisions.
    Decide { request: String, decision: Decision },
}

struct Backend {
    codex: Codex,
    threads: Mutex<HashMap<String, Thread>>,
    approvals: Mutex<HashMap<String, Arc<PendingRequest>>>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let backend = Arc::new(Backend {
        codex: Codex::start().await?,
        threads: Mutex::default(),
        approvals: Mutex::default(),
    });
    tokio::spawn(show_approvals(Arc::clone(&backend)));
    // The input ends with the window.
    let mut lines = BufReader::new(stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let backend = Arc::clone(&backend);
        tokio::spawn(async move {
            let (id, result) = match serde_json::from_str(&line) {
                Ok(Call { id, command }) => (Some(id), backend.execute(command).await),
                Err(error) => (None, Err(Error::InvalidInput(error.to_string().into()))),
            };
            match result {
                Ok(result) => send(&json!({ "id": id, "result": result })),
                Err(error) => send(&json!({ "id": id, "error": error })),
            }
        });
    }
    Ok(backend.codex.clone().close().await?)
}

/// Sends a line to the window. A window that is gone is noticed by the end of the input.
fn send(message: &Value) {
    let _ = writeln!(std::io::stdout(), "{message}");
}

impl Backend {
    async fn execute(&self, command: Command) -> Result<Value> {
        match command {
            Command::Threads { cursor } => {
                let list = self.codex.thread_list().limit(20);
                Ok(json!(list.cursor(cursor).await?))
            }
            Command::Open { thread: None } => {
                let thread = self.codex.thread_start().await?;
                Ok(self.show(thread, json!([])).await)
            }
            Command::Open { thread: Some(id) } => {
                let thread = self.codex.thread_resume(id).include_turns(false).await?;
                let read = thread.read().include_turns(true).await?;
                Ok(self.show(thread, json!(read.thread.turns)).await)
            }
            Command::Status { thread } => {
                let thread = self.thread(&thread).await?;
                let (settings, tokens) = (thread.settings().await?, thread.token_usage().await?);
                Ok(json!({ "settings": settings, "tokens": tokens }))
            }
            Command::Run { thread: id, prompt } => {
                let run = self.thread(&id).await?.run(prompt);
                let run = run.on_event(move |event| {
                    send(&json!({ "event": "turn", "thread": id, "notification": event }));
                });
                Ok(json!(run.await?))
            }
            Command::Cancel { thread } => Ok(json!(self.thread(&thread).await?.interrupt().await?)),
            Command::Decide { request, decision } => {
                let pending = self.approvals.lock().await.get(&request).cloned();
                let closed = || Error::InvalidInput("the request is no longer open".into());
                Ok(json!(pending.ok_or_else(closed)?.respond(decision)?))
            }
        }
    }

    /// Keeps a thread for later commands, and returns what the window shows of it.
    async fn show(&self, thread: Thread, turns: Value) -> Value {
        let id = thread.id().to_owned();
        self.threads.lock().await.insert(id.clone(), thread);
        json!({ "thread": id, "turns": turns })
    }

    async fn thread(&self, id: &str) -> Result<Thread> {
        let thread = self.threads.lock().await.get(id).cloned();
        thread.ok_or_else(|| Error::InvalidInput(format!("the thread {id} is not open").into()))
    }
}

/// Shows approval requests while they are open. Declines other requests.
async fn show_approvals(backend: Arc<Backend>) {
    let mut inbox = backend.codex.server_requests();
    while let Some(pending) = inbox.next().await {
        let (id, pending) = (pending.id().to_string(), Arc::new(pending));
        if let Some(approval) = pending.approval() {
            let decisions = approval.available_decisions();
            let mut approvals = backend.approvals.lock().await;
            approvals.insert(id.clone(), Arc::clone(&pending));
            send(&json!({ "event": "approval", "request": id,
                          "approval": approval, "decisions": decisions }));
            let backend = Arc::clone(&backend);
            tokio::spawn(async move {
                pending.resolved().await;
                backend.approvals.lock().await.remove(&id);
                send(&json!({ "event": "approvalClosed", "request": id }));
            });
        }
    }
}
