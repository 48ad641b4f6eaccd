//! Turns that are interrupted when their callers are gone or stop them.

use std::{
    future::{IntoFuture, pending, ready},
    time::Duration,
};

use codex_types::{ThreadUnsubscribeParams, TurnStatus};
use serde_json::json;
use tokio::{sync::oneshot, time::Instant};

use crate::{
    client::{Codex, Thread},
    error::Error,
    tests::{FakeServer, old_turn_start_response, poll_once, turn_start_response, turns::start},
};

/// Receives the interrupt of the turn `u` and responds to it.
async fn receive_interrupt(fake: &mut FakeServer) {
    let request = fake.respond("turn/interrupt", json!({})).await;
    assert_eq!(request["params"]["turnId"], "u", "{request}");
}

#[tokio::test]
async fn a_turn_is_interrupted_when_its_last_handle_and_stream_are_dropped() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await.interrupt_on_drop();
    fake.start_turn("u").await;
    let (clone, stream) = (turn.clone(), turn.text_stream());
    drop(turn);
    drop(clone);
    fake.round_trip(&thread.codex).await;
    drop(stream);
    receive_interrupt(&mut fake).await;
}

#[tokio::test]
async fn a_turn_that_has_ended_is_not_interrupted() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await.interrupt_on_drop();
    fake.start_turn("u").await;
    fake.complete_turn("u", "completed").await;
    turn.run().await.unwrap();
    drop(turn);
    fake.round_trip(&thread.codex).await;
}

#[tokio::test]
async fn a_turn_that_has_not_begun_is_interrupted_when_it_begins() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    drop(start(&thread, &mut fake, "u").await.interrupt_on_drop());
    fake.round_trip(&thread.codex).await;
    fake.start_turn("u").await;
    receive_interrupt(&mut fake).await;
}

#[tokio::test]
async fn a_turn_whose_start_is_dropped_is_interrupted_when_the_response_arrives() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let run = tokio::spawn(thread.run("hi").interrupt_on_drop().into_future());
    let id = fake.receive_request("turn/start").await;
    run.abort();
    run.await.unwrap_err();
    fake.send(&json!({"id": id, "result": turn_start_response("u")}))
        .await;
    fake.start_turn("u").await;
    receive_interrupt(&mut fake).await;
}

/// Starts a run that a channel stops, whose turn `u` has begun.
async fn run_until(
    thread: &Thread,
    fake: &mut FakeServer,
) -> (
    oneshot::Sender<()>,
    tokio::task::JoinHandle<crate::error::Result<crate::turn_result::TurnResult>>,
) {
    let (stop, stopped) = oneshot::channel();
    let run = tokio::spawn(thread.run("hi").until(stopped).into_future());
    fake.respond("turn/start", turn_start_response("u")).await;
    fake.start_turn("u").await;
    fake.complete_item("u", "half").await;
    fake.round_trip(&thread.codex).await;
    (stop, run)
}

#[tokio::test]
async fn a_stopped_run_returns_the_result_of_the_interrupted_turn() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let (stop, run) = run_until(&thread, &mut fake).await;
    stop.send(()).unwrap();
    receive_interrupt(&mut fake).await;
    fake.complete_turn("u", "interrupted").await;
    let result = run.await.unwrap().unwrap();
    assert_eq!(result.status, TurnStatus::Interrupted);
    assert_eq!(result.final_response.as_deref(), Some("half"));
    fake.round_trip(&thread.codex).await;
}

#[tokio::test(start_paused = true)]
async fn a_stopped_run_whose_turn_does_not_end_returns_the_result_so_far() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let (stop, run) = run_until(&thread, &mut fake).await;
    let stopped = Instant::now();
    stop.send(()).unwrap();
    receive_interrupt(&mut fake).await;
    let result = run.await.unwrap().unwrap();
    // The two seconds that the documentation names.
    assert_eq!(stopped.elapsed(), Duration::from_secs(2));
    assert_eq!(result.status, TurnStatus::InProgress);
    assert_eq!(result.final_response.as_deref(), Some("half"));
}

#[tokio::test]
async fn a_run_that_is_stopped_before_it_starts_sends_nothing() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let error = thread.run("hi").until(ready(())).await.unwrap_err();
    assert!(matches!(error, Error::Stopped), "{error}");
    fake.round_trip(&thread.codex).await;
}

