//! Tests the blocking client against a faulty server: the faults of `malformed_messages.rs`, and
//! more.

use std::{
    thread::{self, JoinHandle},
    time::Duration,
};

use serde_json::json;

use crate::{
    blocking::{Codex, TurnHandle},
    error::{Error, connection_closed::CloseReason},
    tests::{
        FakeServer,
        blocking::{start, start_with},
        server_faults::{
            Events, UNREADABLE_RESPONSES, assert_all_events_of_turn_with_faults,
            assert_invalid_lines_reported, assert_large, assert_rest_of_flood, assert_unreadable,
            complete_turn_with_faults, flood,
        },
        thread_start_response, turn_start_response,
    },
    types::ServerNotification,
};

/// Returns a client with a turn `u`. Its server runs the script, then responds to `account/read`.
fn start_turn<F>(
    script: impl FnOnce(FakeServer) -> F + Send + 'static,
) -> (Codex, TurnHandle, JoinHandle<()>)
where
    F: Future<Output = FakeServer>,
{
    let (codex, server) = start(|mut fake| async {
        fake.respond("thread/start", thread_start_response()).await;
        fake.respond("turn/start", turn_start_response("u")).await;
        respond_to_account_read(script(fake).await).await;
    });
    let thread = codex.thread_start().send().unwrap();
    let turn = thread.turn("hi").send().unwrap();
    (codex, turn, server)
}

async fn respond_to_account_read(mut fake: FakeServer) {
    let account = json!({"requiresOpenaiAuth": true});
    fake.respond("account/read", account).await;
}

/// Sends the request to which the server responds after its script.
fn assert_works(codex: &Codex, server: JoinHandle<()>) {
    assert!(codex.account().send().unwrap().requires_openai_auth);
    server.join().unwrap();
}

/// Returns whether this is the error that ends a stream after the server has closed the connection.
fn is_end(event: &crate::Result<ServerNotification>) -> bool {
    matches!(event, Err(Error::Closed(_)))
}

#[test]
fn a_turn_survives_malformed_messages_and_invalid_lines_are_reported() {
    let (codex, turn, server) = start_turn(|mut fake| async {
        complete_turn_with_faults(&mut fake).await;
        fake
    });
    let notifications = codex.notifications();
    assert_all_events_of_turn_with_faults(&turn.stream().collect());
    assert_works(&codex, server);
    let reports: Events = notifications.filter(|event| !is_end(event)).collect();
    assert_invalid_lines_reported(&reports);
}

#[test]
fn a_turn_that_completes_before_its_response_keeps_all_events() {
    let (codex, server) = start(|mut fake| async move {
        fake.respond("thread/start", thread_start_response()).await;
        let id = fake.receive_request("turn/start").await;
        fake.delta("u", "early").await;
        fake.complete_item("u", "done").await;
        fake.complete_turn("u", "completed").await;
        fake.send(&json!({"id": id, "result": turn_start_response("u")}))
            .await;
        respond_to_account_read(fake).await;
    });
    let thread = codex.thread_start().send().unwrap();
    let turn = thread.turn("hi").send().unwrap();
    let methods = turn
        .stream()
        .map(|event| event.unwrap().method().to_owned());
    let expected = [
        "item/agentMessage/delta",
        "item/completed",
        "turn/completed",
    ];
    assert_eq!(methods.collect::<Vec<_>>(), expected);
    let result = turn.run().unwrap();
    assert_eq!(result.final_response.as_deref(), Some("done"));
    assert_works(&codex, server);
}

#[test]
fn responses_that_arrive_out_of_order_reach_their_threads() {
    let (codex, server) = start(|mut fake| async move {
        let mut responses = Vec::new();
        for _ in 0..3 {
            let request = fake.receive().await;
            let result = json!({"data": [], "nextCursor": request["params"]["cursor"]});
            responses.push(json!({"id": request["id"], "result": result}));
        }
        for response in responses.iter().rev() {
            fake.send(response).await;
        }
        respond_to_account_read(fake).await;
    });
    thread::scope(|scope| {
        for cursor in ["a", "b", "c"] {
            let models = codex.models().cursor(cursor);
            scope.spawn(move || {
                let page = models.send().unwrap();
                assert_eq!(page.next_cursor.as_deref(), Some(cursor));
            });
        }
    });
    assert_works(&codex, server);
}

#[test]
fn a_request_without_a_response_times_out() {
    let (codex, server) = start(|mut fake| async move {
        fake.receive_request("model/list").await;
        respond_to_account_read(fake).await;
    });
    let models = codex.models().timeout(Duration::from_millis(1));
    let error = models.send().unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }), "{error}");
    assert_works(&codex, server);
}

