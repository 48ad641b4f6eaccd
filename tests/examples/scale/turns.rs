//! Turns at the same time on one server.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use codex_client::{Codex, Thread};
use codex_testing::{ModelResponse, ScriptedModel};
use codex_tests::stage::{Stage, home};
use tokio::task::JoinSet;

use crate::process::{anonymous_memory, cpu_time};

/// Time for all turns to ask the model.
const LONGEST: Duration = Duration::from_secs(600);

/// Deltas of each response.
const DELTAS: usize = 100;

/// Runs this many turns at once, for each count, on a server of its own.
pub(super) async fn run(counts: &[usize]) -> Result<()> {
    println!(
        "| turns at once | start all threads, s | all turns ask the model, s | all responses, s \
         | CPU of the server per turn, ms | memory of the server, MiB | memory of the client and the \
         model, MiB |"
    );
    println!("|---:|---:|---:|---:|---:|---:|---:|");
    for &count in counts {
        let row = row(count).await;
        println!("{}", row.with_context(|| format!("{count} turns at once"))?);
    }
    Ok(())
}

async fn row(count: usize) -> Result<String> {
    let model = ScriptedModel::start_with_timeout(LONGEST)?;
    let home = home(&model).approval_policy("never").build()?;
    let stage = Stage::on(model, home);
    let gate = stage.model.gate();
    let held = gate.clone();
    stage.model.respond_with(move |_| {
        ModelResponse::deltas((0..DELTAS).map(|at| format!("delta {at}, "))).hold(&held)
    });
    let codex = stage.start().await;
    let pid = codex.pid().context("a server of this process")?;

    let started = Instant::now();
    let mut starting = JoinSet::new();
    for _ in 0..count {
        starting.spawn(start(codex.clone()));
    }
    let threads: Vec<Thread> = starting
        .join_all()
        .await
        .into_iter()
        .collect::<Result<_>>()?;
    let thread_time = started.elapsed();

    let (started, used) = (Instant::now(), cpu_time(pid)?);
    let mut turns = JoinSet::new();
    for thread in threads {
        turns.spawn(async move { thread.run("Count.").await });
    }
    gate.reached_by(count).await?;
    let (ask_time, opened) = (started.elapsed(), Instant::now());
    gate.open();
    for result in turns.join_all().await {
        let response = result?.final_response.context("no response")?;
        ensure!(response.ends_with("delta 99, "), "an incomplete response");
    }
    let response_time = opened.elapsed();
    let cpu = (cpu_time(pid)? - used).as_secs_f64() * 1000.0 / per(count);
    let row = format!(
        "| {count} | {:.1} | {:.1} | {:.1} | {cpu:.0} | {} | {} |",
        thread_time.as_secs_f64(),
        ask_time.as_secs_f64(),
        response_time.as_secs_f64(),
        anonymous_memory(pid)?,
        anonymous_memory(std::process::id())?
    );
    codex.close().await?;
    Ok(row)
}

async fn start(codex: Codex) -> Result<Thread> {
    Ok(codex.thread_start().await?)
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 turns")]
fn per(count: usize) -> f64 {
    count as f64
}
