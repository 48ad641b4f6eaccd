//! Requests and responses that were not written because the server does not read.

use std::{future::IntoFuture, time::Duration};

use serde_json::{Value, json};
use tokio::task::yield_now;

use crate::{
    client::{Codex, Thread},
    codex::builder::CodexBuilder,
    error::Error,
    tests::FakeServer,
};

/// The size of the buffer between client and server, in bytes.
const CAPACITY: usize = 64 * 1024;

/// Returns a client and a server whose connection holds few bytes that the server has not read.
async fn start() -> (Codex, FakeServer) {
    start_with(Codex::builder()).await
}

async fn start_with(builder: CodexBuilder) -> (Codex, FakeServer) {
    let (mut fake, (reader, writer)) = FakeServer::with_capacity(CAPACITY);
    let (codex, ()) = tokio::join!(builder.connect(reader, writer), fake.handshake());
    (codex.unwrap(), fake)
}

/// Returns a prompt that exceeds the buffer.
fn prompt(number: usize) -> String {
    format!("{number} {}", "x".repeat(2 * CAPACITY))
}

/// Receives messages until the request of a round trip, and responds to that one. Returns the
/// others.
async fn receive_all(codex: &Codex, fake: &mut FakeServer) -> Vec<Value> {
    let account = tokio::spawn(codex.account().into_future());
    let mut received = Vec::new();
    loop {
        let message = fake.receive().await;
        if message["method"] == "account/read" {
            let result = json!({"requiresOpenaiAuth": false});
            fake.send(&json!({"id": message["id"], "result": result}))
                .await;
            account.await.unwrap().unwrap();
            return received;
        }
        received.push(message);
    }
}

fn prompts(received: &[Value]) -> Vec<&str> {
    received
        .iter()
        .map(|message| {
            let text = message["params"]["input"][0]["text"].as_str().unwrap();
            text.split(' ').next().unwrap()
        })
        .collect()
}

async fn thread(codex: &Codex, fake: &mut FakeServer) -> Thread {
    fake.thread_start(codex).await
}

#[tokio::test(start_paused = true)]
async fn requests_that_expire_before_they_are_written_are_never_sent_and_say_so() {
    let (codex, mut fake) = start().await;
    let thread = thread(&codex, &mut fake).await;
    let turns: Vec<_> = (0..40)
        .map(|number| {
            let turn = thread.turn(prompt(number));
            let turn = turn.timeout(Duration::from_millis(700));
            tokio::spawn(turn.into_future())
        })
        .collect();
    let mut sent_prompts = Vec::new();
    for (number, turn) in turns.into_iter().enumerate() {
        let error = turn.await.unwrap().unwrap_err();
        let Error::Timeout { sent, .. } = error else {
            panic!("{error}")
        };
        assert_eq!(error.is_retryable(), !sent);
        assert_eq!(error.to_string().contains("it was not sent"), !sent);
        if sent {
            sent_prompts.push(number.to_string());
        }
    }
    // The first one was written in part, so the server receives the rest.
    let received = receive_all(&codex, &mut fake).await;
    assert_eq!(sent_prompts, ["0"]);
    assert_eq!(prompts(&received), sent_prompts);
}

#[tokio::test]
async fn requests_whose_futures_are_dropped_before_they_are_written_are_never_sent() {
    let (codex, mut fake) = start().await;
    let thread = thread(&codex, &mut fake).await;
    let mut notifications = codex.notifications();
    let turns: Vec<_> = (0..40)
        .map(|number| tokio::spawn(thread.turn(prompt(number)).into_future()))
        .collect();
    let renamed = thread.clone();
    let renaming = tokio::spawn(async move { renamed.set_name("a name").await });
    // Proves that the connection has taken the requests.
    fake.notify("x/one", json!({})).await;
    notifications.next().await.unwrap().unwrap();
    for turn in &turns {
        turn.abort();
    }
    renaming.abort();
    for turn in turns {
        assert!(turn.await.is_err_and(|error| error.is_cancelled()));
    }
    let _ = renaming.await;
    let received = receive_all(&codex, &mut fake).await;
    assert_eq!(prompts(&received), ["0"]);
}

#[tokio::test]
async fn a_turn_whose_unwritten_start_is_dropped_holds_no_events_back() {
    let (codex, mut fake) = start().await;
    let thread = thread(&codex, &mut fake).await;
    let mut notifications = codex.notifications();
    let blocking = tokio::spawn(codex.thread_start().cwd(prompt(0)).into_future());
    let starting = tokio::spawn(thread.turn("hi").into_future());
    fake.notify("x/one", json!({})).await;
    notifications.next().await.unwrap().unwrap();
    // Held back, because the turn may be the one that is being started.
    fake.delta("other", "x").await;
    yield_now().await;
    starting.abort();
    let _ = starting.await;
    let event = notifications.next().await.unwrap().unwrap();
    assert_eq!(event.method(), "item/agentMessage/delta");
    let received = receive_all(&codex, &mut fake).await;
    assert_eq!(received.len(), 1);
    assert_eq!(received[0]["method"], "thread/start");
    blocking.abort();
}

#[tokio::test]
async fn the_unwritten_response_to_a_request_that_the_server_withdraws_is_never_sent() {
    let (codex, mut fake) = start().await;
    let thread = thread(&codex, &mut fake).await;
    let mut notifications = codex.notifications();
    let starting = tokio::spawn(thread.turn(prompt(0)).into_future());
    yield_now().await;
    for id in [7, 8] {
        let method = "item/commandExecution/requestApproval";
        fake.send_request(id, method, &json!({})).await;
    }
    // Proves that the requests were declined.
    fake.notify("x/one", json!({})).await;
    notifications.next().await.unwrap().unwrap();
    fake.resolve_request(7).await;
    let event = notifications.next().await.unwrap().unwrap();
    assert_eq!(event.method(), "serverRequest/resolved");
    let received = receive_all(&codex, &mut fake).await;
    let ids: Vec<_> = received[1..].iter().map(|message| &message["id"]).collect();
    assert_eq!(ids, [8]);
    starting.abort();
}

#[tokio::test]
async fn what_was_queued_behind_a_long_request_is_written_when_the_client_is_closed() {
    let (codex, mut fake) = start_with(Codex::builder()).await;
    let thread = thread(&codex, &mut fake).await;
    let requests: Vec<_> = (0..3)
        .map(|number| tokio::spawn(thread.turn(prompt(number)).into_future()))
        .collect();
    yield_now().await;
    let closing = tokio::spawn(async move { codex.close().await });
    for number in ["0", "1", "2"] {
        assert_eq!(prompts(&[fake.receive().await]), [number]);
    }
    fake.receive_end().await;
    closing.await.unwrap().unwrap();
    for request in requests {
        let closed = request.await.unwrap();
        assert!(matches!(closed, Err(Error::Closed(_))), "{closed:?}");
    }
}
