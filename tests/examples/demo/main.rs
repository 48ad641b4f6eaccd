//! Runs one turn on a real app-server and streams it to the terminal:
//!
//! ```text
//! cargo xtask demo [--live] [PROMPT]
//! ```
//!
//! The command installs the pinned runtime, sets `CODEX_BIN` to its path and runs this example. The
//! model is a script on loopback, which needs no account; `--live` uses your own login and model.

mod script;

use anyhow::{Context as _, Result};
use codex_client::{Codex, Sandbox, render::Progress};
use codex_testing::{CodexHome, ScriptedModel};

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1).peekable();
    let is_live = arguments.next_if_eq("--live").is_some();
    let prompt = arguments
        .next()
        .unwrap_or_else(|| "What is in this directory?".to_owned());
    if is_live {
        live(&prompt).await
    } else {
        scripted(&prompt).await
    }
}

/// Runs a turn with the scripted model, in a temporary home.
async fn scripted(prompt: &str) -> Result<()> {
    let model = ScriptedModel::start()?;
    let home = CodexHome::builder(&model)
        .approval_policy("never")
        .build()?;
    script::write(&model, &home.workspace())?;
    let codex = Codex::builder()
        .cwd(home.workspace())
        .envs(home.envs())
        .start()
        .await
        .context("cannot start the app-server")?;
    let outcome = turn(&codex, prompt, "a scripted model on loopback").await;
    codex.close().await?;
    home.close()?;
    outcome
}

/// Runs a turn with the user's own login and model.
async fn live(prompt: &str) -> Result<()> {
    let codex = Codex::start()
        .await
        .context("cannot start the app-server")?;
    let outcome = turn(&codex, prompt, "your own login").await;
    codex.close().await?;
    outcome.context(
        "the turn failed; if you are not logged in, run `codex login`, or omit `--live` to use the \
         scripted model",
    )
}

/// Starts a thread, shows one turn while it runs, and then its result.
async fn turn(codex: &Codex, prompt: &str, model: &str) -> Result<()> {
    let progress = Progress::new().output_lines(20);
    progress.line(format!("server: {}", codex.metadata().user_agent));
    progress.line(format!("model: {model}"));
    let thread = codex.thread_start().sandbox(Sandbox::ReadOnly).await?;
    progress.line(format!("thread: {}", thread.id()));
    progress.line(format!("user: {prompt}"));
    let turn = thread.turn(prompt).await?;
    let mut events = turn.stream();
    while let Some(event) = events.next().await {
        progress.event(&event?);
    }
    let result = events.result().await?;
    progress.finish(&result)?;
    progress.line(result.tokens());
    Ok(())
}
