//! A chat in the terminal. Each line is a turn of the same thread; an empty line or Ctrl-D exits.
//!
//! The blocking version of the `chat_loop` example.
//!
//! `cargo run -p codex-client --example chat_loop_blocking`

use std::io::{Write, stdin, stdout};

use codex_client::{
    Error, Sandbox,
    blocking::{Codex, Thread},
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let codex = Codex::start()?;
    // The turns of a thread share its history, so one thread serves the whole chat.
    let thread = codex.thread_start().sandbox(Sandbox::ReadOnly).send()?;
    loop {
        print!("you> ");
        stdout().flush()?;
        let line = stdin().lines().next();
        let Some(line) = line.transpose()?.filter(|line| !line.trim().is_empty()) else {
            break;
        };
        respond(&thread, line)?;
    }
    println!("\nthread: {}", thread.id());
    codex.close()?;
    Ok(())
}

/// Runs a turn and prints its text as it arrives.
fn respond(thread: &Thread, line: String) -> Result<(), Box<dyn std::error::Error>> {
    let turn = thread.turn(line).send()?;
    print!("codex> ");
    for piece in turn.text_stream() {
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