#[tokio::test]
async fn a_run_that_is_stopped_before_the_response_is_interrupted_after_it() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let (stop, stopped) = oneshot::channel::<()>();
    let run = tokio::spawn(thread.run("hi").until(stopped).into_future());
    let id = fake.receive_request("turn/start").await;
    drop(stop);
    let error = run.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Stopped), "{error}");
    fake.send(&json!({"id": id, "result": turn_start_response("u")}))
        .await;
    fake.start_turn("u").await;
    receive_interrupt(&mut fake).await;
}

/// Sends the error of a usage limit for the turn `u`.
async fn send_usage_limit(fake: &mut FakeServer, will_retry: bool) {
    let error = json!({"message": "at the limit", "codexErrorInfo": "usageLimitExceeded"});
    let params = json!({"threadId": "t", "turnId": "u", "error": error, "willRetry": will_retry});
    fake.notify("error", params).await;
}

#[tokio::test]
async fn a_turn_that_waits_for_a_usage_limit_fails_at_once_and_is_interrupted_once() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    let mut text = turn.text_stream();
    fake.start_turn("u").await;
    send_usage_limit(&mut fake, true).await;
    send_usage_limit(&mut fake, true).await;
    let error = turn.run().await.unwrap_err();
    assert_eq!(error.to_string(), "the turn failed: at the limit");
    assert!(!error.is_transient());
    let last = text.next().await.unwrap().unwrap_err();
    assert!(matches!(last, Error::TurnFailed(_)), "{last}");
    assert!(text.next().await.is_none());
    receive_interrupt(&mut fake).await;
    fake.round_trip(&thread.codex).await;
}

#[tokio::test]
async fn the_turn_of_another_client_is_not_interrupted_at_a_usage_limit() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    // While this request has no response, the turn may be its own.
    let starting = tokio::spawn(thread.turn("hi").into_future());
    let id = fake.receive_request("turn/start").await;
    fake.start_turn("u").await;
    send_usage_limit(&mut fake, true).await;
    fake.round_trip(&thread.codex).await;
    fake.send(&json!({"id": id, "result": turn_start_response("own")}))
        .await;
    starting.await.unwrap().unwrap();
    fake.round_trip(&thread.codex).await;
}

#[tokio::test]
async fn a_turn_that_waited_for_a_usage_limit_before_its_response_fails() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let run = tokio::spawn(thread.run("hi").into_future());
    let id = fake.receive_request("turn/start").await;
    fake.start_turn("u").await;
    send_usage_limit(&mut fake, true).await;
    fake.send(&json!({"id": id, "result": turn_start_response("u")}))
        .await;
    let error = run.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::TurnFailed(_)), "{error}");
    receive_interrupt(&mut fake).await;
}

#[tokio::test]
async fn a_turn_that_ends_at_a_usage_limit_is_not_interrupted() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    fake.start_turn("u").await;
    send_usage_limit(&mut fake, false).await;
    fake.round_trip(&thread.codex).await;
    fake.complete_turn("u", "interrupted").await;
    let result = turn.run().await.unwrap();
    assert_eq!(result.status, TurnStatus::Interrupted);
}

#[tokio::test]
async fn a_handle_waits_until_the_turn_ends_or_is_stopped() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    fake.start_turn("u").await;
    let mut waiting = Box::pin(turn.run_until(pending::<()>()));
    assert!(poll_once(&mut waiting).is_none());
    let stopping = turn.run_until(ready(()));
    let (result, ()) = tokio::join!(stopping, async {
        receive_interrupt(&mut fake).await;
        fake.complete_turn("u", "interrupted").await;
    });
    assert_eq!(result.unwrap().status, TurnStatus::Interrupted);
    assert_eq!(waiting.await.unwrap().status, TurnStatus::Interrupted);
}

#[tokio::test(start_paused = true)]
async fn a_stopped_turn_that_begins_later_is_interrupted_then() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    let (result, ()) = tokio::join!(turn.run_until(ready(())), async {
        let id = fake.receive_request("turn/interrupt").await;
        let error = json!({"code": -32600, "message": "no active turn to interrupt"});
        fake.send(&json!({"id": id, "error": error})).await;
    });
    assert_eq!(result.unwrap().status, TurnStatus::InProgress);
    fake.start_turn("u").await;
    receive_interrupt(&mut fake).await;
}