#[test]
fn the_end_of_the_stream_during_a_turn_ends_the_iterator_and_the_run() {
    let (codex, server) = start(|mut fake| async move {
        fake.respond("thread/start", thread_start_response()).await;
        fake.respond("turn/start", turn_start_response("u")).await;
        fake.delta("u", "so far").await;
    });
    let thread = codex.thread_start().send().unwrap();
    let turn = thread.turn("hi").send().unwrap();
    let events: Vec<_> = turn.stream().collect();
    let [
        Ok(ServerNotification::AgentMessageDelta(delta)),
        Err(Error::Closed(closed)),
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(delta.delta, "so far");
    assert_eq!(closed.reason, CloseReason::EndOfStream);
    assert!(matches!(turn.run(), Err(Error::Closed(_))));
    assert!(codex.notifications().all(|event| event.is_err()));
    assert!(matches!(codex.account().send(), Err(Error::Closed(_))));
    server.join().unwrap();
}

#[test]
fn messages_of_64_mib_are_read() {
    let (codex, turn, server) = start_turn(|mut fake| async {
        fake.complete_turn_with_large_delta().await;
        fake.respond_with_large_message().await;
        fake
    });
    let mut events = turn.stream();
    let Some(Ok(ServerNotification::AgentMessageDelta(delta))) = events.next() else {
        panic!("no delta")
    };
    assert_large(&delta.delta);
    assert_eq!(events.next().unwrap().unwrap().method(), "turn/completed");
    let page = codex.models().send().unwrap();
    assert_large(&page.next_cursor.unwrap());
    assert_works(&codex, server);
}

#[test]
fn a_slow_reader_gets_the_number_of_dropped_notifications_and_continues() {
    let (codex, server) = start(|mut fake| async move {
        // The client subscribes before it sends this request.
        fake.respond("model/list", json!({"data": []})).await;
        flood(&mut fake).await;
        respond_to_account_read(fake).await;
    });
    let notifications = codex.notifications();
    codex.models().send().unwrap();
    assert_works(&codex, server);
    drop(codex);
    assert_rest_of_flood(&notifications.filter(|event| !is_end(event)).collect());
}

#[test]
fn an_unreadable_response_ends_its_request_at_once() {
    let builder = Codex::builder().max_message(100_000);
    let (codex, server) = start_with(builder, |mut fake| async move {
        for (unreadable, _) in UNREADABLE_RESPONSES {
            fake.respond_unreadably(&unreadable()).await;
        }
        respond_to_account_read(fake).await;
    });
    for (_, reason) in UNREADABLE_RESPONSES {
        assert_unreadable(&codex.models().no_timeout().send(), reason);
    }
    assert_works(&codex, server);
}

#[test]
fn a_message_over_the_size_limit_is_reported_and_the_next_one_is_read() {
    let builder = Codex::builder().max_message(1000);
    let (codex, server) = start_with(builder, |mut fake| async move {
        fake.notify("x", json!({"a": "x".repeat(200_000)})).await;
        respond_to_account_read(fake).await;
    });
    let Some(Err(error)) = codex.notifications().next() else {
        panic!("not reported")
    };
    assert!(error.to_string().contains("over the limit"), "{error}");
    assert_works(&codex, server);
}

#[test]
fn a_request_that_expires_before_it_is_written_is_never_sent_and_says_so() {
    const CAPACITY: usize = 64 * 1024;
    let (may_read, reads) = tokio::sync::oneshot::channel();
    let (fake, (reader, writer)) = FakeServer::with_capacity(CAPACITY);
    let server = fake.run_on_thread(|mut fake| async move {
        fake.handshake().await;
        fake.respond("thread/start", thread_start_response()).await;
        reads.await.unwrap();
        let message = fake.receive().await;
        assert_eq!(message["method"], "turn/start");
        respond_to_account_read(fake).await;
    });
    let codex = Codex::builder().connect(reader, writer).unwrap();
    let thread = codex.thread_start().send().unwrap();
    let expires = |prompt: &str| {
        let turn = thread.turn(prompt).timeout(Duration::from_millis(20));
        turn.send().unwrap_err()
    };
    // A prompt that exceeds the buffer is written in part, unless the machine is busy.
    let large = "x".repeat(2 * CAPACITY);
    while !matches!(expires(&large), Error::Timeout { sent: true, .. }) {}
    let error = expires("never sent");
    assert!(
        matches!(error, Error::Timeout { sent: false, .. }),
        "{error}"
    );
    assert!(error.is_retryable());
    assert!(error.to_string().contains("it was not sent"), "{error}");
    may_read.send(()).unwrap();
    assert_works(&codex, server);
}
