//! Many turns of every kind on one server.

use std::future;

use anyhow::{Context as _, Result, bail, ensure};
use codex_client::{
    ApprovalRequest, Codex, Decision, Thread, schemars,
    types::{AskForApproval, ServerNotification, TurnStatus},
};
use codex_testing::{Gate, Item, ModelRequest, ModelResponse};
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
        turn(&codex, &thread, number)
            .await
            .with_context(|| format!("turn {number}"))?;
    }
    codex
        .request(ThreadUnsubscribeParams::new(thread.id()))
        .await?;
    Ok(())
}

/// Runs one turn. Its number determines its kind.
async fn turn(codex: &Codex, thread: &Thread, number: usize) -> Result<()> {
    match number {
        // A thread of its own, which is unsubscribed.
        11 => ensure!(codex.ask("plain").await? == "You said plain"),
        // A sub-agent, whose last events arrive after the turn.
        12 => {
            let result = thread.run("delegate").await?;
            ensure!(result.final_response.as_deref() == Some("You said delegate"));
        }
        // Stopped by a future.
        13 => {
            let turn = thread.turn("hold").await?;
            let result = turn.run_until(future::ready(())).await?;
            ensure!(result.status == TurnStatus::Interrupted);
        }
        // Interrupted by the drop of its handle.
        14 => {
            let mut events = thread.events();
            drop(thread.turn("hold").interrupt_on_drop().await?);
            loop {
                let event = events.next().await.context("the end of the turn")??;
                if let ServerNotification::TurnCompleted(done) = event {
                    ensure!(done.turn.status == TurnStatus::Interrupted);
                    break;
                }
            }
        }
        _ => plain_turn(thread, number % 10).await?,
    }
    Ok(())
}

/// Runs one turn of a kind that needs its thread alone.
async fn plain_turn(thread: &Thread, kind: usize) -> Result<()> {
    match kind {
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
        "delegate" if request.last_tool_output().is_none() => {
            let call = Item::function_call("spawn_agent", json!({"message": "plain"}));
            ModelResponse::items([call.namespace("multi_agent_v1")])
        }
        "sum" => ModelResponse::text(r#"{"value": 3}"#),
        "fail" => ModelResponse::http_error(400, "no"),
        _ => ModelResponse::deltas(["You ".into(), "said ".into(), text]),
    }
}