#[tokio::test(start_paused = true)]
async fn the_interrupt_of_a_dropped_turn_waits_for_room_but_not_for_its_response() {
    let builder = Codex::builder().max_in_flight(1).no_request_timeout();
    let (codex, mut fake) = FakeServer::start_with(builder).await;
    let thread = fake.thread_start(&codex).await;
    let turn = start(&thread, &mut fake, "u").await.interrupt_on_drop();
    fake.start_turn("u").await;
    let models = tokio::spawn(codex.models().into_future());
    let id = fake.receive_request("model/list").await;
    drop(turn);
    tokio::time::sleep(Duration::from_secs(60)).await;
    fake.send(&json!({"id": id, "result": {"data": []}})).await;
    models.await.unwrap().unwrap();
    fake.receive_request("turn/interrupt").await;
    fake.round_trip(&codex).await;
}

#[tokio::test]
async fn dropping_the_client_too_does_not_wait() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await.interrupt_on_drop();
    fake.start_turn("u").await;
    fake.round_trip(&thread.codex).await;
    let codex: Codex = thread.codex.clone();
    drop((turn, thread));
    receive_interrupt(&mut fake).await;
    drop(codex);
    assert!(fake.next_line().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_turn_whose_start_timed_out_is_interrupted_after_a_late_response() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    for begins_first in [false, true] {
        let run = thread.run("hi").interrupt_on_drop();
        let run = tokio::spawn(run.timeout(Duration::from_secs(5)).into_future());
        let id = fake.receive_request("turn/start").await;
        let error = run.await.unwrap().unwrap_err();
        assert!(
            matches!(error, Error::Timeout { sent: true, .. }),
            "{error}"
        );
        if begins_first {
            fake.start_turn("u").await;
        }
        fake.send(&json!({"id": id, "result": turn_start_response("u")}))
            .await;
        if !begins_first {
            fake.start_turn("u").await;
        }
        receive_interrupt(&mut fake).await;
        fake.complete_turn("u", "interrupted").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_turn_that_begins_after_its_idle_timeout_is_interrupted_then() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    let turn = turn.idle_timeout(Duration::from_secs(1));
    let (result, ()) = tokio::join!(turn.run(), async {
        let id = fake.receive_request("turn/interrupt").await;
        let error = json!({"code": -32600, "message": "no active turn to interrupt"});
        fake.send(&json!({"id": id, "error": error})).await;
    });
    let error = result.unwrap_err();
    assert!(matches!(error, Error::TurnTimeout(_)), "{error}");
    fake.start_turn("u").await;
    receive_interrupt(&mut fake).await;
}

#[tokio::test]
async fn a_turn_is_interrupted_before_the_connection_ends_with_its_last_handle() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await.interrupt_on_drop();
    fake.start_turn("u").await;
    fake.round_trip(&thread.codex).await;
    drop(thread);
    drop(turn);
    let line = fake.next_line().await.unwrap();
    assert!(line.contains("turn/interrupt"), "{line}");
}

#[tokio::test]
async fn a_dropped_turn_of_a_thread_without_notifications_is_interrupted() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await.interrupt_on_drop();
    fake.start_turn("u").await;
    let params = ThreadUnsubscribeParams::new("t");
    let unsubscribe = thread.codex.request(params).into_future();
    let response = fake.respond("thread/unsubscribe", json!({"status": "unsubscribed"}));
    let (unsubscribed, _) = tokio::join!(unsubscribe, response);
    unsubscribed.unwrap();
    assert!(turn.run().await.is_err());
    drop(turn);
    receive_interrupt(&mut fake).await;
}

#[tokio::test]
async fn a_dropped_turn_that_may_have_joined_another_one_is_interrupted_under_both_ids() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let _first = start(&thread, &mut fake, "u").await;
    fake.start_turn("u").await;
    fake.round_trip(&thread.codex).await;
    let starting = thread.turn("hi").interrupt_on_drop().into_future();
    let response = fake.respond("turn/start", old_turn_start_response("x"));
    let (second, _) = tokio::join!(starting, response);
    drop(second.unwrap());
    receive_interrupt(&mut fake).await;
    fake.complete_turn("u", "completed").await;
    fake.start_turn("x").await;
    let request = fake.respond("turn/interrupt", json!({})).await;
    assert_eq!(request["params"]["turnId"], "x", "{request}");
}
