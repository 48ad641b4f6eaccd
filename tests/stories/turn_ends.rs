//! How turns end on a real app-server: in the order that the client relies on, and after silence.
//!
//! The client ends a turn without `turn/completed` if another turn starts in its thread or the
//! thread becomes inactive, and the turn has no event for some time. While a turn is alive, a
//! server must therefore report neither.

use std::time::Duration;

use codex_client::{
    Codex, Error, Sandbox, Thread, ThreadEvents,
    types::{ReviewTarget, ServerNotification, ThreadStatus, TurnStatus},
};
use codex_testing::{ModelResponse, Usage};
use codex_tests::stage::Stage;
use serde_json::json;

/// Starts a thread, and subscribes to its events.
async fn observed(codex: &Codex) -> (Thread, ThreadEvents) {
    let thread = codex.thread_start().sandbox(Sandbox::ReadOnly);
    let thread = thread.await.unwrap();
    let events = thread.events();
    (thread, events)
}

/// Closes the client and checks the order of the events. Returns the number of completed turns.
async fn assert_order(codex: Codex, mut events: ThreadEvents) -> usize {
    codex.close().await.unwrap();
    let (mut running, mut is_inactive, mut completed) = (None, false, 0);
    while let Some(event) = events.next().await {
        let event = event.unwrap();
        match &event {
            ServerNotification::TurnStarted(started) => {
                assert_eq!(running, None, "{} started", started.turn.id);
                running = Some(started.turn.id.clone());
                is_inactive = false;
            }
            ServerNotification::TurnCompleted(_) => {
                running = None;
                completed += 1;
            }
            ServerNotification::ThreadStatusChanged(changed) => {
                is_inactive = !matches!(changed.status, ThreadStatus::Active(_));
            }
            ServerNotification::Error(_) => {}
            // Only the error and the end of a turn follow the end of the activity.
            _ if event.turn_id().is_some() && running.is_some() => {
                assert!(!is_inactive, "{}", event.method());
            }
            _ => {}
        }
    }
    assert_eq!(running, None);
    completed
}

#[tokio::test]
async fn turns_that_follow_one_another_are_steered_interrupted_or_fail_in_order() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let (thread, events) = observed(&codex).await;
    for _ in 0..3 {
        stage.model.push("Hello.");
        thread.run("Hi.").await.unwrap();
    }
    let (turn, gate) = stage.held_turn(&thread, "One?", "One.").await;
    stage.model.push("Two.");
    turn.steer("Two?").await.unwrap();
    gate.open();
    turn.run().await.unwrap();
    let (turn, _gate) = stage.held_turn(&thread, "Three?", "Never said.").await;
    turn.interrupt().await.unwrap();
    // The next turn is requested while the server interrupts this one.
    stage.model.push("Four.");
    let next = thread.run("Four?").await.unwrap();
    assert_eq!(turn.run().await.unwrap().status, TurnStatus::Interrupted);
    assert_eq!(next.status, TurnStatus::Completed);
    stage
        .model
        .push(ModelResponse::http_error(400, "bad request"));
    let failed = thread.run("Five?").await;
    assert!(matches!(failed, Err(Error::TurnFailed(_))), "{failed:?}");
    assert_eq!(assert_order(codex, events).await, 7);
}

#[tokio::test]
async fn compactions_reviews_and_shell_commands_displace_a_turn_only_once_it_has_ended() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let (thread, events) = observed(&codex).await;
    let (turn, _gate) = stage.held_turn(&thread, "One?", "Never said.").await;
    // A shell command joins the running turn.
    let shell = thread.shell_command("true").await.unwrap();
    assert_eq!(shell.id(), turn.id());
    stage.model.push("A summary.");
    let compaction = thread.compact().await.unwrap();
    assert_eq!(turn.run().await.unwrap().status, TurnStatus::Interrupted);
    compaction.run().await.unwrap();
    let (turn, _gate) = stage.held_turn(&thread, "Two?", "Never said.").await;
    stage.model.push("Nothing to review.");
    let review = thread.review(ReviewTarget::UncommittedChanges);
    review.await.unwrap();
    assert_eq!(turn.run().await.unwrap().status, TurnStatus::Interrupted);
    assert_eq!(assert_order(codex, events).await, 4);
}

