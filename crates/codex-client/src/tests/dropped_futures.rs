//! Futures that are dropped before they complete, and what becomes of their requests.

use std::future::IntoFuture;

use codex_types::TurnStatus;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::{
    client::{Codex, Thread},
    error::Error,
    notifications::Notifications,
    tests::{
        FakeServer, poll_once, turn_start_response,
        turns::{events, start},
    },
    turn::handle::TurnHandle,
};

/// Drops a pending future.
async fn cancel<T>(waiting: JoinHandle<T>) {
    waiting.abort();
    let cancelled = waiting.await.err().map(|error| error.is_cancelled());
    assert_eq!(cancelled, Some(true));
}

/// Returns the method and the turn of the next global notification.
async fn next(notifications: &mut Notifications) -> (String, String) {
    let event = notifications.next().await.unwrap().unwrap();
    let turn_id = event.turn_id().unwrap_or_default().to_owned();
    (event.method().to_owned(), turn_id)
}

/// Returns a thread, a running turn `u` in it, and their server.
async fn start_running_turn() -> (Thread, TurnHandle, FakeServer) {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    fake.start_turn("u").await;
    fake.round_trip(&thread.codex).await;
    (thread, turn, fake)
}

#[tokio::test]
async fn a_turn_whose_start_is_dropped_runs_on_and_all_its_events_become_global_notifications() {
    let (thread, other, mut fake) = start_running_turn().await;
    let mut notifications = thread.codex.notifications();
    let starting = tokio::spawn(thread.turn("hi").into_future());
    let id = fake.receive_request("turn/start").await;
    // Held back, as the turn may be the one that is being started.
    fake.start_turn("dropped").await;
    fake.round_trip(&thread.codex).await;
    cancel(starting).await;
    fake.send(&json!({"id": id, "result": turn_start_response("dropped")}))
        .await;
    fake.delta("dropped", "x").await;
    fake.delta("u", "running").await;
    fake.complete_turn("dropped", "completed").await;
    fake.complete_turn("u", "completed").await;
    for method in ["turn/started", "item/agentMessage/delta", "turn/completed"] {
        let expected = (method.to_owned(), "dropped".to_owned());
        assert_eq!(next(&mut notifications).await, expected);
    }
    // The other turn gets only its own events.
    let expected = ["turn/started", "running", "turn/completed"];
    assert_eq!(events(&other).await, expected);
}

#[tokio::test]
async fn a_turn_dropped_while_it_is_queued_is_never_started_and_holds_no_events_back() {
    let (codex, mut fake) = FakeServer::start_with(Codex::builder().max_in_flight(1)).await;
    let thread = fake.thread_start(&codex).await;
    let mut notifications = codex.notifications();
    let first = tokio::spawn(codex.models().into_future());
    let id = fake.receive_request("model/list").await;
    let starting = tokio::spawn(thread.turn("hi").into_future());
    tokio::task::yield_now().await;
    // Held back, as the turn may be the one that is being started.
    fake.delta("other", "x").await;
    cancel(starting).await;
    fake.send(&json!({"id": id, "result": {"data": []}})).await;
    first.await.unwrap().unwrap();
    let expected = ("item/agentMessage/delta".to_owned(), "other".to_owned());
    assert_eq!(next(&mut notifications).await, expected);
    fake.round_trip(&codex).await;
}

#[tokio::test]
async fn a_dropped_steer_affects_neither_its_turn_nor_the_next_steer() {
    let (thread, turn, mut fake) = start_running_turn().await;
    let steering = tokio::spawn({
        let turn = turn.clone();
        async move { turn.steer("more").await }
    });
    let id = fake.receive_request("turn/steer").await;
    cancel(steering).await;
    fake.send(&json!({"id": id, "result": {"turnId": "u"}}))
        .await;
    let (steered, message) = tokio::join!(
        turn.steer("still more"),
        fake.respond("turn/steer", json!({"turnId": "u"}))
    );
    steered.unwrap();
    assert_eq!(message["params"]["input"][0]["text"], "still more");
    fake.complete_turn("u", "completed").await;
    assert_eq!(events(&turn).await, ["turn/started", "turn/completed"]);
    fake.round_trip(&thread.codex).await;
}

#[tokio::test]
async fn a_dropped_interrupt_still_interrupts_the_turn() {
    let (thread, turn, mut fake) = start_running_turn().await;
    let interrupting = tokio::spawn({
        let turn = turn.clone();
        async move { turn.interrupt().await }
    });
    let id = fake.receive_request("turn/interrupt").await;
    cancel(interrupting).await;
    fake.send(&json!({"id": id, "result": {}})).await;
    fake.complete_turn("u", "interrupted").await;
    let result = turn.run().await.unwrap();
    assert_eq!(result.status, TurnStatus::Interrupted);
    fake.round_trip(&thread.codex).await;
}

#[tokio::test]
async fn a_dropped_steer_or_start_starts_a_turn_that_the_next_call_steers() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let sending = tokio::spawn({
        let thread = thread.clone();
        async move { thread.steer_or_start("one").await }
    });
    let id = fake.receive_request("turn/start").await;
    cancel(sending).await;
    fake.send(&json!({"id": id, "result": turn_start_response("u")}))
        .await;
    fake.start_turn("u").await;
    fake.round_trip(&thread.codex).await;
    let (sent, message) = tokio::join!(
        thread.steer_or_start("two"),
        fake.respond("turn/steer", json!({"turnId": "u"}))
    );
    assert_eq!(message["params"]["expectedTurnId"], "u");
    fake.complete_turn("u", "completed").await;
    assert_eq!(events(&sent.unwrap()).await, ["turn/completed"]);
}

#[tokio::test]
async fn a_dropped_steer_or_start_starts_no_turn_when_the_running_one_has_completed() {
    let (thread, turn, mut fake) = start_running_turn().await;
    let sending = tokio::spawn({
        let thread = thread.clone();
        async move { thread.steer_or_start("more").await }
    });
    let id = fake.receive_request("turn/steer").await;
    cancel(sending).await;
    fake.complete_turn("u", "completed").await;
    let error = json!({"code": -32600, "message": "no active turn to steer"});
    fake.send(&json!({"id": id, "error": error})).await;
    // No turn is started: the next request that arrives is a different one.
    fake.round_trip(&thread.codex).await;
    assert_eq!(events(&turn).await, ["turn/started", "turn/completed"]);
}

#[tokio::test]
async fn a_dropped_close_still_closes_the_connection() {
    let (thread, turn, mut fake) = start_running_turn().await;
    let codex = thread.codex.clone();
    assert!(poll_once(codex.close()).is_none());
    fake.receive_end().await;
    assert!(matches!(turn.run().await, Err(Error::Closed(_))));
    assert!(matches!(thread.run("more").await, Err(Error::Closed(_))));
}
