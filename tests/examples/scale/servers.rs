//! App-servers at the same time on one machine.

use std::time::Instant;

use anyhow::{Context as _, Result};
use codex_client::Codex;
use codex_tests::stage::Stage;
use tokio::task::JoinSet;

use crate::process::{anonymous_memory, cpu_time};

/// Turns of each server.
const TURNS: usize = 10;

/// Runs this many servers at once, for each count, with a home each.
pub(super) async fn run(counts: &[usize]) -> Result<()> {
    println!(
        "| servers | start all, s | CPU of a start, ms | memory of each, MiB | ten turns on each, s |"
    );
    println!("|---:|---:|---:|---:|---:|");
    for &count in counts {
        let row = row(count).await;
        println!("{}", row.with_context(|| format!("{count} servers"))?);
    }
    Ok(())
}

async fn row(count: usize) -> Result<String> {
    let started = Instant::now();
    let mut starting = JoinSet::new();
    for _ in 0..count {
        starting.spawn(async {
            let stage = Stage::echo();
            let codex = stage.start().await;
            (stage, codex)
        });
    }
    let servers = starting.join_all().await;
    let start_time = started.elapsed();
    let mut start_cpu = 0;
    for (_, codex) in &servers {
        start_cpu += cpu_time(pid(codex)?)?.as_millis();
    }

    let started = Instant::now();
    let mut turns = JoinSet::new();
    for (_, codex) in &servers {
        for _ in 0..TURNS {
            let codex = codex.clone();
            turns.spawn(async move { codex.thread_start().await?.run("Hello.").await });
        }
    }
    for result in turns.join_all().await {
        result?;
    }
    let turn_time = started.elapsed();
    let mut memory = 0;
    for (_, codex) in &servers {
        memory += anonymous_memory(pid(codex)?)?;
    }
    for (_stage, codex) in servers {
        codex.close().await?;
    }
    Ok(format!(
        "| {count} | {:.1} | {} | {} | {:.1} |",
        start_time.as_secs_f64(),
        start_cpu / count as u128,
        memory / count as u64,
        turn_time.as_secs_f64()
    ))
}

fn pid(codex: &Codex) -> Result<u32> {
    codex.pid().context("a server of this process")
}
