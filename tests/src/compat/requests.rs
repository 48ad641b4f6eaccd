//! Steps without a turn.

use std::fs;

use codex_client::Sandbox;
use codex_types::ConfigReadParams;

use super::{Outcome, Server, check, table};
use crate::stage::Stage;

table! {
    starts: "start, handshake, close",
    models: "list the models",
    account: "log in with an API key, read the account, log out",
    configuration: "read the configuration",
    command: "run a command (`exec`)",
    process: "an interactive process (`exec`, `spawn`)",
    file_watch: "watch files (`fs_watch`)",
}

async fn starts(server: Server) -> Outcome {
    let stage = Stage::new();
    let codex = server.start(&stage).await?;
    check(codex.server_version().is_some(), codex.metadata())?;
    Ok(codex.close().await?)
}

async fn models(server: Server) -> Outcome {
    let stage = Stage::new();
    let codex = server.start(&stage).await?;
    let models = codex.models().await?;
    check(!models.data.is_empty(), &models)?;
    Ok(codex.close().await?)
}

async fn account(server: Server) -> Outcome {
    let stage = Stage::new();
    // The scripted provider needs no account.
    let builder = server.builder(&stage).config("model_provider", "openai");
    let codex = builder.start().await?;
    codex.login_api_key("sk-test").await?;
    let account = codex.account().await?;
    check(account.account.is_some(), &account)?;
    codex.logout().await?;
    let account = codex.account().await?;
    check(account.account.is_none(), &account)?;
    Ok(codex.close().await?)
}

async fn configuration(server: Server) -> Outcome {
    let stage = Stage::new();
    let codex = server.start(&stage).await?;
    codex.request(ConfigReadParams::default()).await?;
    Ok(codex.close().await?)
}

async fn command(server: Server) -> Outcome {
    let stage = Stage::new();
    let codex = server.start(&stage).await?;
    let output = codex.exec(["sh", "-c", "echo hello; exit 3"]).await?;
    let is_expected = output.stdout_lossy() == "hello\n" && output.exit_code == 3;
    check(is_expected, &output)?;
    Ok(codex.close().await?)
}

async fn process(server: Server) -> Outcome {
    let stage = Stage::new();
    let codex = server.start(&stage).await?;
    let script = "read -r line; echo \"<$line>\"";
    let command = codex.exec(["sh", "-c", script]).tty(80, 24);
    let process = command.sandbox(Sandbox::FullAccess).spawn()?;
    let mut output = process.stream();
    process.write("hello\n").await?;
    let mut text = String::new();
    while let Some(chunk) = output.next().await {
        text.push_str(&String::from_utf8_lossy(&chunk?.bytes));
    }
    check(text.contains("<hello>"), &text)?;
    Ok(codex.close().await?)
}

async fn file_watch(server: Server) -> Outcome {
    let stage = Stage::new();
    let codex = server.start(&stage).await?;
    let directory = stage.home.workspace().canonicalize()?;
    let mut changes = codex.fs_watch(&directory).await?;
    fs::write(directory.join("new.txt"), "one")?;
    let changed = changes.next().await.ok_or("the watch has ended")??;
    check(!changed.changed_paths.is_empty(), &changed)?;
    Ok(codex.close().await?)
}
