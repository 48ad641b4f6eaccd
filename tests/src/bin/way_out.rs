//! A program that starts a client and a turn, and ends in the way that its arguments name: the
//! runtime (`current_thread`, `multi_thread` or `blocking`), and the way out.
//!
//! The configuration of the server names an MCP server, and the model asks for a command. Both are
//! running when the program ends.

use std::{
    env, fs, io,
    process::{abort, exit},
    thread::park,
};

use codex_client::{Codex, Error, Result, TurnHandle, blocking, types::ServerNotification};
use codex_types::McpServerStartupState;
use tokio::{
    runtime::{Builder, Runtime},
    task::spawn_blocking,
};

/// Runs the server with the pipe `LIFELINE` open.
const SCRIPT: [&str; 2] = ["-c", "exec \"$SERVER\" app-server 9> \"$LIFELINE\""];

fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let (runtime, way) = (arguments.next(), arguments.next());
    let (runtime, way) = (runtime.unwrap_or_default(), way.unwrap_or_default());
    match runtime.as_str() {
        "current_thread" if way == "shutdown_background" => {
            shutdown_background(Builder::new_current_thread().enable_all().build())
        }
        "multi_thread" if way == "shutdown_background" => {
            shutdown_background(Builder::new_multi_thread().enable_all().build())
        }
        "current_thread" => on_current_thread(&way),
        "multi_thread" => on_several_threads(&way),
        _ => without_runtime(&way),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn on_current_thread(way: &str) -> Result<()> {
    end_by(way).await
}

#[tokio::main]
async fn on_several_threads(way: &str) -> Result<()> {
    end_by(way).await
}

fn shutdown_background(runtime: io::Result<Runtime>) -> Result<()> {
    let runtime = runtime.map_err(|error| Error::Worker(error.into()))?;
    let client = runtime.block_on(start())?;
    runtime.shutdown_background();
    drop(client);
    Ok(())
}

async fn end_by(way: &str) -> Result<()> {
    let (codex, turn) = start().await?;
    match way {
        "close" => codex.close().await?,
        "drop" => drop((codex, turn)),
        "fail" => {
            codex.thread_archive("no such thread").await?;
        }
        _ => end_at_once(way, turn.id()),
    }
    Ok(())
}

/// Starts a client and a turn, and waits until the MCP server of the thread and the command of the
/// turn are running.
async fn start() -> Result<(Codex, TurnHandle)> {
    let codex = Codex::builder()
        .binary("sh")
        .launch_args(SCRIPT)
        .start()
        .await?;
    let mut notifications = codex.notifications();
    let thread = codex.thread_start().await?;
    while let Some(notification) = notifications.next().await {
        if is_ready(&notification?) {
            break;
        }
    }
    let turn = thread.turn("Run the command.").await?;
    let running = spawn_blocking(wait_for_command).await;
    running.expect("no panic");
    Ok((codex, turn))
}

/// Returns whether a notification says that the MCP server is running.
fn is_ready(notification: &ServerNotification) -> bool {
    let ServerNotification::McpServerStatusUpdated(updated) = notification else {
        return false;
    };
    assert_ne!(updated.status, McpServerStartupState::Failed, "{updated:?}");
    updated.status == McpServerStartupState::Ready
}

/// Waits until the command has opened and closed the pipe `READY`.
fn wait_for_command() {
    let path = env::var_os("READY").expect("a pipe");
    let read = fs::read(path);
    assert_eq!(read.expect("the end of the pipe"), [0; 0]);
}

/// Ends this program in a way that both kinds of clients have.
fn end_at_once(way: &str, turn_id: &str) {
    match way {
        "return" => {}
        "panic" => panic!("ended with {turn_id}"),
        "exit" => exit(0),
        "abort" => abort(),
        "killed" => {
            println!("ready");
            loop {
                park();
            }
        }
        _ => panic!("`{way}` is not a way out"),
    }
}

fn without_runtime(way: &str) -> Result<()> {
    let codex = blocking::Codex::builder()
        .binary("sh")
        .launch_args(SCRIPT)
        .start()?;
    let notifications = codex.notifications();
    let thread = codex.thread_start().send()?;
    for notification in notifications {
        if is_ready(&notification?) {
            break;
        }
    }
    let turn = thread.turn("Run the command.").send()?;
    wait_for_command();
    match way {
        "close" => codex.close()?,
        "drop" => drop((codex, turn)),
        "fail" => {
            codex.thread_archive("no such thread")?;
        }
        _ => end_at_once(way, turn.id()),
    }
    Ok(())
}
