//! A chat in the terminal. Continues the latest thread of this directory, and asks for approvals.
//! Ctrl-C stops a response; an empty line or Ctrl-D exits.
//!
//! The blocking version of the `terminal_chat` example.
//!
//! `cargo run -p codex-client --features render --example terminal_chat_blocking`

use std::{io::stdin, sync::LazyLock};

use codex_client::{ApprovalRequest, Decision, Error, blocking::Codex, render::Progress};

static PROGRESS: LazyLock<Progress> = LazyLock::new(Progress::new);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let builder = Codex::builder().on_approval(|request| decide(&request));
    let codex = builder.start()?;
    let thread = match codex.thread_resume_latest(".")? {
        Some(latest) => latest,
        None => codex.thread_start().send()?,
    };
    let stopped = thread.clone();
    ctrlc::set_handler(move || drop(stopped.interrupt()))?;
    while let Some(prompt) = ask("> ").filter(|line| !line.is_empty()) {
        let run = thread.run(prompt).on_event(|event| PROGRESS.event(event));
        match run.send() {
            Ok(result) => PROGRESS.finish(&result)?,
            Err(error @ Error::TurnFailed(_)) => PROGRESS.line(error),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(codex.close()?)
}

/// Asks for a decision. A read cannot be cancelled, so the question stays if the turn is stopped.
fn decide(request: &ApprovalRequest) -> Decision {
    let _paused = PROGRESS.pause();
    match ask(&format!("{request:#}\nAllow? (y) ")).as_deref() {
        Some("y") => Decision::Accept,
        _ => Decision::Decline,
    }
}

fn ask(question: &str) -> Option<String> {
    eprint!("{question}");
    stdin().lines().next()?.ok()
}
