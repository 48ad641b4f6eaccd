//! Timeouts of turns.

use std::{future::IntoFuture, time::Duration};

use codex_types::TurnStatus;

use crate::{
    error::{Error, Result, turn_timeout::TurnTimeout},
    tests::{
        FakeServer, turn_start_response,
        turns::{assert_interrupted, interrupted_turn, start},
    },
    turn_result::TurnResult,
};

const TIMEOUT: Duration = Duration::from_secs(90);

fn timed_out(result: Result<TurnResult>) -> Box<TurnTimeout> {
    match result {
        Err(Error::TurnTimeout(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_exceeds_its_timeout_is_interrupted_and_returned_in_the_error() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let run = thread.run("hi").timeout(TIMEOUT).into_future();
    let (result, ()) = tokio::join!(run, interrupted_turn(&mut fake));
    let error = timed_out(result);
    assert_eq!(
        error.to_string(),
        "the turn u did not end within 90 s and was interrupted"
    );
    assert_interrupted(&error.partial.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_ignores_the_interrupt_is_abandoned_and_can_be_awaited_again() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    let started = tokio::time::Instant::now();
    let error = timed_out(turn.run_within(TIMEOUT).await);
    assert_eq!(started.elapsed(), TIMEOUT + Duration::from_secs(5));
    assert_eq!(error.after, TIMEOUT);
    let ids = (&*error.thread_id, error.turn_id.as_deref());
    assert_eq!(ids, ("t", Some("u")));
    assert_eq!(error.partial.unwrap().status, TurnStatus::InProgress);
    fake.receive_request("turn/interrupt").await;
    fake.complete_turn("u", "interrupted").await;
    let result = turn.run().await.unwrap();
    assert_eq!(result.status, TurnStatus::Interrupted);
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_completes_while_it_is_interrupted_is_a_result() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    let (result, _) = tokio::join!(turn.run_within(TIMEOUT), async {
        fake.receive_request("turn/interrupt").await;
        fake.complete_item("u", "done").await;
        fake.complete_turn("u", "completed").await;
    });
    assert_eq!(result.unwrap().final_response.as_deref(), Some("done"));
}

#[tokio::test(start_paused = true)]
async fn the_timeout_covers_the_start_of_the_turn() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let timeout = Duration::from_secs(2);
    let error = thread.run("hi").timeout(timeout).await.unwrap_err();
    assert!(
        matches!(error, Error::Timeout { method: "turn/start", after, .. } if after == timeout)
    );
    fake.receive_request("turn/start").await;
}

#[tokio::test]
async fn a_dropped_run_does_not_interrupt_its_turn() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let mut notifications = thread.codex.notifications();
    let run = tokio::spawn(thread.run("hi").into_future());
    fake.respond("turn/start", turn_start_response("u")).await;
    fake.start_turn("u").await;
    fake.round_trip(&thread.codex).await;
    run.abort();
    let _ = run.await;
    // The turn is not interrupted: the next request that arrives is a different one.
    fake.round_trip(&thread.codex).await;
    fake.complete_turn("u", "completed").await;
    let event = notifications.next().await.unwrap().unwrap();
    assert_eq!(
        (event.method(), event.turn_id()),
        ("turn/completed", Some("u"))
    );
}
