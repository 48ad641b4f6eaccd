//! A chat in the terminal. Each line is a turn of the same thread. Ctrl-C stops a response; an empty
//! line, Ctrl-D, or Ctrl-C at the prompt exits.
//!
//! `cargo run -p codex-client --features render --example chat_loop`

use std::{
    io::{Write, stdin, stdout},
    pin::pin,
    thread,
};

use codex_client::{Codex, Error, Sandbox, Thread, render::Progress};
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

/// Runs a turn and shows it: its text, what the agent does, and how it ended.
async fn respond(thread: &Thread, line: String) -> Result<(), Box<dyn std::error::Error>> {
    let progress = Progress::new();
    let turn = thread.turn(line).await?;
    let mut events = turn.stream();
    let mut stop = pin!(ctrl_c());
    loop {
        tokio::select! {
            event = events.next() => match event {
                Some(event) => progress.event(&event?),
                None => break,
            },
            stopped = &mut stop => {
                stopped?;
                stop.set(ctrl_c());
                // The stream ends with the interrupted turn.
                turn.interrupt().await?;
            }
        }
    }
    match events.result().await {
        Ok(result) => progress.finish(&result)?,
        // The chat continues after a failed turn. Other errors end it.
        Err(error @ Error::TurnFailed(_)) => progress.line(error),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
