//! A chat in the terminal. Continues the latest thread of this directory, and asks for approvals.
//! Ctrl-C stops a response; an empty line or Ctrl-D exits.
//!
//! `cargo run -p codex-client --features render --example terminal_chat`

use std::sync::LazyLock;

use codex_client::{ApprovalRequest, Codex, Decision, Error, render::Progress};
use tokio::io::{AsyncBufReadExt, BufReader, Lines, Stdin, stdin};
use tokio::{signal::ctrl_c, sync::Mutex};

static PROGRESS: LazyLock<Progress> = LazyLock::new(Progress::new);
/// The input, which prompts and approvals share.
static LINES: LazyLock<Mutex<Lines<BufReader<Stdin>>>> =
    LazyLock::new(|| Mutex::new(BufReader::new(stdin()).lines()));

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let codex = Codex::builder().on_approval(decide).start().await?;
    let thread = match codex.thread_resume_latest(".").await? {
        Some(latest) => latest,
        None => codex.thread_start().await?,
    };
    while let Some(prompt) = ask("> ").await.filter(|line| !line.is_empty()) {
        let run = thread.run(prompt).on_event(|event| PROGRESS.event(event));
        match run.until(ctrl_c()).await {
            Ok(result) => PROGRESS.finish(&result)?,
            Err(error @ Error::TurnFailed(_)) => PROGRESS.line(error),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(codex.close().await?)
}

/// Asks for a decision. The question ends if the turn is stopped.
async fn decide(request: ApprovalRequest) -> Decision {
    let _paused = PROGRESS.pause();
    match ask(&format!("{request:#}\nAllow? (y) ")).await.as_deref() {
        Some("y") => Decision::Accept,
        _ => Decision::Decline,
    }
}

async fn ask(question: &str) -> Option<String> {
    let mut lines = LINES.lock().await;
    eprint!("{question}");
    lines.next_line().await.ok().flatten()
}
