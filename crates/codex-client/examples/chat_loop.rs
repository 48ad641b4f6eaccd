//! A chat in the terminal. Each line is a turn of the same thread. Ctrl-C stops a response; an empty
//! line, Ctrl-D, or Ctrl-C at the prompt exits.
//!
//! `cargo run -p codex-client --example chat_loop`

use std::{
    io::{Write, stdin, stdout},
    pin::pin,
    thread,
};

use codex_client::{Codex, Error, Sandbox, Thread};
use tokio::{signal::ctrl_c, sync::mpsc};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let codex = Codex::start().await?;
    // The turns of a thread share its history, so one thread serves the whole chat.
    let thread = codex.thread_start().sandbox(Sandbox::ReadOnly).await?;
    // Reading standard input blocks, so it has a thread of its own.
    let (sender, mut lines) = mpsc::channel(1);
    thread::spawn(move || {
        for line in stdin().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    });
    loop {
        print!("you> ");
        stdout().flush()?;
        let line = tokio::select! {
            line = lines.recv() => line,
            _ = ctrl_c() => None,
        };
        let Some(line) = line.filter(|line| !line.trim().is_empty()) else {
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
    let mut stop = pin!(ctrl_c());
    print!("codex> ");
    loop {
        let piece = tokio::select! {
            piece = text.next() => piece,
            stopped = &mut stop => {
                stopped?;
                stop.set(ctrl_c());
                // The stream ends with the interrupted turn.
                turn.interrupt().await?;
                continue;
            }
        };
        match piece {
            Some(Ok(piece)) => {
                print!("{piece}");
                stdout().flush()?;
            }
            // The chat continues after a failed turn. Other errors end it.
            Some(Err(error @ Error::TurnFailed(_))) => eprintln!("{error}"),
            Some(Err(error)) => return Err(error.into()),
            None => break,
        }
    }
    println!();
    Ok(())
}
