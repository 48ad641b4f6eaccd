//! All that happens in one thread.

use codex_types::ServerNotification;
use serde_json::json;

use crate::{
    error::Error,
    tests::{
        Fake,
        mischief::flood,
        settle,
        turns::{events, start},
    },
    thread::events::ThreadEvents,
};

/// The next one: its method, and its turn if it has one.
async fn next(events: &mut ThreadEvents) -> (String, Option<String>) {
    let event = events.next().await.unwrap().unwrap();
    (
        event.method().to_owned(),
        event.turn_id().map(str::to_owned),
    )
}

#[tokio::test]
async fn a_thread_shows_its_own_changes_and_all_its_turns_but_no_sub_agent() {
    let (thread, mut fake) = Fake::start_thread().await;
    let mut seen = thread.events();
    let mut notifications = thread.codex.notifications();
    let turn = start(&thread, &mut fake, "ours").await;
    let name = json!({"threadId": "t", "threadName": "Parser"});
    fake.notify("thread/name/updated", name).await;
    let sub = json!({"threadId": "sub", "turnId": "ours", "itemId": "i", "delta": "no"});
    fake.notify("item/agentMessage/delta", sub).await;
    fake.delta("ours", "a").await;
    fake.delta("theirs", "b").await;
    fake.complete_turn("theirs", "completed").await;
    fake.complete_turn("ours", "completed").await;
    let delta = "item/agentMessage/delta";
    for (method, turn_id) in [
        ("thread/name/updated", None),
        (delta, Some("ours")),
        (delta, Some("theirs")),
        ("turn/completed", Some("theirs")),
        ("turn/completed", Some("ours")),
    ] {
        let expected = (method.to_owned(), turn_id.map(str::to_owned));
        assert_eq!(next(&mut seen).await, expected);
    }
    // Nobody else has less for it.
    assert_eq!(events(&turn).await, ["a", "turn/completed"]);
    for thread_id in ["t", "sub", "t", "t"] {
        let event = notifications.next().await.unwrap().unwrap();
        assert_eq!(event.thread_id(), Some(thread_id), "{event:?}");
    }
    fake.write(b"{\"method\":\"turn/started\",\"params\":{\"threadId\":\"t\",\"turnId\":5}}\n")
        .await;
    let malformed = seen.next().await.unwrap();
    assert!(matches!(malformed, Err(Error::Decode(_))), "{malformed:?}");
    drop(fake);
    assert!(matches!(seen.next().await, Some(Err(Error::Closed(_)))));
    assert!(seen.next().await.is_none());
}

#[tokio::test]
async fn a_slow_reader_of_a_thread_gets_the_text_whole_or_is_told_what_it_missed() {
    let (thread, mut fake) = Fake::start_thread().await;
    let mut seen = thread.events();
    settle(&thread.codex, &mut fake).await;
    for _ in 0..100 {
        let params = json!({"threadId": "t", "turnId": "u", "itemId": "i", "delta": "word "});
        let line = json!({"method": "item/agentMessage/delta", "params": params});
        fake.write(format!("{line}\n").repeat(100).as_bytes()).await;
    }
    settle(&thread.codex, &mut fake).await;
    flood(&mut fake).await;
    settle(&thread.codex, &mut fake).await;
    let skipped = seen.next().await.unwrap();
    assert!(
        matches!(skipped, Err(Error::Lagged { skipped }) if skipped > 4096),
        "{skipped:?}"
    );
    for _ in 0..15 {
        let event = seen.next().await.unwrap().unwrap();
        assert!(matches!(event, ServerNotification::ThreadNameUpdated(_)));
    }
    assert_eq!(next(&mut seen).await.0, "thread/archived");
    fake.delta("u", "last").await;
    let (method, _) = next(&mut seen).await;
    assert_eq!(method, "item/agentMessage/delta");
}

#[tokio::test]
async fn the_events_of_a_thread_end_quietly_when_this_client_closes() {
    let (thread, _fake) = Fake::start_thread().await;
    let mut seen = thread.events();
    assert_eq!(seen.thread_id(), "t");
    thread.codex.clone().close().await.unwrap();
    assert!(seen.next().await.is_none());
    let mut late = thread.events();
    assert!(late.next().await.is_none());
}
