//! A hello world, compiled by `cargo xtask bench`.

use codex_codes::{AsyncClient, Notification, ServerMessage};
use serde_json::{from_value, json};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut client = AsyncClient::start().await?;
    let thread = client.thread_start(&from_value(json!({}))?).await?;
    let input = json!([{"type": "text", "text": "Say hello."}]);
    let turn = json!({"threadId": thread.thread.id, "input": input});
    client.turn_start(&from_value(turn)?).await?;
    let mut events = client.events();
    while let Some(event) = events.next().await {
        match event? {
            ServerMessage::Notification(Notification::AgentMessageDelta(delta)) => print!("{}", delta.delta),
            ServerMessage::Notification(Notification::TurnCompleted(_)) => break,
            _ => {}
        }
    }
    client.shutdown().await?;
    Ok(())
}
