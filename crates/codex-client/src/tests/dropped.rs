//! Futures that are dropped halfway: what becomes of what they have asked for.

use std::future::IntoFuture;

use codex_types::TurnStatus;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::{
    client::{Codex, Thread},
    error::Error,
    notifications::Notifications,
    tests::{
        Fake, at_once, settle, thread_started, turn_started,
        turns::{events, start},
    },
    turn::handle::TurnHandle,
};

/// Drops a future that waits.
async fn give_up<T>(waiting: JoinHandle<T>) {
    waiting.abort();
    let given_up = waiting.await.err().map(|error| error.is_cancelled());
    assert_eq!(given_up, Some(true));
}

/// The next event that belongs to no turn of ours: its method, and the turn.
async fn heard(notifications: &mut Notifications) -> (String, String) {
    let event = notifications.next().await.unwrap().unwrap();
    let turn_id = event.turn_id().unwrap_or_default().to_owned();
    (event.method().to_owned(), turn_id)
}

/// A thread, and a turn in it that has begun.
async fn running() -> (Thread, TurnHandle, Fake) {
    let (thread, mut fake) = Fake::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    fake.start_turn("u").await;
    settle(&thread.codex, &mut fake).await;
    (thread, turn, fake)
}

#[tokio::test]
async fn a_turn_whose_start_is_given_up_goes_on_and_whoever_listens_hears_of_it_from_its_beginning()
{
    let (thread, other, mut fake) = running().await;
    let mut notifications = thread.codex.notifications();
    let starting = tokio::spawn(thread.turn("hi").into_future());
    let id = fake.request("turn/start").await;
    // Kept while it might be ours.
    fake.start_turn("lost").await;
    settle(&thread.codex, &mut fake).await;
    give_up(starting).await;
    fake.send(&json!({"id": id, "result": turn_started("lost")}))
        .await;
    fake.delta("lost", "x").await;
    fake.delta("u", "ours").await;
    fake.complete_turn("lost", "completed").await;
    fake.complete_turn("u", "completed").await;
    for method in ["turn/started", "item/agentMessage/delta", "turn/completed"] {
        let expected = (method.to_owned(), "lost".to_owned());
        assert_eq!(heard(&mut notifications).await, expected);
    }
    // The other turn has what belongs to it, and no more.
    let expected = ["turn/started", "ours", "turn/completed"];
    assert_eq!(events(&other).await, expected);
}

#[tokio::test]
async fn a_turn_that_is_given_up_in_the_queue_is_never_started_and_keeps_nothing_back() {
    let (codex, mut fake) = Fake::start_with(Codex::builder().max_in_flight(1)).await;
    let call = codex.thread_start().into_future();
    let (thread, _) = tokio::join!(call, fake.answer("thread/start", thread_started()));
    let thread = thread.unwrap();
    let mut notifications = codex.notifications();
    let first = tokio::spawn(codex.models().into_future());
    let id = fake.request("model/list").await;
    let starting = tokio::spawn(thread.turn("hi").into_future());
    tokio::task::yield_now().await;
    // Kept while it might be ours.
    fake.delta("theirs", "x").await;
    give_up(starting).await;
    fake.send(&json!({"id": id, "result": {"data": []}})).await;
    first.await.unwrap().unwrap();
    let expected = ("item/agentMessage/delta".to_owned(), "theirs".to_owned());
    assert_eq!(heard(&mut notifications).await, expected);
    settle(&codex, &mut fake).await;
}

#[tokio::test]
async fn a_steer_that_is_given_up_disturbs_neither_its_turn_nor_the_next_steer() {
    let (thread, turn, mut fake) = running().await;
    let steering = tokio::spawn({
        let turn = turn.clone();
        async move { turn.steer("more").await }
    });
    let id = fake.request("turn/steer").await;
    give_up(steering).await;
    fake.send(&json!({"id": id, "result": {"turnId": "u"}}))
        .await;
    let (steered, message) = tokio::join!(
        turn.steer("still more"),
        fake.answer("turn/steer", json!({"turnId": "u"}))
    );
    steered.unwrap();
    assert_eq!(message["params"]["input"][0]["text"], "still more");
    fake.complete_turn("u", "completed").await;
    assert_eq!(events(&turn).await, ["turn/started", "turn/completed"]);
    settle(&thread.codex, &mut fake).await;
}

#[tokio::test]
async fn an_interrupt_that_is_given_up_stops_the_turn_all_the_same() {
    let (thread, turn, mut fake) = running().await;
    let interrupting = tokio::spawn({
        let turn = turn.clone();
        async move { turn.interrupt().await }
    });
    let id = fake.request("turn/interrupt").await;
    give_up(interrupting).await;
    fake.send(&json!({"id": id, "result": {}})).await;
    fake.complete_turn("u", "interrupted").await;
    let result = turn.run().await.unwrap();
    assert_eq!(result.status, TurnStatus::Interrupted);
    settle(&thread.codex, &mut fake).await;
}

#[tokio::test]
async fn what_was_sent_and_given_up_starts_a_turn_that_the_next_one_goes_to() {
    let (thread, mut fake) = Fake::start_thread().await;
    let sending = tokio::spawn({
        let thread = thread.clone();
        async move { thread.steer_or_start("one").await }
    });
    let id = fake.request("turn/start").await;
    give_up(sending).await;
    fake.send(&json!({"id": id, "result": turn_started("u")}))
        .await;
    fake.start_turn("u").await;
    settle(&thread.codex, &mut fake).await;
    let (sent, message) = tokio::join!(
        thread.steer_or_start("two"),
        fake.answer("turn/steer", json!({"turnId": "u"}))
    );
    assert_eq!(message["params"]["expectedTurnId"], "u");
    fake.complete_turn("u", "completed").await;
    assert_eq!(events(&sent.unwrap()).await, ["turn/completed"]);
}

#[tokio::test]
async fn what_was_sent_to_a_turn_and_given_up_starts_none_when_the_turn_is_over() {
    let (thread, turn, mut fake) = running().await;
    let sending = tokio::spawn({
        let thread = thread.clone();
        async move { thread.steer_or_start("more").await }
    });
    let id = fake.request("turn/steer").await;
    give_up(sending).await;
    fake.complete_turn("u", "completed").await;
    let error = json!({"code": -32600, "message": "no active turn to steer"});
    fake.send(&json!({"id": id, "error": error})).await;
    // The next request is another one: nothing is started.
    settle(&thread.codex, &mut fake).await;
    assert_eq!(events(&turn).await, ["turn/started", "turn/completed"]);
}

#[tokio::test]
async fn a_close_that_is_given_up_closes_all_the_same() {
    let (thread, turn, mut fake) = running().await;
    let codex = thread.codex.clone();
    assert!(at_once(codex.close()).is_none());
    assert!(fake.lines.next_line().await.unwrap().is_none());
    assert!(matches!(turn.run().await, Err(Error::Closed(_))));
    assert!(matches!(thread.run("more").await, Err(Error::Closed(_))));
}
