//! Runs the prompts of a file, one per line, eight at a time. Prints a line of JSON for each. If
//! the server dies, the prompts that are lost with it run once more on a new one. Ctrl-C stops all.
//!
//! `cargo run -p codex-client --example orchestrator -- prompts.txt`

use std::{collections::BTreeSet, env, fs, pin::pin, time::Duration};

use codex_client::{Codex, Error, Result, RetryPolicy, Sandbox, TurnResult, retry};
use serde_json::json;
use tokio::{signal::ctrl_c, task::JoinSet};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = fs::read_to_string(env::args().nth(1).ok_or("usage: orchestrator FILE")?)?;
    let mut queue: Vec<_> = file.lines().map(str::to_owned).enumerate().collect();
    let (mut codex, mut is_dead) = (Codex::start().await?, false);
    let (mut running, mut stop) = (JoinSet::new(), pin!(ctrl_c()));
    let (mut answers, mut tokens, mut lost) = (0, 0, BTreeSet::new());
    loop {
        if is_dead && running.is_empty() {
            (codex, is_dead) = (Codex::start().await?, false);
        }
        let free = if is_dead { 0 } else { 8 - running.len() };
        for (at, prompt) in queue.drain(..free.min(queue.len())) {
            running.spawn(run(codex.clone(), at, prompt));
        }
        let (at, prompt, result) = tokio::select! {
            Some(ended) = running.join_next() => ended?,
            _ = &mut stop, if !running.is_empty() => break,
            else => break,
        };
        let report = match result {
            Ok(result) => {
                answers += 1;
                tokens += result.tokens_with_agents().total;
                json!({ "prompt": at, "again": lost.contains(&at), "result": result })
            }
            Err(Error::Closed(_)) if lost.insert(at) => {
                eprintln!("prompt {at} is lost with its server, and runs again");
                is_dead = true;
                queue.push((at, prompt));
                continue;
            }
            Err(error) => json!({ "prompt": at, "again": lost.contains(&at), "error": error }),
        };
        println!("{report}");
    }
    // This interrupts the turns that are still running.
    running.shutdown().await;
    codex.close().await?;
    eprintln!("{answers} prompts answered, {tokens} tokens");
    Ok(())
}

/// Runs a prompt in a thread of its own, and again if the failure is transient.
async fn run(codex: Codex, at: usize, prompt: String) -> (usize, String, Result<TurnResult>) {
    let policy = RetryPolicy::default().retry_if(Error::is_transient);
    let result = retry(policy, async || {
        let thread = codex.thread_start().sandbox(Sandbox::ReadOnly).await?;
        let run = thread.run(&*prompt).interrupt_on_drop();
        run.idle_timeout(Duration::from_secs(180)).await
    });
    let result = result.await;
    (at, prompt, result)
}
