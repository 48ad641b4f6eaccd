//! Approvals at a prompt in the terminal: each is shown, and a person decides.
//!
//! `cargo run -p codex-client --example approvals_blocking -- "Make a file hello.txt."`

use std::{
    io::{Write, stdin, stdout},
    sync::{Mutex, PoisonError},
};

use codex_client::{
    ApprovalRequest, Decision, HandlerResult, Sandbox, blocking::Codex, types::AskForApproval,
};

/// One prompt at a time: several turns, and several commands of one turn, may ask at once.
static TERMINAL: Mutex<()> = Mutex::new(());

fn main() -> codex_client::Result<()> {
    let prompt = std::env::args().nth(1);
    let prompt = prompt.unwrap_or_else(|| "Make a file hello.txt.".to_owned());

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
        "answer: {}",
        result.final_response.as_deref().unwrap_or("(none)")
    );
    codex.close()
}

/// Runs on a thread of its own, where it may wait for a person.
fn ask(request: &ApprovalRequest) -> HandlerResult<Decision> {
    let _one_at_a_time = TERMINAL.lock().unwrap_or_else(PoisonError::into_inner);
    println!("\n{}", title(request));
    if let Some(reason) = request.reason() {
        println!("  because: {reason}");
    }
    let decisions = request.available_decisions();
    for (number, decision) in decisions.iter().enumerate() {
        println!("  {}) {}", number + 1, label(decision));
    }
    print!("? ");
    stdout().flush()?;
    let line = stdin().lines().next().transpose()?;
    let number = line.and_then(|line| line.trim().parse::<usize>().ok());
    let chosen = number.and_then(|number| decisions.into_iter().nth(number.checked_sub(1)?));
    // Whatever else was typed is a no.
    Ok(chosen.unwrap_or(Decision::Decline))
}

fn title(request: &ApprovalRequest) -> String {
    match request {
        ApprovalRequest::Command(params) => {
            let command = params.command.as_deref().unwrap_or("(not told)");
            format!("run {command}")
        }
        ApprovalRequest::FileChange(change) => match &change.changes {
            None => "change files, and does not say which".to_owned(),
            Some(changes) => {
                let diffs = changes.iter();
                let diffs: String = diffs
                    .map(|change| format!("\n{}\n{}", change.path, change.diff))
                    .collect();
                format!("change {} files:{diffs}", changes.len())
            }
        },
        ApprovalRequest::Permissions(params) => format!("have {:?}", params.permissions),
        // Requests of older servers, and of newer ones.
        other => format!("{other:?}"),
    }
}

fn label(decision: &Decision) -> String {
    match decision {
        Decision::Accept => "yes".into(),
        Decision::AcceptForSession => "yes, and do not ask again in this session".into(),
        Decision::AcceptWithExecpolicyAmendment(words) => {
            format!("yes, and never ask again for `{} ...`", words.join(" "))
        }
        Decision::Decline => "no, go on without".into(),
        Decision::Cancel => "no, and stop".into(),
        other => format!("{other:?}"),
    }
}
