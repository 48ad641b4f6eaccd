//! Asks the user in the terminal to approve commands and file changes.
//!
//! `cargo run -p codex-client --features render --example approvals -- "Create a file hello.txt."`

use std::io::{Write, stdin, stdout};

use codex_client::{
    ApprovalRequest, Codex, Decision, HandlerResult, Sandbox, types::AskForApproval,
};
use tokio::sync::Mutex;

/// Serializes the prompts, since several turns, or several commands of one turn, may ask at once.
static TERMINAL: Mutex<()> = Mutex::const_new(());

#[tokio::main]
async fn main() -> codex_client::Result<()> {
    let prompt = std::env::args().nth(1);
    let prompt = prompt.unwrap_or_else(|| "Create a file hello.txt.".to_owned());

    let codex = Codex::builder().on_approval(ask).start().await?;
    let thread = codex
        .thread_start()
        .sandbox(Sandbox::ReadOnly)
        .approval_policy(AskForApproval::OnRequest)
        .await?;
    let result = thread.run(prompt).await?;
    println!(
        "response: {}",
        result.final_response.as_deref().unwrap_or("(no response)")
    );
    codex.close().await
}

async fn ask(request: ApprovalRequest) -> HandlerResult<Decision> {
    let _one_at_a_time = TERMINAL.lock().await;
    // Reading standard input blocks, so it runs on a blocking thread.
    tokio::task::spawn_blocking(move || prompt(&request)).await?
}

fn prompt(request: &ApprovalRequest) -> HandlerResult<Decision> {
    // The command and its directory, or the diffs of the changed files; and the reason.
    println!("\n{request:#}");
    let decisions = request.available_decisions();
    for (number, decision) in decisions.iter().enumerate() {
        println!("  {}) {}", number + 1, label(decision));
    }
    print!("? ");
    stdout().flush()?;
    let line = stdin().lines().next().transpose()?;
    let number = line.and_then(|line| line.trim().parse::<usize>().ok());
    let chosen = number.and_then(|number| decisions.into_iter().nth(number.checked_sub(1)?));
    // Any other input declines.
    Ok(chosen.unwrap_or(Decision::Decline))
}

fn label(decision: &Decision) -> String {
    match decision {
        Decision::Accept => "yes".into(),
        Decision::AcceptForSession => "yes, for the rest of the session".into(),
        Decision::AcceptWithExecpolicyAmendment(words) => {
            format!("yes, and always allow `{} ...`", words.join(" "))
        }
        Decision::Decline => "no, and continue the turn".into(),
        Decision::Cancel => "no, and interrupt the turn".into(),
        other => format!("{other:?}"),
    }
}
