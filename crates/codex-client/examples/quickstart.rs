//! Starts Codex, runs a turn and prints the response.
//!
//! `cargo run -p codex-client --example quickstart`

use codex_client::{Codex, Sandbox};

#[tokio::main]
async fn main() -> codex_client::Result<()> {
    // Finds the installed Codex (`CODEX_BIN`, or the first one in `PATH`) and uses its login.
    let codex = Codex::start().await?;
    println!("server:   {}", codex.metadata().user_agent);

    // Options are set before `.await`. The thread works in the current directory.
    let thread = codex.thread_start().sandbox(Sandbox::ReadOnly).await?;
    let result = thread.run("Say hello in one sentence.").await?;

    println!("thread:   {}", thread.id());
    println!(
        "response: {}",
        result.final_response.as_deref().unwrap_or("(no response)")
    );
    println!("items:    {}", result.items.len());

    // Dropping the last handle ends the server as well, but `close` waits until it has ended.
    codex.close().await
}
