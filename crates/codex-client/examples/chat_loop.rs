//! A chat in the terminal: each line is a turn of one thread. It ends with an empty line or Ctrl-D.
//!
//! `cargo run -p codex-client --example chat_loop`

use std::io::{Write, stdin, stdout};

use codex_client::{Codex, Error, Sandbox, Thread, types::ServerNotification};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let codex = Codex::start().await?;
    // All turns of one thread share what was said; a thread for each line would forget it.
    let thread = codex.thread_start().sandbox(Sandbox::ReadOnly).await?;
    loop {
        print!("you> ");
        stdout().flush()?;
        // Standard input can only be read blocking, so a thread beside the runtime does it.
        let line = tokio::task::spawn_blocking(|| stdin().lines().next()).await?;
        let Some(line) = line.transpose()?.filter(|line| !line.trim().is_empty()) else {
            break;
        };
        answer(&thread, line).await?;
    }
    println!("\nthis was thread {}", thread.id());
    codex.close().await?;
    Ok(())
}

/// Prints the answer as it comes.
async fn answer(thread: &Thread, line: String) -> Result<(), Box<dyn std::error::Error>> {
    let turn = thread.turn(line).await?;
    let mut events = turn.stream();
    print!("codex> ");
    while let Some(event) = events.next().await {
        if let ServerNotification::AgentMessageDelta(delta) = event? {
            print!("{}", delta.delta);
            stdout().flush()?;
        }
    }
    println!();
    // A failed turn is no reason to end the chat. A server that has ended is one.
    match events.result().await {
        Err(error @ Error::TurnFailed(_)) => eprintln!("{error}"),
        outcome => drop(outcome?),
    }
    Ok(())
}
