//! Turns on a real app-server: run, streamed, joined, failed, and closed midway.

use codex_client::{Error, Sandbox, types::ServerNotification};
use codex_testing::ModelResponse;
use codex_tests::stage::{Stage, assert_has_ended, interrupt};
use codex_types::{ThreadItem, ThreadReadParams, TurnStatus};

#[tokio::test]
async fn a_turn_runs_and_returns_its_result() {
    let stage = Stage::new();
    let codex = stage.start().await;
    assert!(codex.metadata().user_agent.starts_with("codex_rust_sdk/"));
    stage.model.push("It is 42.");
    let thread = codex
        .thread_start()
        .sandbox(Sandbox::ReadOnly)
        .await
        .unwrap();
    let result = thread.run("What is it?").await.unwrap();
    assert_eq!(result.status, TurnStatus::Completed);
    assert_eq!(result.final_response.as_deref(), Some("It is 42."));
    assert!(matches!(result.items[0], ThreadItem::UserMessage(..)));
    assert!(result.usage.is_some() && result.duration_ms.is_some());
    let params = ThreadReadParams::new(thread.id()).include_turns(true);
    let read = codex.request(params).await.unwrap();
    assert_eq!(read.thread.turns[0].id, result.id);
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_turn_can_be_streamed_and_then_returns_its_result() {
    let stage = Stage::new();
    let codex = stage.start().await;
    stage
        .model
        .push(ModelResponse::deltas(["one ", "two ", "three"]));
    let thread = codex.thread_start().await.unwrap();
    let turn = thread.turn("Count.").await.unwrap();
    let mut events = turn.stream();
    let (mut text, mut last) = (String::new(), String::new());
    while let Some(event) = events.next().await {
        let event = event.unwrap();
        assert_eq!(event.turn_id(), Some(turn.id()));
        last = event.method().to_owned();
        if let ServerNotification::AgentMessageDelta(delta) = event {
            text.push_str(&delta.delta);
        }
    }
    assert_eq!(
        (text.as_str(), last.as_str()),
        ("one two three", "turn/completed")
    );
    let result = events.result().await.unwrap();
    assert_eq!(result.final_response, Some(text));
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_turn_in_a_busy_thread_joins_the_running_one() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    let (first, gate) = stage.held_turn(&thread, "one", "first").await;
    stage.model.push("second");
    let second = thread.turn("two").await.unwrap();
    gate.open();
    let result = second.run().await.unwrap();
    assert_eq!(first.run().await.unwrap(), result);
    assert_eq!(result.final_response.as_deref(), Some("second"));
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_running_turn_is_steered_and_interrupted() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    // A steer takes effect once the model has begun to respond.
    let gate = stage.model.gate();
    stage
        .model
        .push(ModelResponse::text("Refactoring all of it.").hold_after(1, &gate));
    let turn = thread.turn("Refactor the parser.").await.unwrap();
    gate.reached().await.unwrap();
    let second = stage.model.push_gated("Never said.");
    turn.steer("Only the lexer.").await.unwrap();
    // An old server, such as 0.158.0, reads the response to its end first; others cut it off.
    gate.open();
    second.reached().await.unwrap();
    let asked = stage.model.requests();
    let text = asked[1].last_user_text();
    assert_eq!(text.as_deref(), Some("Only the lexer."));
    interrupt(&turn).await;
    assert_has_ended(&turn).await;
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_failed_turn_is_an_error_with_the_message_of_the_server() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    stage
        .model
        .push(ModelResponse::http_error(400, "bad request"));
    assert_failed(&thread.run("hi").await.unwrap_err());
    // The thread still works.
    stage.model.push("Now it works.");
    let result = thread.run("again").await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("Now it works."));
    codex.close().await.unwrap();
}

fn assert_failed(error: &Error) {
    assert!(error.to_string().contains("bad request"), "{error}");
    let Error::TurnFailed(result) = error else {
        panic!("{error}")
    };
    assert_eq!(result.status, TurnStatus::Failed);
}

#[test]
fn a_failed_turn_is_an_error_and_ends_its_text_with_one_in_the_blocking_api_too() {
    let stage = Stage::new();
    let codex = stage.start_blocking();
    let thread = codex.thread_start().send().unwrap();
    let failure = || ModelResponse::http_error(400, "bad request");
    stage.model.push(failure());
    assert_failed(&thread.run("hi").send().unwrap_err());
    stage.model.push(failure());
    let turn = thread.turn("hi").send().unwrap();
    let text: Vec<_> = turn.text_stream().collect();
    let [Err(error)] = &text[..] else {
        panic!("{text:?}")
    };
    assert_failed(error);
    assert_eq!(turn.partial().status, TurnStatus::Failed);
    codex.close().unwrap();
}

#[tokio::test]
async fn closing_the_client_ends_a_running_turn_with_a_closed_error() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    let (turn, _gate) = stage.held_turn(&thread, "hi", "never sent").await;
    codex.close().await.unwrap();
    let error = turn.run().await.unwrap_err();
    let Error::Closed(closed) = &error else {
        panic!("{error}")
    };
    assert!(
        closed.exit_status.is_some_and(|status| status.success()),
        "{closed:?}"
    );
    assert!(matches!(thread.run("more").await, Err(Error::Closed(_))));
}
