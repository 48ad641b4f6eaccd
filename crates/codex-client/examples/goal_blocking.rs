//! Sets the goal of a thread, and streams the turns that the server starts for it.
//!
//! The blocking version of the `goal` example.
//!
//! `cargo run -p codex-client --features render --example goal_blocking`

use codex_client::{Result, Sandbox, blocking::Codex, render, types::ServerNotification};

fn main() -> Result<()> {
    let codex = Codex::start()?;
    let thread = codex
        .thread_start()
        .sandbox(Sandbox::WorkspaceWrite)
        .send()?;
    let goal = thread.goal_start("Every function here has a comment.");
    let goal = goal.token_budget(500_000).send()?;

    // One stream for all turns of the goal.
    let mut events = goal.stream();
    for event in &mut events {
        match event? {
            ServerNotification::TurnStarted(_) => println!("turn"),
            ServerNotification::ItemCompleted(done) => println!("  {}", render::item(&done.item)),
            _ => {}
        }
    }

    let result = events.result()?;
    if let Some(goal) = &result.goal {
        println!("status: {}", goal.status);
    }
    println!("tokens: {}", result.tokens());
    println!("turns:  {}", result.turns.len());
    codex.close()
}
