//! A chat in the terminal: each line is a turn of one thread. It ends with an empty line or Ctrl-D.
//!
//! `cargo run -p codex-client --example chat_loop`

use std::io::{Write, stdin, stdout};

use codex_client::{Codex, Error, Sandbox, Thread};

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
    let mut text = turn.text_stream();
    print!("codex> ");
    while let Some(piece) = text.next().await {
        match piece {
            Ok(piece) => {
                print!("{piece}");
                stdout().flush()?;
            }
            // A failed turn is no reason to end the chat. A server that has ended is one.
            Err(error @ Error::TurnFailed(_)) => eprintln!("{error}"),
            Err(error) => return Err(error.into()),
        }
    }
    println!();
    Ok(())
}
