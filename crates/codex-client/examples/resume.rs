//! Resumes a thread from an earlier run of this program.
//!
//! `cargo run -p codex-client --example resume` starts a thread and prints its id;
//! `cargo run -p codex-client --example resume -- THREAD_ID` resumes it.

use codex_client::{Codex, Sandbox};

#[tokio::main]
async fn main() -> codex_client::Result<()> {
    let codex = Codex::start().await?;
    let response = match std::env::args().nth(1) {
        None => {
            let thread = codex.thread_start().sandbox(Sandbox::ReadOnly).await?;
            let result = thread.run("Think of a number, and tell me which.").await?;
            // A thread is saved with its first turn, unless it is `ephemeral`.
            println!("thread: {}", thread.id());
            result.final_response
        }
        Some(id) => {
            // Options that are not set here keep their value: model, directory, sandbox and others.
            let thread = codex.thread_resume(id).await?;
            let history = thread.read().include_turns(true).await?;
            println!("turns so far: {}", history.thread.turns.len());
            let result = thread.run("Which number was it? Double it.").await?;
            result.final_response
        }
    };
    println!(
        "response: {}",
        response.as_deref().unwrap_or("(no response)")
    );
    codex.close().await
}
