//! Threads that end, or are left, before their turns do.

use std::future::IntoFuture;

use codex_types::{ThreadUnsubscribeParams, TurnStatus};
use serde_json::json;

use crate::{
    client::Thread,
    error::{
        Error,
        turn_detached::{DetachReason, TurnDetached},
    },
    tests::{Fake, settle, turns::start},
};

fn lost<T: std::fmt::Debug>(outcome: Result<T, Error>) -> Box<TurnDetached> {
    let Err(Error::TurnDetached(lost)) = outcome else {
        panic!("not lost: {outcome:?}")
    };
    lost
}

async fn unsubscribe(thread: &Thread, fake: &mut Fake) {
    let call = thread
        .codex
        .request(ThreadUnsubscribeParams::new(thread.id()));
    let (left, _) = tokio::join!(
        call.into_future(),
        fake.answer("thread/unsubscribe", json!({"status": "unsubscribed"}))
    );
    left.unwrap();
}

#[tokio::test]
async fn a_turn_whose_thread_the_server_closes_is_lost_with_what_it_had_come_to() {
    for method in ["thread/closed", "thread/archived", "thread/deleted"] {
        let (thread, mut fake) = Fake::start_thread().await;
        let turn = start(&thread, &mut fake, "u").await;
        let mut events = turn.stream();
        let run = tokio::spawn({
            let turn = turn.clone();
            async move { turn.run().await }
        });
        fake.complete_item("u", "half").await;
        fake.notify(method, json!({"threadId": "other"})).await;
        fake.notify(method, json!({"threadId": "t"})).await;
        let lost = lost(run.await.unwrap());
        assert_eq!(
            (lost.turn_id.as_deref(), lost.thread_id.as_str()),
            (Some("u"), "t")
        );
        assert_eq!(lost.reason, DetachReason::ThreadClosed);
        let partial = lost.partial.unwrap();
        assert_eq!(partial.status, TurnStatus::InProgress);
        assert_eq!(partial.final_response.as_deref(), Some("half"));
        // A stream has its events, then says so, and ends.
        assert_eq!(
            events.next().await.unwrap().unwrap().method(),
            "item/completed"
        );
        let last = events.next().await.unwrap().unwrap_err();
        assert_eq!(
            last.to_string(),
            "the turn u of the thread t has no more events: the server closed the thread"
        );
        assert!(events.next().await.is_none());
        settle(&thread.codex, &mut fake).await;
    }
}

#[tokio::test]
async fn a_turn_that_is_completed_before_its_thread_is_closed_is_not_lost() {
    let (thread, mut fake) = Fake::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    fake.complete_turn("u", "interrupted").await;
    fake.notify("thread/closed", json!({"threadId": "t"})).await;
    settle(&thread.codex, &mut fake).await;
    assert_eq!(turn.run().await.unwrap().status, TurnStatus::Interrupted);
}

#[tokio::test]
async fn a_turn_whose_thread_is_unsubscribed_from_is_lost_and_can_still_be_interrupted() {
    let (thread, mut fake) = Fake::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    fake.start_turn("u").await;
    let mut text = turn.text_stream();
    unsubscribe(&thread, &mut fake).await;
    let lost = lost(turn.run().await);
    assert_eq!(lost.reason, DetachReason::Unsubscribed);
    let last = text.next().await.unwrap();
    assert!(matches!(last, Err(Error::TurnDetached(_))), "{last:?}");
    assert!(text.next().await.is_none());
    // It runs on, as far as anybody knows.
    let (stopped, _) = tokio::join!(turn.interrupt(), fake.answer("turn/interrupt", json!({})));
    stopped.unwrap();
}

#[tokio::test]
async fn no_turn_is_started_that_nothing_would_be_heard_of() {
    let (thread, mut fake) = Fake::start_thread().await;
    unsubscribe(&thread, &mut fake).await;
    let Err(Error::InvalidInput(reason)) = thread.run("hi").await else {
        panic!("the turn was started")
    };
    assert!(reason.contains("resume it first"), "{reason}");
    let compaction = thread.compact().await;
    assert!(
        matches!(compaction, Err(Error::InvalidInput(_))),
        "{compaction:?}"
    );
    // Nothing was sent: the next request is another one.
    let (resumed, _) = tokio::join!(
        thread.codex.thread_resume("t").into_future(),
        fake.answer("thread/resume", crate::tests::thread_started())
    );
    let turn = start(&resumed.unwrap(), &mut fake, "u").await;
    fake.complete_turn("u", "completed").await;
    turn.run().await.unwrap();
}

#[tokio::test]
async fn a_turn_that_was_being_started_when_its_thread_was_left_is_lost() {
    let (thread, mut fake) = Fake::start_thread().await;
    let turn = tokio::spawn(thread.turn("hi").into_future());
    let id = fake.request("turn/start").await;
    unsubscribe(&thread, &mut fake).await;
    fake.send(&json!({"id": id, "result": crate::tests::turn_started("u")}))
        .await;
    let turn = turn.await.unwrap().unwrap();
    assert_eq!(lost(turn.run().await).reason, DetachReason::Unsubscribed);
}
