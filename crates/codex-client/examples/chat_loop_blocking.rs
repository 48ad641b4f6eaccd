//! A chat in the terminal: each line is a turn of one thread. It ends with an empty line or Ctrl-D.
//!
//! For programs without an async runtime: `chat_loop` is its async counterpart.
//!
//! `cargo run -p codex-client --example chat_loop_blocking`

use std::io::{Write, stdin, stdout};

use codex_client::{
    Error, Sandbox,
    blocking::{Codex, Thread},
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let codex = Codex::start()?;
    // All turns of one thread share what was said; a thread for each line would forget it.
    let thread = codex.thread_start().sandbox(Sandbox::ReadOnly).send()?;
    loop {
        print!("you> ");
        stdout().flush()?;
        let line = stdin().lines().next();
        let Some(line) = line.transpose()?.filter(|line| !line.trim().is_empty()) else {
            break;
        };
        answer(&thread, line)?;
    }
    println!("\nthis was thread {}", thread.id());
    codex.close()?;
    Ok(())
}

/// Prints the answer as it comes.
fn answer(thread: &Thread, line: String) -> Result<(), Box<dyn std::error::Error>> {
    let turn = thread.turn(line).send()?;
    print!("codex> ");
    for piece in turn.text_stream() {
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
