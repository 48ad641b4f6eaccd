//! The events of one thread.

use codex_types::ServerNotification;
use serde_json::json;

use crate::{
    error::Error,
    tests::{
        FakeServer,
        server_faults::flood,
        turns::{events, start},
    },
    thread::events::ThreadEvents,
};

/// Returns the method of the next event, and its turn if it has one.
async fn next(events: &mut ThreadEvents) -> (String, Option<String>) {
    let event = events.next().await.unwrap().unwrap();
    (
        event.method().to_owned(),
        event.turn_id().map(str::to_owned),
    )
}

#[tokio::test]
async fn a_thread_has_its_own_events_and_those_of_all_its_turns_but_not_of_sub_agents() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let mut thread_events = thread.events();
    let mut notifications = thread.codex.notifications();
    let turn = start(&thread, &mut fake, "own").await;
    let name = json!({"threadId": "t", "threadName": "Parser"});
    fake.notify("thread/name/updated", name).await;
    let sub = json!({"threadId": "sub", "turnId": "own", "itemId": "i", "delta": "no"});
    fake.notify("item/agentMessage/delta", sub).await;
    fake.delta("own", "a").await;
    fake.delta("other", "b").await;
    fake.complete_turn("other", "completed").await;
    fake.complete_turn("own", "completed").await;
    let delta = "item/agentMessage/delta";
    for (method, turn_id) in [
        ("thread/name/updated", None),
        (delta, Some("own")),
        (delta, Some("other")),
        ("turn/completed", Some("other")),
        ("turn/completed", Some("own")),
    ] {
        let expected = (method.to_owned(), turn_id.map(str::to_owned));
        assert_eq!(next(&mut thread_events).await, expected);
    }
    // Other readers still get their events.
    assert_eq!(events(&turn).await, ["a", "turn/completed"]);
    for thread_id in ["t", "sub", "t", "t"] {
        let event = notifications.next().await.unwrap().unwrap();
        assert_eq!(event.thread_id(), Some(thread_id), "{event:?}");
    }
    fake.write(b"{\"method\":\"turn/started\",\"params\":{\"threadId\":\"t\",\"turnId\":5}}\n")
        .await;
    let malformed = thread_events.next().await.unwrap();
    assert!(matches!(malformed, Err(Error::Decode(_))), "{malformed:?}");
    drop(fake);
    assert!(matches!(
        thread_events.next().await,
        Some(Err(Error::Closed(_)))
    ));
    assert!(thread_events.next().await.is_none());
}

#[tokio::test]
async fn a_slow_reader_of_a_thread_gets_the_number_of_dropped_events_and_continues() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let mut thread_events = thread.events();
    fake.round_trip(&thread.codex).await;
    for _ in 0..100 {
        let params = json!({"threadId": "t", "turnId": "u", "itemId": "i", "delta": "word "});
        let line = json!({"method": "item/agentMessage/delta", "params": params});
        fake.write(format!("{line}\n").repeat(100).as_bytes()).await;
    }
    fake.round_trip(&thread.codex).await;
    flood(&mut fake).await;
    fake.round_trip(&thread.codex).await;
    let skipped = thread_events.next().await.unwrap();
    assert!(
        matches!(skipped, Err(Error::Lagged { skipped }) if skipped > 4096),
        "{skipped:?}"
    );
    for _ in 0..15 {
        let event = thread_events.next().await.unwrap().unwrap();
        assert!(matches!(event, ServerNotification::ThreadNameUpdated(_)));
    }
    assert_eq!(next(&mut thread_events).await.0, "thread/archived");
    fake.delta("u", "last").await;
    let (method, _) = next(&mut thread_events).await;
    assert_eq!(method, "item/agentMessage/delta");
}

#[tokio::test]
async fn the_events_of_a_thread_end_without_an_error_when_the_client_is_closed() {
    let (thread, _fake) = FakeServer::start_thread().await;
    let mut thread_events = thread.events();
    assert_eq!(thread_events.thread_id(), "t");
    thread.codex.clone().close().await.unwrap();
    assert!(thread_events.next().await.is_none());
    let mut late = thread.events();
    assert!(late.next().await.is_none());
}
