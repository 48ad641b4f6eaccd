//! Sets the goal of a thread, and streams the turns that the server starts for it.
//!
//! `cargo run -p codex-client --features render --example goal`

use codex_client::{Codex, Result, Sandbox, render, types::ServerNotification};

#[tokio::main]
async fn main() -> Result<()> {
    let codex = Codex::start().await?;
    let thread = codex
        .thread_start()
        .sandbox(Sandbox::WorkspaceWrite)
        .await?;
    let goal = thread.goal_start("Every function here has a comment.");
    let goal = goal.token_budget(500_000).await?;

    // One stream for all turns of the goal.
    let mut events = goal.stream();
    while let Some(event) = events.next().await {
        match event? {
            ServerNotification::TurnStarted(_) => println!("turn"),
            ServerNotification::ItemCompleted(done) => println!("  {}", render::item(&done.item)),
            _ => {}
        }
    }

    let result = events.result().await?;
    if let Some(goal) = &result.goal {
        println!("status: {}", goal.status);
    }
    println!("tokens: {}", result.tokens());
    println!("turns:  {}", result.turns.len());
    codex.close().await
}
