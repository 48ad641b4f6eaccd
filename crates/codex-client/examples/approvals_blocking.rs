//! Asks the user in the terminal to approve commands and file changes.
//!
//! The blocking version of the `approvals` example.
//!
//! `cargo run -p codex-client --features render --example approvals_blocking -- "Create a file hello.txt."`

use std::{
    io::{Write, stdin, stdout},
    sync::{Mutex, PoisonError},
};

use codex_client::{
    ApprovalRequest, Decision, HandlerResult, Sandbox, blocking::Codex, types::AskForApproval,
};

/// Serializes the prompts, since several turns, or several commands of one turn, may ask at once.
static TERMINAL: Mutex<()> = Mutex::new(());

fn main() -> codex_client::Result<()> {
    let prompt = std::env::args().nth(1);
    let prompt = prompt.unwrap_or_else(|| "Create a file hello.txt.".to_owned());

    let codex = Codex::builder()
        .on_approval(|request: ApprovalRequest| ask(&request))
        .start()?;
    let thread = codex
        .thread_start()
        .sandbox(Sandbox::ReadOnly)
        .approval_policy(AskForApproval::OnRequest)
        .send()?;
    let result = thread.run(prompt).send()?;
    println!(
        "response: {}",
        result.final_response.as_deref().unwrap_or("(no response)")
    );
    codex.close()
}

/// Runs on its own thread, so that it may wait for the user.
fn ask(request: &ApprovalRequest) -> HandlerResult<Decision> {
    let _one_at_a_time = TERMINAL.lock().unwrap_or_else(PoisonError::into_inner);
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
