//! `cargo xtask demo`: a real turn through the real app-server, streamed to the terminal.
//!
//! The model is a scripted one on loopback, so that it needs no account; `--live` uses the model
//! and the login of the user.

mod screen;
mod script;

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use codex_client::{Codex, Sandbox, TurnResult};
use codex_testing::{CodexHome, ScriptedModel};

use self::screen::Screen;
use crate::runtime;

/// Arguments of `cargo xtask demo`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// What to say to the model.
    #[arg(default_value = "What is in this folder?")]
    prompt: String,
    /// Use your own login and model instead of the scripted one; nothing may be changed on disk.
    #[arg(long)]
    live: bool,
}

/// Runs the chore.
pub(crate) fn run(
    Args {
        prompt,
        live: is_live,
    }: Args,
) -> Result<()> {
    let binary = runtime::ensure(None)?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async {
            if is_live {
                live(binary, &prompt).await
            } else {
                scripted(binary, &prompt).await
            }
        })
}

/// A turn with the scripted model, in a temporary home.
async fn scripted(binary: PathBuf, prompt: &str) -> Result<()> {
    let model = ScriptedModel::start()?;
    let home = CodexHome::builder(&model)
        .approval_policy("never")
        .build()?;
    script::write(&model, &home.workspace())?;
    let mut builder = Codex::builder().binary(binary).cwd(home.workspace());
    for (name, value) in home.env() {
        builder = builder.env(name, value);
    }
    for name in home.removed_env() {
        builder = builder.env_remove(name);
    }
    let codex = builder.start().await.context("starting the app-server")?;
    let turned = turn(&codex, prompt, "a scripted model on loopback").await;
    codex.close().await?;
    home.close()?;
    turned.map(drop)
}

/// A turn with the user's own login and model.
async fn live(binary: PathBuf, prompt: &str) -> Result<()> {
    let codex = Codex::builder()
        .binary(binary)
        .start()
        .await
        .context("starting the app-server")?;
    let turned = turn(&codex, prompt, "your own login").await;
    codex.close().await?;
    turned
        .map(drop)
        .context("if you are not logged in: run `codex login`, or leave `--live` away")
}

/// Starts a thread, follows one turn of it, and shows what it came to.
async fn turn(codex: &Codex, prompt: &str, model: &str) -> Result<TurnResult> {
    let mut screen = Screen::new();
    screen.server(codex.metadata(), model);
    let thread = codex.thread_start().sandbox(Sandbox::ReadOnly).await?;
    screen.thread(&thread);
    let turn = thread.turn(prompt).await?;
    screen.prompt(prompt, turn.id());
    let mut events = turn.stream();
    while let Some(event) = events.next().await {
        screen.event(&event?);
    }
    let result = events.result().await?;
    screen.result(&result);
    Ok(result)
}