#[tokio::test]
async fn a_turn_that_compacts_its_history_by_itself_is_one_turn() {
    let stage = Stage::new();
    let builder = stage
        .builder()
        .config("model_auto_compact_token_limit", 100);
    let codex = builder.start().await.unwrap();
    let (thread, events) = observed(&codex).await;
    stage
        .model
        .respond_with(|_| ModelResponse::text("More.").usage(Usage::new(900, 100)));
    let one = thread.run("One?").await.unwrap();
    let two = thread.run("Two?").await.unwrap();
    assert_eq!(stage.model.requests().len(), 3);
    // The second turn has a call for the compaction and one for the response.
    assert_eq!([one, two].map(|turn| turn.tokens().total), [1000, 2000]);
    assert_eq!(assert_order(codex, events).await, 2);
}

#[tokio::test]
async fn the_turns_of_a_goal_follow_one_another() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let (thread, events) = observed(&codex).await;
    let complete = json!({"status": "complete"});
    stage.model.push("I have begun.");
    stage
        .model
        .push(ModelResponse::function_call("update_goal", complete));
    stage.model.push("It is done.");
    let goal = thread.goal_start("Count the frogs.").await.unwrap();
    let result = goal.run().await.unwrap();
    assert_eq!(result.turns.len(), 2);
    drop((goal, thread));
    assert_eq!(assert_order(codex, events).await, 2);
}

#[tokio::test]
async fn a_silent_turn_is_interrupted_and_the_thread_accepts_turns_again() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let (thread, events) = observed(&codex).await;
    let gate = stage.model.gate();
    stage
        .model
        .push(ModelResponse::deltas(["Once ", "upon"]).hold_after(3, &gate));
    let turn = thread.turn("Tell me a story.");
    let turn = turn.idle_timeout(Duration::from_millis(500)).await.unwrap();
    let Err(Error::TurnTimeout(error)) = turn.run().await else {
        panic!("not interrupted")
    };
    assert!(error.was_silent);
    assert_eq!(error.partial.unwrap().status, TurnStatus::Interrupted);
    stage.model.push("The end.");
    let result = thread.run("Go on.").await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("The end."));
    assert_eq!(assert_order(codex, events).await, 2);
}

#[tokio::test]
async fn a_goal_with_a_silent_turn_is_stopped_and_can_be_resumed() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let (thread, events) = observed(&codex).await;
    let _gate = stage.model.push_gated("Never said.");
    let goal = thread.goal_start("Count the frogs.");
    let goal = goal.idle_timeout(Duration::from_millis(500)).await.unwrap();
    let Err(Error::TurnTimeout(error)) = goal.run().await else {
        panic!("not interrupted")
    };
    assert!(error.was_silent);
    assert_eq!(error.partial.unwrap().status, TurnStatus::Interrupted);
    let complete = json!({"status": "complete"});
    stage
        .model
        .push(ModelResponse::function_call("update_goal", complete));
    stage.model.push("It is done.");
    let goal = goal.idle_timeout(Duration::from_secs(60));
    goal.resume().await.unwrap();
    let result = goal.run().await.unwrap();
    assert_eq!(result.final_response(), Some("It is done."));
    drop((goal, thread));
    assert_eq!(assert_order(codex, events).await, 2);
}

#[test]
fn the_blocking_api_interrupts_a_silent_turn_too() {
    let stage = Stage::new();
    let codex = stage.start_blocking();
    let thread = codex.thread_start().send().unwrap();
    let _gate = stage.model.push_gated("Never said.");
    let run = thread.run("Hi.").idle_timeout(Duration::from_millis(500));
    let Err(Error::TurnTimeout(error)) = run.send() else {
        panic!("not interrupted")
    };
    assert!(error.was_silent);
    assert_eq!(error.partial.unwrap().status, TurnStatus::Interrupted);
    codex.close().unwrap();
}
