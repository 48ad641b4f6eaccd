//! Messages that the client cannot read, or can read only in part. `blocking/faults_blocking.rs`
//! tests the same cases with the blocking client.

use std::future::IntoFuture;

use codex_types::ServerNotification;
use serde_json::json;

use crate::{
    client::Codex,
    error::Error,
    tests::{
        FakeServer,
        server_faults::{
            INVALID_LINES, UNREADABLE_RESPONSES, assert_all_events_of_turn_with_faults,
            assert_invalid_lines_reported, assert_large, assert_rest_of_flood, assert_unreadable,
            complete_turn_with_faults, flood,
        },
        turns::{events, start},
    },
};

#[tokio::test]
async fn a_turn_survives_malformed_messages_and_invalid_lines_are_reported() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let codex = &thread.codex;
    let mut notifications = codex.notifications();
    let turn = start(&thread, &mut fake, "u").await;
    complete_turn_with_faults(&mut fake).await;
    let (mut stream, mut events) = (turn.stream(), Vec::new());
    while let Some(event) = stream.next().await {
        events.push(event);
    }
    assert_all_events_of_turn_with_faults(&events);
    let mut reports = Vec::new();
    for _ in INVALID_LINES {
        reports.push(notifications.next().await.unwrap());
    }
    assert_invalid_lines_reported(&reports);
    fake.round_trip(codex).await;
}

#[tokio::test]
async fn an_unreadable_response_ends_its_request_at_once() {
    let (codex, mut fake) = FakeServer::start_with(Codex::builder().max_message(100_000)).await;
    for (unreadable, reason) in UNREADABLE_RESPONSES {
        let request = tokio::spawn(codex.models().no_timeout().into_future());
        fake.respond_unreadably(&unreadable()).await;
        assert_unreadable(&request.await.unwrap(), reason);
        fake.round_trip(&codex).await;
    }
}

#[tokio::test]
async fn an_unreadable_server_request_is_rejected_and_reported() {
    let (codex, mut fake) = FakeServer::start_with(Codex::builder().max_message(1000)).await;
    let mut notifications = codex.notifications();
    for (id, end) in [
        (json!("a"), b"\xff\"}}".to_vec()),
        (json!(7), vec![b'x'; 2000]),
    ] {
        let method = "item/tool/call";
        let begin = format!("{{\"id\":{id},\"method\":\"{method}\",\"params\":{{\"tool\":\"");
        fake.write(&[begin.as_bytes(), &end, b"\n"].concat()).await;
        let refused = fake.receive().await;
        assert_eq!(
            (&refused["id"], &refused["error"]["code"]),
            (&id, &json!(-32700))
        );
        let report = notifications.next().await.unwrap();
        assert!(matches!(report, Err(Error::Decode(_))), "{report:?}");
    }
    fake.round_trip(&codex).await;
}

#[tokio::test]
async fn an_unknown_notification_is_delivered_unchanged() {
    let (codex, mut fake) = FakeServer::start().await;
    let mut notifications = codex.notifications();
    fake.notify("future/thing", json!({"a": [1]})).await;
    let notification = notifications.next().await.unwrap().unwrap();
    let ServerNotification::Unrecognized(message) = notification else {
        panic!("{notification:?}")
    };
    assert_eq!(message.method, "future/thing");
    assert_eq!(message.params, Some(json!({"a": [1]})));
    fake.round_trip(&codex).await;
}

#[tokio::test]
async fn a_malformed_notification_is_an_error_and_the_next_one_is_delivered() {
    let (codex, mut fake) = FakeServer::start().await;
    let mut notifications = codex.notifications();
    fake.notify("thread/archived", json!({"threadId": 7})).await;
    fake.notify("thread/archived", json!({"threadId": "t"}))
        .await;
    let error = notifications.next().await.unwrap().unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("thread/archived") && text.contains("threadId"),
        "{text}"
    );
    let next = notifications.next().await.unwrap().unwrap();
    assert_eq!(next.thread_id(), Some("t"));
    fake.round_trip(&codex).await;
}

#[tokio::test]
async fn messages_of_64_mib_are_read() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let codex = &thread.codex;
    let turn = start(&thread, &mut fake, "u").await;
    fake.complete_turn_with_large_delta().await;
    let events = events(&turn).await;
    assert_large(&events[0]);
    assert_eq!(events[1..], ["turn/completed"]);
    let (list, ()) = tokio::join!(
        codex.models().into_future(),
        fake.respond_with_large_message()
    );
    assert_large(&list.unwrap().next_cursor.unwrap());
    fake.round_trip(codex).await;
}

#[tokio::test]
async fn a_slow_reader_gets_the_number_of_dropped_notifications_and_continues() {
    let (codex, mut fake) = FakeServer::start().await;
    let mut notifications = codex.notifications();
    fake.round_trip(&codex).await;
    flood(&mut fake).await;
    fake.round_trip(&codex).await;
    drop((codex, fake));
    let mut events = Vec::new();
    while let Some(event) = notifications.next().await {
        events.push(event);
    }
    assert_rest_of_flood(&events);
}

#[tokio::test]
async fn a_message_over_the_size_limit_is_reported_and_the_next_one_is_read() {
    let (codex, mut fake) = FakeServer::start_with(Codex::builder().max_message(1000)).await;
    let mut notifications = codex.notifications();
    fake.notify("x", json!({"a": "x".repeat(200_000)})).await;
    let error = notifications.next().await.unwrap().unwrap_err();
    assert!(error.to_string().contains("over the limit"), "{error}");
    fake.round_trip(&codex).await;
}
