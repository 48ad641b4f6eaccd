//! Steps within a turn.

use codex_client::{
    ApprovalRequest, Codex, Decision, ExternalMessage, Input, Sandbox, Thread, Tool,
    schemars::{self, JsonSchema},
    types::{AskForApproval, ServerNotification, ToolRequestUserInputParams, TurnStatus},
};
use codex_testing::ModelResponse;
use codex_types::ToolRequestUserInputResponse;
use serde::Deserialize;
use serde_json::json;

use super::{Outcome, Server, check, reaches_model, responds, table};
use crate::stage::Stage;

table! {
    run: "run a turn, with options and the tokens it took",
    stream: "stream a turn",
    image: "send an image",
    external: "send an external message",
    steer: "steer a turn",
    interrupt: "interrupt a turn",
    join: "start a turn on a busy thread, which joins the running turn",
    join_interrupted: "interrupt a turn that another one has joined",
    approve: "approve a command",
    decline: "decline a file change",
    inbox: "answer an approval through the inbox",
    question: "answer a question of the model",
    tool: "a tool in Rust",
    output: "a typed response",
}

/// One pixel.
const PNG: &str = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC";

async fn run(server: Server) -> Outcome {
    let stage = Stage::new();
    let codex = server.start(&stage).await?;
    let thread = codex.thread_start().sandbox(Sandbox::ReadOnly).await?;
    stage.model.push("Hello.");
    let result = thread.run("Say hello.").model("gpt-5.4").await?;
    check(result.status == TurnStatus::Completed, &result)?;
    responds(&result, "Hello.")?;
    check(result.usage.is_some(), &result)?;
    check(result.unreadable.is_empty(), &result.unreadable)?;
    Ok(codex.close().await?)
}

async fn stream(server: Server) -> Outcome {
    let stage = Stage::new();
    let codex = server.start(&stage).await?;
    let thread = codex.thread_start().await?;
    stage.model.push(ModelResponse::deltas(["one ", "two"]));
    let mut events = thread.turn("Count.").await?.stream();
    let mut text = String::new();
    while let Some(event) = events.next().await {
        match event? {
            ServerNotification::AgentMessageDelta(delta) => text.push_str(&delta.delta),
            ServerNotification::Unrecognized(message) => {
                return Err(format!("unrecognized: {}", message.method).into());
            }
            _ => {}
        }
    }
    check(text == "one two", &text)?;
    let result = events.result().await?;
    responds(&result, "one two")?;
    Ok(codex.close().await?)
}

async fn image(server: Server) -> Outcome {
    let stage = Stage::new();
    let codex = server.start(&stage).await?;
    let thread = codex.thread_start().await?;
    stage.model.push("Seen.");
    thread.run(Input::image_url(PNG)).await?;
    reaches_model(&stage, "image", PNG)?;
    Ok(codex.close().await?)
}

async fn external(server: Server) -> Outcome {
    let stage = Stage::new();
    let codex = server.start(&stage).await?;
    let thread = codex.thread_start().await?;
    stage.model.push("Read.");
    thread
        .run(ExternalMessage::new("mailbox", "A letter."))
        .await?;
    reaches_model(&stage, "message", "A letter.")?;
    Ok(codex.close().await?)
}

async fn steer(server: Server) -> Outcome {
    let stage = Stage::new();
    let codex = server.start(&stage).await?;
    let thread = codex.thread_start().await?;
    let gate = stage.model.push_gated("Said to one.");
    let turn = thread.turn("one").await?;
    gate.reached().await?;
    turn.steer("two").await?;
    stage.model.push("Said to both.");
    gate.open();
    let result = turn.run().await?;
    responds(&result, "Said to both.")?;
    Ok(codex.close().await?)
}

async fn interrupt(server: Server) -> Outcome {
    let stage = Stage::new();
    let codex = server.start(&stage).await?;
    let thread = codex.thread_start().await?;
    let gate = stage.model.push_gated("Never said.");
    let turn = thread.turn("one").await?;
    gate.reached().await?;
    turn.interrupt().await?;
    let result = turn.run().await?;
    check(result.status == TurnStatus::Interrupted, &result)?;
    Ok(codex.close().await?)
}

async fn join(server: Server) -> Outcome {
    let stage = Stage::new();
    let codex = server.start(&stage).await?;
    let thread = codex.thread_start().await?;
    let gate = stage.model.push_gated("Said to one.");
    let first = thread.turn("one").await?;
    gate.reached().await?;
    let second = thread.turn("two").await?;
    check(second.id() == first.id(), (second.id(), first.id()))?;
    let mut text = second.text_stream();
    stage.model.push("Said to both.");
    gate.open();
    let result = second.run().await?;
    responds(&result, "Said to both.")?;
    let mut said = String::new();
    while let Some(piece) = text.next().await {
        said.push_str(&piece?);
    }
    check(said.ends_with("Said to both."), &said)?;
    check(first.run().await? == result, &result)?;
    // The thread then accepts turns again.
    stage.model.push("Said to three.");
    let third = thread.run("three").await?;
    responds(&third, "Said to three.")?;
    check(third.id != result.id, &third)?;
    Ok(codex.close().await?)
}

