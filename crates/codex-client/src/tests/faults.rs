//! What the server should not do, and does.

use std::{future::IntoFuture, time::Duration};

use codex_types::{ModelListParams, ServerNotification};
use serde_json::json;

use super::Fake;
use crate::{CloseReason, Codex, Error};

async fn still_works(codex: &Codex, fake: &mut Fake) {
    let (list, _) = tokio::join!(
        codex.request(ModelListParams::default()).into_future(),
        fake.answer("model/list", json!({"data": []}))
    );
    list.unwrap();
}

#[tokio::test]
async fn a_line_that_is_no_message_is_reported_and_the_next_one_is_read() {
    let (codex, mut fake) = Fake::start().await;
    let mut notifications = codex.notifications();
    for (line, reason) in [
        (&b"npm warn deprecated\n"[..], "not a JSON-RPC message"),
        (
            b"{\"method\":\"x\",\"params\":{\"a\":\"\xff\"}}\n",
            "not valid UTF-8",
        ),
        (b"{\"id\":\n", "not a JSON-RPC message"),
        (
            b"{\"id\":null,\"error\":{\"code\":-32700,\"message\":\"bad\"}}\n",
            "could not read",
        ),
        (b"[]\n", "not a JSON-RPC message"),
    ] {
        fake.write(line).await;
        let error = notifications.next().await.unwrap().unwrap_err();
        assert!(matches!(error, Error::Decode(_)));
        assert!(error.to_string().contains(reason), "{error}");
    }
    fake.write(b"\n\r\n").await;
    still_works(&codex, &mut fake).await;
}

#[tokio::test]
async fn a_notification_that_is_not_known_is_handed_over_as_it_came() {
    let (codex, mut fake) = Fake::start().await;
    let mut notifications = codex.notifications();
    fake.notify("future/thing", json!({"a": [1]})).await;
    let notification = notifications.next().await.unwrap().unwrap();
    let ServerNotification::Unrecognized(message) = notification else {
        panic!("{notification:?}")
    };
    assert_eq!(message.method, "future/thing");
    assert_eq!(message.params, Some(json!({"a": [1]})));
}

#[tokio::test]
async fn a_known_notification_that_is_malformed_says_so_and_the_next_one_comes() {
    let (codex, mut fake) = Fake::start().await;
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
}

#[tokio::test]
async fn a_message_of_64_mib_is_read() {
    let (codex, mut fake) = Fake::start().await;
    let cursor = "x".repeat(64 * 1024 * 1024);
    let result = json!({"data": [], "nextCursor": cursor});
    let (list, _) = tokio::join!(
        codex.request(ModelListParams::default()).into_future(),
        fake.answer("model/list", result)
    );
    assert_eq!(
        list.unwrap().next_cursor.map(|cursor| cursor.len()),
        Some(64 * 1024 * 1024)
    );
    still_works(&codex, &mut fake).await;
}

#[tokio::test]
async fn a_message_over_the_limit_is_reported_and_the_next_one_is_read() {
    let (codex, mut fake) = Fake::start_with(Codex::builder().max_message(1000)).await;
    let mut notifications = codex.notifications();
    fake.notify("x", json!({"a": "x".repeat(200_000)})).await;
    let error = notifications.next().await.unwrap().unwrap_err();
    assert!(error.to_string().contains("over the limit"), "{error}");
    still_works(&codex, &mut fake).await;
}

#[tokio::test]
async fn the_end_of_the_stream_is_told_to_all_who_wait_and_all_who_come_later() {
    let (codex, mut fake) = Fake::start().await;
    let mut notifications = codex.notifications();
    let call = tokio::spawn(codex.request(ModelListParams::default()).into_future());
    fake.request("model/list").await;
    fake.write(b"{\"id\":2,\"res").await;
    drop(fake);
    let error = call.await.unwrap().unwrap_err();
    let Error::Closed(closed) = &error else {
        panic!("{error}")
    };
    assert_eq!(closed.reason, CloseReason::EndOfStream);
    // The half message is reported before the end.
    assert!(matches!(
        notifications.next().await,
        Some(Err(Error::Decode(_)))
    ));
    assert!(matches!(
        notifications.next().await,
        Some(Err(Error::Closed(_)))
    ));
    assert!(notifications.next().await.is_none());
    let error = codex.request(ModelListParams::default()).await.unwrap_err();
    assert!(matches!(error, Error::Closed(_)), "{error}");
    assert!(matches!(
        codex.notifications().next().await,
        Some(Err(Error::Closed(_)))
    ));
    codex.close().await.unwrap();
}

#[tokio::test]
async fn closing_tells_those_who_wait_and_the_server() {
    let (codex, mut fake) = Fake::start().await;
    let mut notifications = codex.notifications();
    let call = tokio::spawn(codex.request(ModelListParams::default()).into_future());
    fake.request("model/list").await;
    codex.clone().close().await.unwrap();
    assert!(fake.lines.next_line().await.unwrap().is_none());
    let error = call.await.unwrap().unwrap_err();
    let Error::Closed(closed) = &error else {
        panic!("{error}")
    };
    assert_eq!(closed.reason, CloseReason::Requested);
    assert!(notifications.next().await.is_none());
    codex.close().await.unwrap();
}

#[tokio::test]
async fn the_connection_ends_with_its_last_handle_though_somebody_listens() {
    let (codex, mut fake) = Fake::start().await;
    let mut notifications = codex.notifications();
    drop(codex);
    assert!(fake.lines.next_line().await.unwrap().is_none());
    assert!(notifications.next().await.is_none());
}

#[test]
fn a_caller_on_another_runtime_is_told_when_the_connection_loses_its_own() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(1).enable_all().build().unwrap()
    };
    let theirs = runtime();
    let (codex, mut fake) = theirs.block_on(Fake::start());
    let ours = runtime();
    let call = ours.spawn(codex.request(ModelListParams::default()).into_future());
    theirs.block_on(fake.request("model/list"));
    theirs.shutdown_timeout(Duration::from_secs(5));
    let error = ours.block_on(call).unwrap().unwrap_err();
    let Error::Closed(closed) = &error else {
        panic!("{error}")
    };
    assert_eq!(closed.reason, CloseReason::RuntimeShutDown);
    let later = ours.block_on(codex.request(ModelListParams::default()).into_future());
    assert!(matches!(later, Err(Error::Closed(_))));
}

#[tokio::test]
async fn what_comes_during_the_handshake_is_kept_for_the_first_subscriber() {
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let (reader, writer) = tokio::io::split(theirs);
    let mut fake = Fake {
        lines: tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(reader)),
        writer,
    };
    let (reader, writer) = tokio::io::split(ours);
    let connect = Codex::builder().connect(reader, writer);
    let handshake = async {
        fake.notify("configWarning", json!({"summary": "early"}))
            .await;
        fake.answer("initialize", super::handshake()).await;
    };
    let (codex, ()) = tokio::join!(connect, handshake);
    let codex = codex.unwrap();
    assert_eq!(codex.metadata().platform_os, "linux");
    let first = codex.notifications().next().await.unwrap().unwrap();
    assert_eq!(first.method(), "configWarning");
}
