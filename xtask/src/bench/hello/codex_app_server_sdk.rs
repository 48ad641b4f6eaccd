//! A hello world, compiled by `cargo xtask bench`.

use codex_app_server_sdk::StdioConfig;
use codex_app_server_sdk::api::{Codex, ThreadOptions, TurnOptions};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let codex = Codex::spawn_stdio(StdioConfig::default()).await?;
    let mut thread = codex.start_thread(ThreadOptions::builder().build());
    let turn = thread.run("Say hello.", TurnOptions::default()).await?;
    println!("{}", turn.final_response);
    Ok(())
}
