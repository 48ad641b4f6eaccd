//! Turns whose thread is closed or unsubscribed from before they complete.

use std::future::IntoFuture;

use codex_types::{ThreadUnsubscribeParams, TurnStatus};
use serde_json::json;

use crate::{
    client::{Codex, Thread},
    error::{
        Error,
        turn_detached::{DetachReason, TurnDetached},
    },
    tests::{FakeServer, turns::start},
};

pub(super) fn detached<T: std::fmt::Debug>(outcome: Result<T, Error>) -> Box<TurnDetached> {
    let Err(Error::TurnDetached(detached)) = outcome else {
        panic!("not detached: {outcome:?}")
    };
    detached
}

async fn unsubscribe(thread: &Thread, fake: &mut FakeServer) {
    let request = thread
        .codex
        .request(ThreadUnsubscribeParams::new(thread.id()));
    let (response, _) = tokio::join!(
        request.into_future(),
        fake.respond("thread/unsubscribe", json!({"status": "unsubscribed"}))
    );
    response.unwrap();
}

#[tokio::test]
async fn a_turn_whose_thread_is_closed_is_detached_with_its_partial_result() {
    for method in ["thread/closed", "thread/archived", "thread/deleted"] {
        let (thread, mut fake) = FakeServer::start_thread().await;
        let turn = start(&thread, &mut fake, "u").await;
        let mut events = turn.stream();
        let run = tokio::spawn({
            let turn = turn.clone();
            async move { turn.run().await }
        });
        fake.complete_item("u", "half").await;
        fake.notify(method, json!({"threadId": "other"})).await;
        fake.notify(method, json!({"threadId": "t"})).await;
        let detached = detached(run.await.unwrap());
        assert_eq!(
            (detached.turn_id.as_deref(), detached.thread_id.as_str()),
            (Some("u"), "t")
        );
        assert_eq!(detached.reason, DetachReason::ThreadClosed);
        let partial = detached.partial.unwrap();
        assert_eq!(partial.status, TurnStatus::InProgress);
        assert_eq!(partial.final_response.as_deref(), Some("half"));
        // The stream yields the turn's events, then the error, and then ends.
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
        fake.round_trip(&thread.codex).await;
    }
}

#[tokio::test]
async fn a_turn_that_completes_before_its_thread_is_closed_is_not_detached() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    fake.complete_turn("u", "interrupted").await;
    fake.notify("thread/closed", json!({"threadId": "t"})).await;
    fake.round_trip(&thread.codex).await;
    assert_eq!(turn.run().await.unwrap().status, TurnStatus::Interrupted);
}

#[tokio::test]
async fn a_turn_whose_thread_is_unsubscribed_from_is_detached_and_can_be_interrupted() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    fake.start_turn("u").await;
    let mut text = turn.text_stream();
    unsubscribe(&thread, &mut fake).await;
    let detached = detached(turn.run().await);
    assert_eq!(detached.reason, DetachReason::Unsubscribed);
    let last = text.next().await.unwrap();
    assert!(matches!(last, Err(Error::TurnDetached(_))), "{last:?}");
    assert!(text.next().await.is_none());
    // The turn may still be running on the server.
    let (stopped, _) = tokio::join!(turn.interrupt(), fake.respond("turn/interrupt", json!({})));
    stopped.unwrap();
}

#[tokio::test]
async fn no_turn_is_started_in_an_unsubscribed_thread() {
    let (thread, mut fake) = FakeServer::start_thread().await;
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
    // Nothing was sent: the next request that arrives is a different one.
    let (resumed, _) = tokio::join!(
        thread.codex.thread_resume("t").into_future(),
        fake.respond("thread/resume", crate::tests::thread_start_response())
    );
    let turn = start(&resumed.unwrap(), &mut fake, "u").await;
    fake.complete_turn("u", "completed").await;
    turn.run().await.unwrap();
}

#[tokio::test]
async fn a_turn_whose_thread_is_unsubscribed_from_while_it_starts_is_detached() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = tokio::spawn(thread.turn("hi").into_future());
    let id = fake.receive_request("turn/start").await;
    unsubscribe(&thread, &mut fake).await;
    fake.send(&json!({"id": id, "result": crate::tests::turn_start_response("u")}))
        .await;
    let turn = turn.await.unwrap().unwrap();
    assert_eq!(
        detached(turn.run().await).reason,
        DetachReason::Unsubscribed
    );
}

#[tokio::test]
async fn a_turn_whose_end_cannot_be_read_is_detached_with_its_partial_result() {
    let begin = r#"{"method":"turn/completed","params":{"threadId":"t","turn":{"id":"u","x":""#;
    let too_long = [begin.as_bytes(), &[b'x'; 2000]].concat();
    let not_utf8 = [begin.as_bytes(), b"\xff\"}}}"].concat();
    let without_id = br#"{"method":"turn/completed","params":{"threadId":"t","turn":{}}}"#;
    for end in [begin.as_bytes(), &too_long, &not_utf8, without_id] {
        let builder = Codex::builder().max_message(1500);
        let (codex, mut fake) = FakeServer::start_with(builder).await;
        let thread = fake.thread_start(&codex).await;
        let mut notifications = codex.notifications();
        let turn = start(&thread, &mut fake, "u").await;
        fake.complete_item("u", "half").await;
        fake.write(&[end, b"\n"].concat()).await;
        let detached = detached(turn.run().await);
        assert_eq!(detached.reason, DetachReason::UnreadableEnd);
        let partial = detached.partial.unwrap();
        assert_eq!(partial.final_response.as_deref(), Some("half"));
        let report = notifications.next().await.unwrap();
        assert!(matches!(report, Err(Error::Decode(_))), "{report:?}");
        // The next turn of the thread is not affected.
        let next = start(&thread, &mut fake, "v").await;
        fake.complete_turn("v", "completed").await;
        next.run().await.unwrap();
    }
}
