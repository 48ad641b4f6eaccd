//! Steps about threads as wholes.

use codex_client::{Codex, Thread, types::TurnStatus};

use super::{Outcome, Server, check, reaches_model, responds, table};
use crate::stage::Stage;

table! {
    read: "read a thread with its turns",
    list: "list and name threads",
    resume: "resume a thread on another server",
    fork: "fork a thread",
    archive: "archive and unarchive a thread",
    compact: "compact a thread",
    shell: "a shell command of the user",
}

/// Starts a thread and runs a turn in it.
async fn saved(stage: &Stage, codex: &Codex) -> codex_client::Result<Thread> {
    let thread = codex.thread_start().await?;
    stage.model.push("Remember the frog.");
    thread.run("What is the word?").await?;
    Ok(thread)
}

async fn read(server: Server) -> Outcome {
    let stage = Stage::new();
    let codex = server.start(&stage).await?;
    let thread = saved(&stage, &codex).await?;
    let read = thread.read().include_turns(true).await?;
    check(read.thread.turns.len() == 1, &read)?;
    Ok(codex.close().await?)
}

async fn list(server: Server) -> Outcome {
    let stage = Stage::new();
    let codex = server.start(&stage).await?;
    let thread = saved(&stage, &codex).await?;
    thread.set_name("Frogs").await?;
    let listed = codex.thread_list().await?;
    let names: Vec<_> = listed.data.iter().map(|it| (&it.id, &it.name)).collect();
    let is_named = |(id, name): &(&String, &Option<String>)| {
        *id == thread.id() && name.as_deref() == Some("Frogs")
    };
    check(names.iter().any(is_named), &names)?;
    Ok(codex.close().await?)
}

async fn resume(server: Server) -> Outcome {
    let stage = Stage::new();
    let codex = server.start(&stage).await?;
    let id = saved(&stage, &codex).await?.id().to_owned();
    codex.close().await?;
    let codex = server.start(&stage).await?;
    let thread = codex.thread_resume(id).await?;
    stage.model.push("It was frog.");
    let result = thread.run("And now?").await?;
    responds(&result, "It was frog.")?;
    reaches_model(&stage, "history", "Remember the frog.")?;
    Ok(codex.close().await?)
}

async fn fork(server: Server) -> Outcome {
    let stage = Stage::new();
    let codex = server.start(&stage).await?;
    let thread = saved(&stage, &codex).await?;
    let fork = codex.thread_fork(thread.id()).await?;
    check(fork.id() != thread.id(), fork.id())?;
    stage.model.push("Still frog.");
    let result = fork.run("And here?").await?;
    responds(&result, "Still frog.")?;
    Ok(codex.close().await?)
}

async fn archive(server: Server) -> Outcome {
    let stage = Stage::new();
    let codex = server.start(&stage).await?;
    let thread = saved(&stage, &codex).await?;
    codex.thread_archive(thread.id()).await?;
    let archived = codex.thread_list().archived(true).await?;
    check(archived.data.len() == 1, &archived)?;
    codex.thread_unarchive(thread.id()).await?;
    let archived = codex.thread_list().archived(true).await?;
    check(archived.data.is_empty(), &archived)?;
    Ok(codex.close().await?)
}

async fn compact(server: Server) -> Outcome {
    let stage = Stage::new();
    let codex = server.start(&stage).await?;
    let thread = saved(&stage, &codex).await?;
    stage.model.push("A summary.");
    let result = thread.compact().await?.run().await?;
    check(result.status == TurnStatus::Completed, &result)?;
    Ok(codex.close().await?)
}

async fn shell(server: Server) -> Outcome {
    let stage = Stage::new();
    let codex = server.start(&stage).await?;
    let thread = codex.thread_start().await?;
    let turn = thread.shell_command("echo frogs").await?;
    let result = turn.run().await?;
    check(
        result.status == TurnStatus::Completed && !result.items.is_empty(),
        &result,
    )?;
    Ok(codex.close().await?)
}
