//! Many turns of every kind on one server.

use anyhow::{Context as _, Result, bail, ensure};
use codex_client::{
    ApprovalRequest, Codex, Decision, Thread, schemars,
    types::{AskForApproval, TurnStatus},
};
use codex_testing::{Gate, ModelRequest, ModelResponse};
use codex_tests::stage::Stage;
use codex_types::ThreadUnsubscribeParams;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::{SAMPLES, sample::Table};

/// Turns of one thread. A thread's history is sent with each turn, so longer threads would measure
/// the model.
const TURNS_PER_THREAD: usize = 20;
/// Threads that run turns at the same time.
const CONCURRENT: usize = 4;

/// A typed response.
#[derive(Deserialize, JsonSchema)]
struct Sum {
    value: usize,
}

/// Runs the turns, and samples the process at regular points after a tenth of them.
pub(super) async fn run(stage: &Stage, count: usize, table: &mut Table) -> Result<()> {
    let held = stage.model.gate();
    stage
        .model
        .respond_with(move |request| respond(request, &held));
    let codex = stage
        .builder()
        .on_approval(|_: ApprovalRequest| async { Decision::Decline })
        .start()
        .await?;
    let per_round = CONCURRENT * TURNS_PER_THREAD;
    let rounds = count.div_ceil(per_round);
    let warm_up = rounds.div_ceil(SAMPLES);
    for round in 1..=rounds {
        let threads: Vec<_> = (0..CONCURRENT)
            .map(|_| tokio::spawn(thread(codex.clone())))
            .collect();
        for thread in threads {
            thread.await??;
        }
        stage.model.clear_requests();
        if round % warm_up == 0 || round == rounds {
            table.sample("turns", round * per_round).await?;
        }
    }
    codex.close().await?;
    Ok(())
}

/// Runs the turns of one thread.
async fn thread(codex: Codex) -> Result<()> {
    let thread = codex
        .thread_start()
        .approval_policy(AskForApproval::OnRequest)
        .ephemeral(true)
        .await?;
    for number in 0..TURNS_PER_THREAD {
        turn(&thread, number)
            .await
            .with_context(|| format!("turn {number}"))?;
    }
    codex
        .request(ThreadUnsubscribeParams::new(thread.id()))
        .await?;
    Ok(())
}

/// Runs one turn. Its number determines its kind.
async fn turn(thread: &Thread, number: usize) -> Result<()> {
    match number % 10 {
        // Interrupted while the model is silent.
        1 => {
            let turn = thread.turn("hold").await?;
            turn.interrupt().await?;
            ensure!(turn.run().await?.status == TurnStatus::Interrupted);
        }
        // A declined command.
        2 => {
            let result = thread.run("command").await?;
            ensure!(result.items.len() >= 2);
        }
        3 => ensure!(thread.run("sum").output::<Sum>().await?.value.value == 3),
        // Two readers of one turn.
        4 => {
            let turn = thread.turn("twice").await?;
            let (mut events, mut text) = (turn.stream(), turn.text_stream());
            while let Some(event) = events.next().await {
                event?;
            }
            let mut said = String::new();
            while let Some(delta) = text.next().await {
                said += &delta?;
            }
            ensure!(said == "You said twice", "{said:?}");
        }
        // A stream that is dropped before its end; the turn goes on.
        5 => {
            let turn = thread.turn("dropped").await?;
            turn.stream().next().await.context("an event")??;
            turn.run().await?;
        }
        6 => {
            let Err(codex_client::Error::TurnFailed(_)) = thread.run("fail").await else {
                bail!("the turn did not fail");
            };
        }
        _ => {
            let result = thread.run("plain").await?;
            ensure!(result.final_response.as_deref() == Some("You said plain"));
        }
    }
    Ok(())
}

/// The model's response to the text of the user.
fn respond(request: &ModelRequest, held: &Gate) -> ModelResponse {
    let text = request.last_user_text().unwrap_or_default();
    match text.as_str() {
        "hold" => ModelResponse::text("never sent").hold(held),
        "command" if request.last_tool_output().is_none() => ModelResponse::function_call(
            "exec_command",
            json!({"cmd": "true", "sandbox_permissions": "require_escalated", "justification": "?"}),
        ),
        "sum" => ModelResponse::text(r#"{"value": 3}"#),
        "fail" => ModelResponse::http_error(400, "no"),
        _ => ModelResponse::deltas(["You ".into(), "said ".into(), text]),
    }
}
