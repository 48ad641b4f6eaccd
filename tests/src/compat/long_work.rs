//! Steps about work that takes more than one turn of a thread: reviews, goals and sub-agents.

use std::{fs, process::Command, time::Duration};

use codex_client::{
    Codex, Decision, GoalHandle, Thread,
    types::{ReviewTarget, ServerNotification, ThreadGoalStatus, TurnStatus},
};
use codex_testing::{Gate, Item, ModelResponse};
use serde_json::json;

use super::{
    Outcome, Server, check, responds, table,
    turns::{asking, command},
};
use crate::stage::Stage;

table! {
    review: "review the changes in a repository",
    slow_review: "a review whose model is silent for longer than the grace period of turns",
    interrupted_review: "interrupt a review",
    goal: "pursue a goal over two turns",
    paused_goal: "pause and resume a goal",
    failing_goal: "a goal that is blocked because its turn fails",
    sub_agent: "answer an approval of a sub-agent through the inbox of its parent thread",
}

/// Creates a stage whose workspace is a repository with a new file.
fn repository() -> Result<Stage, Box<dyn std::error::Error + Send + Sync>> {
    let stage = Stage::new();
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=A", "-c", "user.email=a@example.com"]);
        git.args(arguments).current_dir(stage.home.workspace());
        let output = git.output()?;
        check(output.status.success(), &output)
    };
    git(&["init", "--quiet"])?;
    git(&["commit", "--quiet", "--allow-empty", "--message=Begin"])?;
    fs::write(stage.home.workspace().join("main.rs"), "fn main() {}\n")?;
    Ok(stage)
}

/// Returns the model's response to a review request.
fn findings() -> ModelResponse {
    let findings = json!({
        "findings": [], "overall_correctness": "patch is correct",
        "overall_explanation": "It is empty.", "overall_confidence_score": 0.8,
    });
    ModelResponse::text(findings.to_string())
}

async fn review(server: Server) -> Outcome {
    let stage = repository()?;
    let codex = server.start(&stage).await?;
    let thread = codex.thread_start().await?;
    stage.model.push(findings());
    let result = thread.review(ReviewTarget::UncommittedChanges).await?;
    let review = result.review().unwrap_or_default();
    check(review.contains("It is empty."), &result)?;
    Ok(codex.close().await?)
}

async fn slow_review(server: Server) -> Outcome {
    let stage = repository()?;
    let grace = Duration::from_secs(1);
    let builder = server.builder(&stage).turn_end_grace(grace);
    let codex = builder.start().await?;
    let thread = codex.thread_start().await?;
    // The status of the thread before the review begins is known too.
    stage.model.push("Hello.");
    thread.run("Hi.").await?;
    stage.model.push(findings().delay(2 * grace));
    let result = thread.review(ReviewTarget::UncommittedChanges).await?;
    let review = result.review().unwrap_or_default();
    check(review.contains("It is empty."), &result)?;
    Ok(codex.close().await?)
}

async fn interrupted_review(server: Server) -> Outcome {
    let stage = repository()?;
    let codex = server.start(&stage).await?;
    let thread = codex.thread_start().await?;
    let gate = stage.model.gate();
    stage.model.push(findings().hold(&gate));
    let review = thread.review(ReviewTarget::UncommittedChanges).start();
    let review = review.await?;
    gate.reached().await?;
    review.interrupt().await?;
    let result = review.run().await?;
    check(result.status == TurnStatus::Interrupted, &result)?;
    // The thread then accepts turns again.
    stage.model.push("Hello.");
    let result = thread.run("Hi.").await?;
    responds(&result, "Hello.")?;
    Ok(codex.close().await?)
}

/// Starts a goal whose first turn is held at a gate.
async fn pursued(
    stage: &Stage,
    codex: &Codex,
) -> Result<(Thread, GoalHandle, Gate), Box<dyn std::error::Error + Send + Sync>> {
    let thread = codex.thread_start().await?;
    let gate = stage.model.push_gated("I have begun.");
    let goal = thread.goal_start("Count the frogs.").await?;
    gate.reached().await?;
    Ok((thread, goal, gate))
}

/// Scripts a turn in which the model marks the goal as complete.
fn push_completion(stage: &Stage) {
    let complete = json!({"status": "complete"});
    stage
        .model
        .push(ModelResponse::function_call("update_goal", complete));
    stage.model.push("It is done.");
}

async fn goal(server: Server) -> Outcome {
    let stage = Stage::new();
    let codex = server.start(&stage).await?;
    let (_thread, goal, gate) = pursued(&stage, &codex).await?;
    push_completion(&stage);
    gate.open();
    let result = goal.run().await?;
    let status = result.status();
    check(status == Some(&ThreadGoalStatus::Complete), &result)?;
    check(result.turns.len() == 2, &result)?;
    Ok(codex.close().await?)
}

async fn paused_goal(server: Server) -> Outcome {
    let stage = Stage::new();
    let codex = server.start(&stage).await?;
    let (_thread, goal, gate) = pursued(&stage, &codex).await?;
    goal.pause().await?;
    gate.open();
    let result = goal.run().await?;
    check(result.status() == Some(&ThreadGoalStatus::Paused), &result)?;
    push_completion(&stage);
    goal.resume().await?;
    let result = goal.run().await?;
    let status = result.status();
    check(status == Some(&ThreadGoalStatus::Complete), &result)?;
    Ok(codex.close().await?)
}

async fn failing_goal(server: Server) -> Outcome {
    let stage = Stage::new();
    let codex = server.start(&stage).await?;
    let (_thread, goal, gate) = pursued(&stage, &codex).await?;
    stage
        .model
        .respond_with(|_| ModelResponse::http_error(400, "bad request"));
    let mut events = goal.stream();
    gate.open();
    let mut failed = 0;
    while let Some(event) = events.next().await {
        if let ServerNotification::TurnCompleted(done) = event?
            && done.turn.status == TurnStatus::Failed
        {
            failed += 1;
        }
        if failed > 1 {
            return Err("the server starts another turn after one that fails".into());
        }
    }
    let result = events.result().await?;
    let status = result.status();
    check(
        failed == 1 && status == Some(&ThreadGoalStatus::Blocked),
        &result,
    )?;
    Ok(codex.close().await?)
}

async fn sub_agent(server: Server) -> Outcome {
    let stage = Stage::new();
    stage.model.respond_with(|request| {
        let asked = request.last_user_text().unwrap_or_default();
        match (asked.contains("Make a file."), request.last_tool_output()) {
            (true, None) => command(),
            (false, None) => {
                let call = Item::function_call("spawn_agent", json!({"message": "Make a file."}));
                ModelResponse::items([call.namespace("multi_agent_v1")])
            }
            (_, Some(_)) => ModelResponse::text("Done."),
        }
    });
    let codex = server.start(&stage).await?;
    let thread = asking(&codex).await?;
    let mut inbox = thread.server_requests();
    let mut notifications = codex.notifications();
    let result = thread.run("Delegate.").await?;
    responds(&result, "Done.")?;
    let request = inbox.next().await.ok_or("the inbox has ended")?;
    let agent = request.approval().map(|it| it.thread_id().to_owned());
    let agent = agent.filter(|agent| agent != thread.id());
    let agent = agent.ok_or("not an approval of a sub-agent")?;
    request.respond(Decision::Accept)?;
    while let Some(event) = notifications.next().await {
        match event? {
            ServerNotification::TurnCompleted(done) if done.thread_id == agent => break,
            _ => {}
        }
    }
    check(stage.home.workspace().join("made.txt").exists(), &result)?;
    Ok(codex.close().await?)
}
