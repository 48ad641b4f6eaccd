//! Follows the sub-agents of a turn, and prints what they said and their tokens.
//!
//! The blocking version of the `sub_agents` example.
//!
//! `cargo run -p codex-client --features render --example sub_agents_blocking`

use codex_client::{
    Sandbox, agents::SubAgentEvent, blocking::Codex, render, types::ServerNotification,
};

fn main() -> codex_client::Result<()> {
    let codex = Codex::start()?;
    let thread = codex.thread_start().sandbox(Sandbox::ReadOnly).send()?;
    let turn = thread
        .turn("Start a sub-agent that counts the files of this directory, and wait for it.")
        .send()?;
    for event in turn.agent_events() {
        show(&event?);
    }
    // Nothing that the sub-agents said is part of the response.
    let result = turn.run()?;
    println!(
        "response: {}",
        result.final_response.as_deref().unwrap_or("none")
    );
    for agent in &result.agents {
        println!("tokens:   {} of {}", agent.tokens.total, agent.name());
    }
    println!("total:    {} tokens", result.tokens_with_agents().total);
    codex.close()
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
