//! Follows the sub-agents of a turn, and prints what they said and their tokens.
//!
//! `cargo run -p codex-client --features render --example sub_agents`

use codex_client::{Codex, Sandbox, agents::SubAgentEvent, render, types::ServerNotification};

#[tokio::main]
async fn main() -> codex_client::Result<()> {
    let codex = Codex::start().await?;
    let thread = codex.thread_start().sandbox(Sandbox::ReadOnly).await?;
    let turn = thread
        .turn("Start a sub-agent that counts the files of this directory, and wait for it.")
        .await?;
    let mut events = turn.agent_events();
    while let Some(event) = events.next().await {
        show(&event?);
    }
    // Nothing that the sub-agents said is part of the response.
    let result = turn.run().await?;
    println!(
        "response: {}",
        result.final_response.as_deref().unwrap_or("none")
    );
    for agent in &result.agents {
        println!("tokens:   {} of {}", agent.tokens.total, agent.name());
    }
    println!("total:    {} tokens", result.tokens_with_agents().total);
    codex.close().await
}

fn show(event: &SubAgentEvent) {
    let name = event.agent.name();
    match &event.notification {
        ServerNotification::TurnStarted(_) => println!("begun:    {name}"),
        ServerNotification::TurnCompleted(_) => {
            println!("ended:    {name}, {}", event.agent.status);
        }
        ServerNotification::ItemCompleted(done) => {
            println!("done:     {name}: {}", render::item(&done.item));
        }
        _ => {}
    }
}
