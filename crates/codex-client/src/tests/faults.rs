//! What the server should not do, and does.

use std::{future::IntoFuture, time::Duration};

use codex_types::{ModelListParams, ServerNotification};
use serde_json::json;

use crate::{
    client::Codex,
    error::{Error, connection_closed::CloseReason},
    tests::{
        Fake,
        mischief::{
            NO_MESSAGES, UNREADABLE, are_what_is_left, are_whole_in_spite_of_it, babble, flood,
            is_large, is_unreadable, tell_of_no_messages,
        },
        settle as still_works,
        turns::{events, start},
    },
};

#[tokio::test]
async fn a_turn_goes_on_whatever_the_server_says_in_it_and_no_messages_are_reported() {
    let (thread, mut fake) = Fake::start_thread().await;
    let codex = &thread.codex;
    let mut notifications = codex.notifications();
    let turn = start(&thread, &mut fake, "u").await;
    babble(&mut fake).await;
    let (mut stream, mut events) = (turn.stream(), Vec::new());
    while let Some(event) = stream.next().await {
        events.push(event);
    }
    are_whole_in_spite_of_it(&events);
    let mut reports = Vec::new();
    for _ in NO_MESSAGES {
        reports.push(notifications.next().await.unwrap());
    }
    tell_of_no_messages(&reports);
    still_works(codex, &mut fake).await;
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_ends_its_call_at_once() {
    let (codex, mut fake) = Fake::start_with(Codex::builder().max_message(100_000)).await;
    for (unreadable, reason) in UNREADABLE {
        let call = tokio::spawn(codex.models().no_timeout().into_future());
        fake.answer_unreadably(&unreadable()).await;
        is_unreadable(&call.await.unwrap(), reason);
        still_works(&codex, &mut fake).await;
    }
}

#[tokio::test]
async fn a_request_of_the_server_that_cannot_be_read_is_refused_and_reported() {
    let (codex, mut fake) = Fake::start_with(Codex::builder().max_message(1000)).await;
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
    still_works(&codex, &mut fake).await;
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
    still_works(&codex, &mut fake).await;
}

#[tokio::test]
async fn messages_of_64_mib_are_read() {
    let (thread, mut fake) = Fake::start_thread().await;
    let codex = &thread.codex;
    let turn = start(&thread, &mut fake, "u").await;
    fake.say_at_length().await;
    let events = events(&turn).await;
    is_large(&events[0]);
    assert_eq!(events[1..], ["turn/completed"]);
    let (list, ()) = tokio::join!(codex.models().into_future(), fake.answer_at_length());
    is_large(&list.unwrap().next_cursor.unwrap());
    still_works(codex, &mut fake).await;
}

#[tokio::test]
async fn a_reader_that_is_too_slow_is_told_what_it_has_missed_and_reads_on() {
    let (codex, mut fake) = Fake::start().await;
    let mut notifications = codex.notifications();
    still_works(&codex, &mut fake).await;
    flood(&mut fake).await;
    still_works(&codex, &mut fake).await;
    drop((codex, fake));
    let mut events = Vec::new();
    while let Some(event) = notifications.next().await {
        events.push(event);
    }
    are_what_is_left(&events);
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
    // Though half an answer comes, what is told is the end.
    fake.write(b"{\"id\":2,\"result\":{\"da").await;
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
fn whoever_begins_to_listen_while_the_runtime_goes_is_told() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().unwrap()
    };
    let theirs = runtime();
    let (thread, _fake) = theirs.block_on(Fake::start_thread());
    // Nobody drives the runtime: what is sent now is still on its way when it goes.
    let mut notifications = thread.codex.notifications();
    let mut events = thread.events();
    let mut requests = thread.server_requests();
    drop(theirs);
    runtime().block_on(async {
        for end in [notifications.next().await, events.next().await] {
            let Some(Err(Error::Closed(closed))) = &end else {
                panic!("{end:?}")
            };
            assert_eq!(closed.reason, CloseReason::RuntimeShutDown);
        }
        assert!(requests.next().await.is_none());
    });
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
