//! Messages that are nested more deeply than serde_json reads.

use std::future::IntoFuture;

use codex_types::{ServerNotification, ThreadItem};

use crate::{error::Error, tests::FakeServer};

/// Far more than the 128 levels that serde_json reads, and enough to overflow the stack of a
/// recursive reader.
const DEPTH: usize = 200_000;

fn nested() -> String {
    format!("{}1{}", "[".repeat(DEPTH), "]".repeat(DEPTH))
}

#[tokio::test]
async fn a_deeply_nested_part_of_an_item_is_unreadable_and_the_turn_is_complete() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = crate::tests::turns::start(&thread, &mut fake, "u").await;
    let tool_call = format!(
        r#"{{"type":"mcpToolCall","id":"deep","server":"s","tool":"t","status":"completed","arguments":{}}}"#,
        nested()
    );
    let line = format!(
        r#"{{"method":"item/completed","params":{{"threadId":"t","turnId":"u","item":{tool_call},"completedAtMs":1}}}}"#
    );
    fake.write(format!("{line}\n").as_bytes()).await;
    fake.complete_item("u", "done").await;
    fake.complete_turn("u", "completed").await;
    let result = turn.run().await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("done"));
    let [ThreadItem::McpToolCall(call), ThreadItem::AgentMessage(_)] = &result.items[..] else {
        panic!("{:?}", result.items)
    };
    assert_eq!(call.id, "deep");
    let [unreadable] = &result.unreadable[..] else {
        panic!("{:?}", result.unreadable)
    };
    assert!(
        unreadable.reason.contains("recursion limit"),
        "{unreadable}"
    );
}

#[tokio::test]
async fn a_deeply_nested_turn_end_ends_the_turn_with_all_that_was_read() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = crate::tests::turns::start(&thread, &mut fake, "u").await;
    fake.complete_item("u", "done").await;
    let line = format!(
        r#"{{"method":"turn/completed","params":{{"threadId":"t","future":{0},"turn":{{"id":"u","items":{0},"status":"completed"}}}}}}"#,
        nested()
    );
    fake.write(format!("{line}\n").as_bytes()).await;
    let result = turn.run().await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("done"));
}

#[tokio::test]
async fn a_deeply_nested_unknown_message_is_an_error_and_the_next_message_is_read() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let mut notifications = thread.codex.notifications();
    let line = format!(r#"{{"method":"future/event","params":{}}}"#, nested());
    fake.write(format!("{line}\n").as_bytes()).await;
    fake.start_turn("u").await;
    let error = notifications.next().await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Decode(_)), "{error}");
    let next = notifications.next().await.unwrap().unwrap();
    assert!(matches!(next, ServerNotification::TurnStarted(_)));
    // A response is an error for its caller only.
    let account = tokio::spawn(thread.codex.account().into_future());
    let id = fake.receive_request("account/read").await;
    let line = format!(r#"{{"id":{id},"result":{}}}"#, nested());
    fake.write(format!("{line}\n").as_bytes()).await;
    let error = account.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Decode(_)), "{error}");
    fake.round_trip(&thread.codex).await;
}

#[tokio::test]
async fn a_method_that_needs_escapes_is_an_unknown_method() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let mut notifications = thread.codex.notifications();
    fake.write(b"{\"method\":\"a\\\"b\",\"params\":{}}\n").await;
    let event = notifications.next().await.unwrap().unwrap();
    assert!(matches!(event, ServerNotification::Unrecognized(_)));
    fake.round_trip(&thread.codex).await;
}
