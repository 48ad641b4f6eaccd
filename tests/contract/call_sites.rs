//! The main calls to the SDK as users write them. A change to these calls breaks programs. The
//! example programs cover `Codex::start()` itself.

use std::time::Duration;

use codex_client::{
    ApprovalRequest, Codex, Decision, Sandbox, Tool,
    types::{AskForApproval, ReasoningEffort, ServerNotification, TurnStatus},
};
use codex_testing::ModelResponse;
use codex_tests::{issuer::Issuer, stage::Stage};
use codex_types::{ThreadReadParams, request};
use serde_json::json;

#[derive(Debug, PartialEq, serde::Deserialize, schemars::JsonSchema)]
enum Verdict {
    Good,
    Bad,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Review {
    verdict: Verdict,
    comments: Vec<String>,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Lookup {
    id: String,
}

/// Runs a command that needs an approval. Returns the output that the model receives.
async fn run_with_approval(
    stage: &Stage,
    codex: &Codex,
    command: &str,
) -> codex_client::Result<String> {
    let arguments = json!({
        "cmd": command, "sandbox_permissions": "require_escalated", "justification": "May I?",
    });
    let call = ModelResponse::function_call("exec_command", arguments);
    stage.model.push(call);
    stage.model.push("I see.");
    let thread = codex
        .thread_start()
        .approval_policy(AskForApproval::OnRequest)
        .sandbox(Sandbox::ReadOnly)
        .await?;
    thread.run("Do it.").await?;
    let asked = stage.model.requests();
    Ok(asked.last().unwrap().last_tool_output().unwrap())
}

#[tokio::test]
async fn a_turn_can_be_run_streamed_steered_and_interrupted() -> codex_client::Result<()> {
    let stage = Stage::new();
    stage.model.push("It is small.");
    stage.model.push(ModelResponse::deltas(["It is ", "done."]));

    let codex = stage.builder().start().await?;
    let thread = codex
        .thread_start()
        .sandbox(Sandbox::WorkspaceWrite)
        .await?;
    let result = thread
        .run("Explain this repository in three bullets.")
        .await?;
    let response = result.final_response.as_deref().unwrap_or("(no response)");
    assert_eq!(response, "It is small.");

    let turn = thread.turn("Refactor the parser").await?;
    let (mut events, mut said, mut done) = (turn.stream(), String::new(), Vec::new());
    while let Some(event) = events.next().await {
        match event? {
            ServerNotification::AgentMessageDelta(delta) => said += &delta.delta,
            ServerNotification::ItemCompleted(completed) => done.push(completed.item),
            _ => {}
        }
    }
    let result = events.result().await?;
    assert_eq!((result.final_response, result.items), (Some(said), done));

    let gate = stage.model.push_gated("Never said.");
    let turn = thread.turn("Refactor the parser").await?;
    gate.reached().await.unwrap();
    turn.steer("Only the lexer.").await?;
    turn.interrupt().await?;
    assert_eq!(turn.run().await?.status, TurnStatus::Interrupted);

    // In async code, `send` sends a request too.
    let read = thread.read().send().await?;
    assert_eq!(read.thread.id, thread.id());
    let id = thread.id();
    let read = codex
        .request(ThreadReadParams::new(id).include_turns(true))
        .await?;
    assert_eq!(read.thread.turns.len(), 3);
    codex.request(request::MemoryReset).await?;
    codex.close().await
}

#[test]
fn the_blocking_api_has_the_same_calls() -> codex_client::Result<()> {
    let stage = Stage::new();
    stage.model.push("Hello.");
    stage.model.push(ModelResponse::deltas(["It is ", "done."]));

    let codex = stage.blocking_builder().start()?;
    let thread = codex.thread_start().model("gpt-5.4").send()?;
    let result = thread
        .run("Say hello.")
        .effort(ReasoningEffort::High)
        .send()?;
    assert_eq!(result.final_response.as_deref(), Some("Hello."));

    let turn = thread.turn("Refactor the parser").send()?;
    let (mut events, mut said) = (turn.stream(), String::new());
    for event in &mut events {
        if let ServerNotification::AgentMessageDelta(delta) = event? {
            said += &delta.delta;
        }
    }
    assert_eq!(events.result()?.final_response, Some(said));

    let id = thread.id();
    let read = codex
        .request(ThreadReadParams::new(id).include_turns(true))
        .send()?;
    assert_eq!(read.thread.turns.len(), 2);
    codex.request(request::MemoryReset).send()?;
    codex.close()
}

#[tokio::test]
async fn a_turn_has_its_tokens_and_stops_with_its_caller_or_when_it_is_silent()
-> codex_client::Result<()> {
    let stage = Stage::new();
    stage.model.push("They pass.");
    let codex = stage.builder().start().await?;
    let thread = codex.thread_start().await?;
    let result = thread
        .run("Fix the tests.")
        .interrupt_on_drop()
        .idle_timeout(Duration::from_secs(120))
        .await?;
    assert_eq!(result.tokens().total, 15);
    codex.close().await
}

#[test]
fn a_blocking_turn_has_them_too() -> codex_client::Result<()> {
    let stage = Stage::new();
    stage.model.push("They pass.");
    let codex = stage.blocking_builder().start()?;
    let thread = codex.thread_start().send()?;
    let run = thread.run("Fix the tests.").interrupt_on_drop();
    let result = run.idle_timeout(Duration::from_secs(120)).send()?;
    assert_eq!(result.tokens().total, 15);
    codex.close()
}

#[tokio::test]
async fn a_program_logs_in() -> codex_client::Result<()> {
    let (stage, issuer) = (Stage::new(), Issuer::start());
    let codex = issuer.configure(stage.builder()).start().await?;
    codex.login_api_key("sk-...").await?;
    let login = codex.login_chatgpt_device_code().await?;
    assert!(login.verification_url().starts_with("http") && !login.user_code().is_empty());
    let done = login.wait().await?;
    assert!(done.success);
    codex.close().await
}

#[tokio::test]
async fn a_closure_or_an_inbox_decides_on_approvals() -> codex_client::Result<()> {
    let stage = Stage::new();
    std::fs::write(stage.home.workspace().join("note"), "a word").unwrap();
    let builder = stage.builder();

    let codex = builder
        .on_approval(|request: ApprovalRequest| async move {
            if request.is_read_only() {
                Decision::Accept
            } else {
                Decision::Decline
            }
        })
        .start()
        .await?;
    let told = run_with_approval(&stage, &codex, "cat note").await?;
    assert!(told.contains("a word"), "{told}");
    let told = run_with_approval(&stage, &codex, "touch made").await?;
    assert!(told.contains("rejected"), "{told}");
    codex.close().await?;

    let codex = stage.builder().start().await?;
    let mut inbox = codex.server_requests();
    let responding = tokio::spawn(async move {
        while let Some(pending) = inbox.next().await {
            pending.respond(Decision::Accept).unwrap();
        }
    });
    run_with_approval(&stage, &codex, "touch made").await?;
    assert!(stage.home.workspace().join("made").exists());
    codex.close().await?;
    responding.await.unwrap();
    Ok(())
}

#[tokio::test]
async fn a_typed_response_is_a_value_and_a_tool_is_a_closure() -> codex_client::Result<()> {
    let stage = Stage::new();
    let codex = stage.builder().start().await?;
    let thread = codex.thread_start().await?;
    stage
        .model
        .push(r#"{"comments": ["Short."], "verdict": "Good"}"#);
    let review: Review = thread
        .run("Review the diff.")
        .output::<Review>()
        .await?
        .value;
    assert_eq!(
        (review.verdict, &*review.comments),
        (Verdict::Good, &["Short.".to_owned()][..])
    );

    let thread = codex
        .thread_start()
        .tool(Tool::new(
            "lookup_ticket",
            "Fetch a ticket by id",
            |args: Lookup| async move { Ok(format!("Ticket {} is open.", args.id)) },
        ))
        .await?;
    stage.model.push(ModelResponse::function_call(
        "lookup_ticket",
        json!({"id": "A-1"}),
    ));
    stage.model.push("It is open.");
    thread.run("Is A-1 open?").await?;
    let heard = stage.model.requests().last().unwrap().last_tool_output();
    assert_eq!(heard.as_deref(), Some("Ticket A-1 is open."));
    codex.close().await
}