async fn join_interrupted(server: Server) -> Outcome {
    let stage = Stage::new();
    let codex = server.start(&stage).await?;
    let thread = codex.thread_start().await?;
    let gate = stage.model.push_gated("Never said.");
    let first = thread.turn("one").await?;
    gate.reached().await?;
    let second = thread.turn("two").await?;
    second.interrupt().await?;
    for turn in [first, second] {
        let result = turn.run().await?;
        check(result.status == TurnStatus::Interrupted, &result)?;
    }
    Ok(codex.close().await?)
}

/// Starts a thread in which the server asks before anything happens outside the sandbox.
pub(super) async fn asking(codex: &Codex) -> codex_client::Result<Thread> {
    let thread = codex.thread_start();
    let thread = thread.approval_policy(AskForApproval::OnRequest);
    thread.sandbox(Sandbox::ReadOnly).model("gpt-5.5").await
}

/// Returns the response that runs a command outside the sandbox, which makes `made.txt`.
pub(super) fn command() -> ModelResponse {
    let call = json!({
        "cmd": "touch made.txt", "sandbox_permissions": "require_escalated",
        "justification": "May I make a file?",
    });
    ModelResponse::function_call("exec_command", call)
}

/// Scripts a turn in which the model runs a command outside the sandbox.
fn push_command(stage: &Stage) {
    stage.model.push(command());
    stage.model.push("As you wish.");
}

async fn approve(server: Server) -> Outcome {
    let stage = Stage::new();
    let builder = server.builder(&stage);
    let codex = builder
        .on_approval(|request: ApprovalRequest| async move {
            match request {
                ApprovalRequest::Command(_) => Decision::Accept,
                _ => Decision::Decline,
            }
        })
        .start()
        .await?;
    let thread = asking(&codex).await?;
    push_command(&stage);
    let result = thread.run("Make a file.").await?;
    check(stage.home.workspace().join("made.txt").exists(), &result)?;
    Ok(codex.close().await?)
}

async fn decline(server: Server) -> Outcome {
    let stage = Stage::new();
    let codex = server.start(&stage).await?;
    let thread = asking(&codex).await?;
    let patch = "*** Begin Patch\n*** Add File: made.txt\n+one\n*** End Patch\n";
    stage
        .model
        .push(ModelResponse::custom_tool_call("apply_patch", patch));
    stage.model.push("As you wish.");
    let result = thread.run("Make a file.").await?;
    check(!stage.home.workspace().join("made.txt").exists(), &result)?;
    responds(&result, "As you wish.")?;
    Ok(codex.close().await?)
}

async fn inbox(server: Server) -> Outcome {
    let stage = Stage::new();
    let codex = server.start(&stage).await?;
    let mut inbox = codex.server_requests();
    let thread = asking(&codex).await?;
    push_command(&stage);
    let turn = thread.turn("Make a file.").await?;
    let pending = inbox.next().await.ok_or("the inbox has ended")?;
    pending.respond(Decision::Accept)?;
    let result = turn.run().await?;
    check(stage.home.workspace().join("made.txt").exists(), &result)?;
    Ok(codex.close().await?)
}

async fn question(server: Server) -> Outcome {
    let stage = Stage::new();
    let builder = server.builder(&stage);
    let codex = builder
        .config("features.default_mode_request_user_input", true)
        .on_user_input(|asked: ToolRequestUserInputParams| async move {
            let mut response = ToolRequestUserInputResponse::default();
            for question in &asked.questions {
                response = response.answer(&question.id, "Red");
            }
            response
        })
        .start()
        .await?;
    let thread = codex.thread_start().await?;
    let question = json!({
        "id": "color", "header": "Color", "question": "Which color?", "options": [
            {"label": "Blue", "description": "Like the sky."},
            {"label": "Red", "description": "Like a rose."},
        ],
    });
    let call = json!({"questions": [question]});
    stage
        .model
        .push(ModelResponse::function_call("request_user_input", call));
    stage.model.push("Then it is so.");
    thread.run("Ask me.").await?;
    let asked = stage.model.requests().pop().ok_or("no request")?;
    let answer = asked.last_tool_output().unwrap_or_default();
    check(answer.contains("Red"), &answer)?;
    Ok(codex.close().await?)
}

#[derive(Deserialize, JsonSchema)]
struct Lookup {
    id: String,
}

async fn tool(server: Server) -> Outcome {
    let stage = Stage::new();
    let codex = server.start(&stage).await?;
    let lookup = Tool::new(
        "lookup",
        "Fetch a ticket by id",
        |args: Lookup| async move { Ok(format!("Ticket {} is open.", args.id)) },
    );
    let thread = codex.thread_start().tool(lookup).await?;
    let call = json!({"id": "ABC-7"});
    stage
        .model
        .push(ModelResponse::function_call("lookup", call));
    stage.model.push("It is open.");
    thread.run("What about it?").await?;
    let asked = stage.model.requests().pop().ok_or("no request")?;
    let output = asked.last_tool_output().unwrap_or_default();
    check(output == "Ticket ABC-7 is open.", &output)?;
    Ok(codex.close().await?)
}

#[derive(Deserialize, JsonSchema)]
struct Verdict {
    is_good: bool,
}

async fn output(server: Server) -> Outcome {
    let stage = Stage::new();
    let codex = server.start(&stage).await?;
    let thread = codex.thread_start().await?;
    stage.model.push(r#"{"is_good": true}"#);
    let typed = thread.run("Is it good?").output::<Verdict>().await?;
    check(typed.value.is_good, &typed.result)?;
    reaches_model(&stage, "schema", "is_good")?;
    Ok(codex.close().await?)
}
