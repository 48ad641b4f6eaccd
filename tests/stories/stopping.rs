//! Turns that are stopped when their callers are gone or stop them, on a real app-server.

use std::future::IntoFuture;

use codex_client::{Error, types::TurnStatus};
use codex_tests::stage::Stage;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn a_dropped_run_ends_its_model_call() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    let gate = stage.model.push_gated("never");
    let run = thread.run("Go.").interrupt_on_drop().into_future();
    let run = tokio::spawn(run);
    gate.reached().await.unwrap();
    run.abort();
    run.await.unwrap_err();
    gate.hung_up().await.unwrap();
    stage.model.push("Here.");
    let next = thread.run("And now?").await.unwrap();
    assert_eq!(next.final_response.as_deref(), Some("Here."));
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_turn_dropped_as_soon_as_it_is_started_is_interrupted() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    for _ in 0..5 {
        let gate = stage.model.push_gated("never");
        let mut events = thread.events();
        drop(thread.turn("Go.").interrupt_on_drop().await.unwrap());
        let status = loop {
            let event = events.next().await.unwrap().unwrap();
            if let codex_client::types::ServerNotification::TurnCompleted(completed) = event {
                break completed.turn.status;
            }
        };
        assert_eq!(status, TurnStatus::Interrupted);
        gate.open();
    }
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_stopped_run_returns_what_was_done() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    let gate = stage.model.push_gated("never");
    let (stop, stopped) = oneshot::channel();
    let run = tokio::spawn(thread.run("Go.").until(stopped).into_future());
    gate.reached().await.unwrap();
    stop.send(()).unwrap();
    let result = run.await.unwrap().unwrap();
    assert_eq!(result.status, TurnStatus::Interrupted);
    gate.hung_up().await.unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    drop(stop);
    let error = thread.run("Go.").until(stopped).await.unwrap_err();
    assert!(matches!(error, Error::Stopped), "{error}");
    codex.close().await.unwrap();
}

#[test]
fn a_blocking_run_is_stopped_by_a_channel_and_a_dropped_turn_is_interrupted() {
    let stage = Stage::new();
    let codex = stage.start_blocking();
    let thread = codex.thread_start().send().unwrap();
    let gate = stage.model.push_gated("never");
    let (stop, stopped) = oneshot::channel();
    let reached = gate.clone();
    let stopping = std::thread::spawn(move || {
        reached.blocking_reached().unwrap();
        stop.send(()).unwrap();
    });
    let result = thread.run("Go.").until(stopped).send().unwrap();
    assert_eq!(result.status, TurnStatus::Interrupted);
    stopping.join().unwrap();
    let gate = stage.model.push_gated("never");
    let turn = thread.turn("Go.").interrupt_on_drop().send().unwrap();
    gate.blocking_reached().unwrap();
    drop(turn);
    gate.blocking_hung_up().unwrap();
    codex.close().unwrap();
}

#[tokio::test]
async fn one_cancellation_token_stops_several_turns_and_those_that_follow() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let token = CancellationToken::new();
    let thread = codex.thread_start().await.unwrap();
    let other = codex.thread_start().await.unwrap();
    let gate = stage.model.push_gated("never");
    let run = thread
        .run("Go.")
        .until(token.child_token().cancelled_owned());
    let run = tokio::spawn(run.into_future());
    gate.reached().await.unwrap();
    let (turn, other_gate) = stage.held_turn(&other, "Go.", "never").await;
    let (stopped, ()) = tokio::join!(turn.run_until(token.cancelled()), async { token.cancel() });
    assert_eq!(stopped.unwrap().status, TurnStatus::Interrupted);
    assert_eq!(run.await.unwrap().unwrap().status, TurnStatus::Interrupted);
    gate.hung_up().await.unwrap();
    other_gate.hung_up().await.unwrap();
    let late = thread.run("Go.").until(token.cancelled_owned()).await;
    assert!(matches!(late, Err(Error::Stopped)), "{late:?}");
    codex.close().await.unwrap();
}

#[test]
fn a_cancellation_token_stops_a_blocking_run() {
    let stage = Stage::new();
    let codex = stage.start_blocking();
    let thread = codex.thread_start().send().unwrap();
    let gate = stage.model.push_gated("never");
    let token = CancellationToken::new();
    let (reached, cancelled) = (gate.clone(), token.clone());
    let stopping = std::thread::spawn(move || {
        reached.blocking_reached().unwrap();
        cancelled.cancel();
    });
    let run = thread.run("Go.").until(token.cancelled_owned());
    assert_eq!(run.send().unwrap().status, TurnStatus::Interrupted);
    stopping.join().unwrap();
    gate.blocking_hung_up().unwrap();
    codex.close().unwrap();
}
