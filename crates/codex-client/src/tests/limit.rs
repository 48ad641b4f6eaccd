//! Turns that take too long, and turns that nobody waits for any more.

use std::{future::IntoFuture, time::Duration};

use codex_types::TurnStatus;
use serde_json::json;

use crate::{
    error::{Error, Result, turn_timeout::TurnTimeout},
    tests::{Fake, settle, turn_started, turns::start},
    turn_result::TurnResult,
};

const LIMIT: Duration = Duration::from_secs(90);

fn stopped(result: Result<TurnResult>) -> Box<TurnTimeout> {
    match result {
        Err(Error::TurnTimeout(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_turn_over_its_limit_is_stopped_and_the_error_holds_it() {
    let (thread, mut fake) = Fake::start_thread().await;
    let run = thread.run("hi").timeout(LIMIT).into_future();
    let (result, _) = tokio::join!(run, async {
        fake.answer("turn/start", turn_started("u")).await;
        fake.complete_item("u", "half").await;
        let interrupt = fake.answer("turn/interrupt", json!({})).await;
        assert_eq!(interrupt["params"], json!({"threadId": "t", "turnId": "u"}));
        fake.complete_turn("u", "interrupted").await;
    });
    let error = stopped(result);
    assert_eq!(
        error.to_string(),
        "the turn u did not end within 90 s and was interrupted"
    );
    let partial = error.partial.unwrap();
    assert_eq!(partial.status, TurnStatus::Interrupted);
    assert_eq!(partial.final_response.as_deref(), Some("half"));
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_does_not_heed_is_not_waited_for_and_can_be_followed_further() {
    let (thread, mut fake) = Fake::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    let begun = tokio::time::Instant::now();
    let error = stopped(turn.run_within(LIMIT).await);
    assert_eq!(begun.elapsed(), LIMIT + Duration::from_secs(5));
    assert_eq!(error.after, LIMIT);
    assert_eq!((&*error.thread_id, &*error.turn_id), ("t", "u"));
    assert_eq!(error.partial.unwrap().status, TurnStatus::InProgress);
    fake.request("turn/interrupt").await;
    fake.complete_turn("u", "interrupted").await;
    let result = turn.run().await.unwrap();
    assert_eq!(result.status, TurnStatus::Interrupted);
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_ends_by_itself_just_then_is_a_result() {
    let (thread, mut fake) = Fake::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    let (result, _) = tokio::join!(turn.run_within(LIMIT), async {
        fake.request("turn/interrupt").await;
        fake.complete_item("u", "done").await;
        fake.complete_turn("u", "completed").await;
    });
    assert_eq!(result.unwrap().final_response.as_deref(), Some("done"));
}

#[tokio::test(start_paused = true)]
async fn the_limit_covers_the_start_of_the_turn() {
    let (thread, mut fake) = Fake::start_thread().await;
    let limit = Duration::from_secs(2);
    let error = thread.run("hi").timeout(limit).await.unwrap_err();
    assert!(matches!(error, Error::Timeout { method: "turn/start", after } if after == limit));
    fake.request("turn/start").await;
}

#[tokio::test]
async fn a_run_that_is_dropped_leaves_the_turn_to_itself() {
    let (thread, mut fake) = Fake::start_thread().await;
    let mut notifications = thread.codex.notifications();
    let run = tokio::spawn(thread.run("hi").into_future());
    fake.answer("turn/start", turn_started("u")).await;
    fake.start_turn("u").await;
    settle(&thread.codex, &mut fake).await;
    run.abort();
    let _ = run.await;
    // The next request is another one: nothing is interrupted.
    settle(&thread.codex, &mut fake).await;
    fake.complete_turn("u", "completed").await;
    let event = notifications.next().await.unwrap().unwrap();
    assert_eq!(
        (event.method(), event.turn_id()),
        ("turn/completed", Some("u"))
    );
}
