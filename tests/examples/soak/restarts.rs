//! Many servers, one after the other, each of which ends in a different way.

use anyhow::{Result, anyhow, ensure};
use codex_client::{Codex, Error, blocking};
use codex_testing::ModelResponse;
use codex_tests::stage::Stage;

use crate::{SAMPLES, sample::Table};

/// Starts and ends the servers, and samples the process at regular points after a tenth of them.
pub(super) async fn run(stage: &Stage, count: usize, table: &mut Table) -> Result<()> {
    stage.model.respond_with(|_| ModelResponse::text("Hello."));
    let warm_up = count.div_ceil(SAMPLES);
    for number in 1..=count {
        if number.is_multiple_of(2) {
            restart(stage, number / 2).await?;
        } else {
            let builder = stage.blocking_builder();
            // The blocking client refuses the threads of a runtime, so it gets one of its own.
            let thread = std::thread::spawn(move || restart_blocking(builder, number / 2));
            let joined = tokio::task::spawn_blocking(move || thread.join()).await?;
            joined.map_err(|_| anyhow!("the thread panicked"))??;
        }
        stage.model.clear_requests();
        if number % warm_up == 0 || number == count {
            table.sample("restarts", number).await?;
        }
    }
    Ok(())
}

async fn restart(stage: &Stage, number: usize) -> Result<()> {
    let codex: Codex = stage.builder().start().await?;
    let thread = codex.thread_start().ephemeral(true).await?;
    let result = thread.run("Hi.").await?;
    ensure!(result.final_response.as_deref() == Some("Hello."));
    match number % 3 {
        0 => codex.close().await?,
        // The last handles are dropped.
        1 => {}
        // A turn is still running.
        _ => {
            let turn = thread.turn("Hi.").await?;
            codex.close().await?;
            let end = turn.run().await;
            ensure!(
                matches!(end, Ok(_) | Err(Error::Closed(_) | Error::TurnDetached(_))),
                "{end:?}"
            );
        }
    }
    Ok(())
}

fn restart_blocking(builder: blocking::CodexBuilder, number: usize) -> Result<()> {
    let codex = builder.start()?;
    let thread = codex.thread_start().ephemeral(true).send()?;
    let result = thread.run("Hi.").send()?;
    ensure!(result.final_response.as_deref() == Some("Hello."));
    if number.is_multiple_of(2) {
        codex.close()?;
    }
    Ok(())
}
