//! A chat in the terminal. Each line is a turn of the same thread. Ctrl-C stops a response; an empty
//! line, Ctrl-D, or Ctrl-C at the prompt exits.
//!
//! The blocking version of the `chat_loop` example.
//!
//! `cargo run -p codex-client --features render --example chat_loop_blocking`

use std::{
    io::{Write, stdin, stdout},
    process,
    sync::{Arc, Mutex, PoisonError},
};

use codex_client::{
    Error, Sandbox,
    blocking::{Codex, Thread, TurnHandle},
    render::Progress,
};

/// The turn that Ctrl-C stops.
type Running = Arc<Mutex<Option<TurnHandle>>>;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let codex = Codex::start()?;
    // The turns of a thread share its history, so one thread serves the whole chat.
    let thread = codex.thread_start().sandbox(Sandbox::ReadOnly).send()?;
    let running = Running::default();
    let stopped = Arc::clone(&running);
    ctrlc::set_handler(move || match set(&stopped, None) {
        Some(turn) => drop(turn.interrupt()),
        // The server ends with its input.
        None => process::exit(130),
    })?;
    loop {
        print!("you> ");
        stdout().flush()?;
        let line = stdin().lines().next();
        let Some(line) = line.transpose()?.filter(|line| !line.trim().is_empty()) else {
            break;
        };
        respond(&thread, line, &running)?;
    }
    println!("\nthread: {}", thread.id());
    codex.close()?;
    Ok(())
}

/// Replaces the turn that Ctrl-C stops.
fn set(running: &Running, turn: Option<TurnHandle>) -> Option<TurnHandle> {
    let mut running = running.lock().unwrap_or_else(PoisonError::into_inner);
    std::mem::replace(&mut running, turn)
}

/// Runs a turn and shows it: its text, what the agent does, and how it ended.
fn respond(
    thread: &Thread,
    line: String,
    running: &Running,
) -> Result<(), Box<dyn std::error::Error>> {
    let progress = Progress::new();
    let turn = thread.turn(line).send()?;
    set(running, Some(turn.clone()));
    let mut events = turn.stream();
    for event in &mut events {
        progress.event(&event?);
    }
    set(running, None);
    match events.result() {
        Ok(result) => progress.finish(&result)?,
        // The chat continues after a failed turn. Other errors end it.
        Err(error @ Error::TurnFailed(_)) => progress.line(error),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
