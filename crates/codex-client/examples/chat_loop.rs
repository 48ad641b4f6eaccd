//! A chat in the terminal. Each line is a turn of the same thread; an empty line or Ctrl-D exits.
//!
//! `cargo run -p codex-client --example chat_loop`

use std::io::{Write, stdin, stdout};

use codex_client::{Codex, Error, Sandbox, Thread};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let codex = Codex::start().await?;
    // The turns of a thread share its history, so one thread serves the whole chat.
    let thread = codex.thread_start().sandbox(Sandbox::ReadOnly).await?;
    loop {
        print!("you> ");
        stdout().flush()?;
        // Reading standard input blocks, so it runs on a blocking thread.
        let line = tokio::task::spawn_blocking(|| stdin().lines().next()).await?;
        let Some(line) = line.transpose()?.filter(|line| !line.trim().is_empty()) else {
            break;
        };
        respond(&thread, line).await?;
    }
    println!("\nthread: {}", thread.id());
    codex.close().await?;
    Ok(())
}

/// Runs a turn and prints its text as it arrives.
async fn respond(thread: &Thread, line: String) -> Result<(), Box<dyn std::error::Error>> {
    let turn = thread.turn(line).await?;
    let mut text = turn.text_stream();
    print!("codex> ");
    while let Some(piece) = text.next().await {
        match piece {
            Ok(piece) => {
                print!("{piece}");
                stdout().flush()?;
            }
            // The chat continues after a failed turn. Other errors end it.
            Err(error @ Error::TurnFailed(_)) => eprintln!("{error}"),
            Err(error) => return Err(error.into()),
        }
    }
    println!();
    Ok(())
}
