//! Turns: their events and results.

use std::{
    future::IntoFuture,
    sync::{Arc, Mutex},
};

use codex_types::{ServerNotification, ThreadItem, TurnStatus};
use serde_json::json;

use crate::{
    client::Thread,
    error::Error,
    sandbox::Sandbox,
    tests::{FakeServer, turn_start_response},
    turn::handle::TurnHandle,
    turn_result::TurnResult,
};

/// Starts a turn with this id.
pub(super) async fn start(thread: &Thread, fake: &mut FakeServer, turn_id: &str) -> TurnHandle {
    let (turn, _) = tokio::join!(
        thread.turn("hi").into_future(),
        fake.respond("turn/start", turn_start_response(turn_id))
    );
    turn.unwrap()
}

/// Responds to the start of the turn `u`, whose item `half` is completed before the client
/// interrupts it.
pub(super) async fn interrupted_turn(fake: &mut FakeServer) {
    fake.respond("turn/start", turn_start_response("u")).await;
    fake.complete_item("u", "half").await;
    let interrupt = fake.respond("turn/interrupt", json!({})).await;
    assert_eq!(interrupt["params"], json!({"threadId": "t", "turnId": "u"}));
    fake.complete_turn("u", "interrupted").await;
}

/// Asserts that a result is that of [`interrupted_turn`].
pub(super) fn assert_interrupted(result: &TurnResult) {
    assert_eq!(result.status, TurnStatus::Interrupted);
    assert_eq!(result.final_response.as_deref(), Some("half"));
}

/// Reads a turn to its end. Returns the text of each delta, and the method of each other event.
pub(super) async fn events(turn: &TurnHandle) -> Vec<String> {
    let mut stream = turn.stream();
    let mut out = Vec::new();
    while let Some(event) = stream.next().await {
        out.push(match event.unwrap() {
            ServerNotification::AgentMessageDelta(delta) => delta.delta,
            other => other.method().to_owned(),
        });
    }
    out
}

#[tokio::test]
async fn events_that_arrive_before_the_response_are_kept_including_the_last_one() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = tokio::spawn(thread.turn("hi").into_future());
    let id = fake.receive_request("turn/start").await;
    fake.delta("u", "early").await;
    fake.delta("other", "stray").await;
    fake.complete_item("u", "done").await;
    fake.complete_turn("u", "completed").await;
    fake.send(&json!({"id": id, "result": turn_start_response("u")}))
        .await;
    let turn = turn.await.unwrap().unwrap();
    assert_eq!((turn.id(), turn.thread_id()), ("u", "t"));
    assert_eq!(
        events(&turn).await,
        ["early", "item/completed", "turn/completed"]
    );
    let result = turn.run().await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("done"));
    // Events that were held back but belong to a different turn become global notifications.
    let mut notifications = thread.codex.notifications();
    let stray = notifications.next().await.unwrap().unwrap();
    assert_eq!(stray.turn_id(), Some("other"));
    fake.round_trip(&thread.codex).await;
}

#[tokio::test]
async fn thread_and_turn_options_are_sent() {
    let (codex, mut fake) = FakeServer::start().await;
    let (thread, message) = tokio::join!(
        codex
            .thread_start()
            .sandbox(Sandbox::WorkspaceWrite)
            .model("m")
            .into_future(),
        fake.respond("thread/start", crate::tests::thread_start_response())
    );
    assert_eq!(
        message["params"],
        json!({"sandbox": "workspace-write", "model": "m"})
    );
    let thread = thread.unwrap();
    let turn = thread
        .turn("hi")
        .sandbox(Sandbox::ReadOnly)
        .source("test")
        .service_tier("flex");
    let (_, message) = tokio::join!(
        turn.into_future(),
        fake.respond("turn/start", turn_start_response("u"))
    );
    let params = &message["params"];
    assert_eq!(params["threadId"], "t");
    assert_eq!(params["input"], json!([{"type": "text", "text": "hi"}]));
    assert_eq!(params["sandboxPolicy"]["type"], "readOnly");
    assert_eq!(params["turnTrigger"], "test");
    assert_eq!(params["serviceTier"], "flex");
}

#[tokio::test]
async fn concurrent_turns_get_their_own_events_and_a_sub_agent_ends_none_of_them() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let first = start(&thread, &mut fake, "u1").await;
    let second = start(&thread, &mut fake, "u2").await;
    for part in ["a", "b"] {
        fake.delta("u1", &format!("1{part}")).await;
        fake.delta("u2", &format!("2{part}")).await;
    }
    // `sub` is the thread of a sub-agent, whose turn may even have the same id.
    let turn = json!({"id": "u1", "items": [], "status": "completed"});
    fake.notify("turn/completed", json!({"threadId": "sub", "turn": turn}))
        .await;
    fake.complete_turn("u2", "completed").await;
    fake.delta("u1", "1c").await;
    fake.complete_turn("u1", "completed").await;
    assert_eq!(events(&first).await, ["1a", "1b", "1c", "turn/completed"]);
    assert_eq!(events(&second).await, ["2a", "2b", "turn/completed"]);
}

#[tokio::test]
async fn a_result_is_collected_from_the_stream_without_another_request() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    let mut stream = turn.stream();
    fake.delta("u", "x").await;
    stream.next().await.unwrap().unwrap();
    fake.complete_item("u", "first").await;
    let future = json!({"type": "futureItem", "id": "f", "new": true});
    let params = json!({"threadId": "t", "turnId": "u", "item": future, "completedAtMs": 1});
    fake.notify("item/completed", params).await;
    let usage = |total: i64| {
        let counts = json!({
            "totalTokens": total, "inputTokens": 1, "cachedInputTokens": 0, "outputTokens": 1,
            "reasoningOutputTokens": 0,
        });
        json!({"threadId": "t", "turnId": "u", "tokenUsage": {"last": counts, "total": counts}})
    };
    fake.notify("thread/tokenUsage/updated", usage(3)).await;
    fake.notify("thread/tokenUsage/updated", usage(5)).await;
    fake.complete_turn("u", "interrupted").await;
    let result = stream.result().await.unwrap();
    assert_eq!(result.status, TurnStatus::Interrupted);
    assert_eq!(result.final_response.as_deref(), Some("first"));
    assert_eq!(result.items.len(), 2);
    assert!(matches!(result.items[1], ThreadItem::Unrecognized(..)));
    assert_eq!(
        result.usage.as_ref().map(|usage| usage.total.total_tokens),
        Some(5)
    );
    assert_eq!(turn.run().await.unwrap(), result);
}

#[tokio::test]
async fn a_failed_turn_is_an_error_with_its_items() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let run = tokio::spawn(thread.run("hi").into_future());
    let id = fake.receive_request("turn/start").await;
    fake.send(&json!({"id": id, "result": turn_start_response("u")}))
        .await;
    fake.complete_item("u", "half").await;
    let error = json!({"message": "out of tokens"});
    let turn = json!({"id": "u", "items": [], "status": "failed", "error": error});
    fake.notify("turn/completed", json!({"threadId": "t", "turn": turn}))
        .await;
    let error = run.await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), "the turn failed: out of tokens");
    let Error::TurnFailed(result) = error else {
        panic!("{error}")
    };
    assert_eq!(result.final_response.as_deref(), Some("half"));
}

#[tokio::test]
async fn the_end_of_the_connection_is_an_error_and_ends_the_stream() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    let mut stream = turn.stream();
    fake.delta("u", "x").await;
    drop(fake);
    stream.next().await.unwrap().unwrap();
    assert!(matches!(stream.next().await, Some(Err(Error::Closed(_)))));
    assert!(stream.next().await.is_none());
    assert!(matches!(turn.run().await, Err(Error::Closed(_))));
    assert!(matches!(thread.run("more").await, Err(Error::Closed(_))));
}

#[tokio::test]
async fn an_event_with_a_malformed_part_is_delivered_and_the_error_follows() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    let mut stream = turn.stream();
    let params = json!({"threadId": "t", "turnId": "u", "itemId": "i", "delta": 5});
    fake.notify("item/agentMessage/delta", params).await;
    fake.complete_turn("u", "completed").await;
    let event = stream.next().await.unwrap().unwrap();
    assert_eq!(event.method(), "item/agentMessage/delta");
    assert!(matches!(stream.next().await, Some(Err(Error::Decode(_)))));
    let last = stream.next().await.unwrap().unwrap();
    assert_eq!(last.method(), "turn/completed");
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn a_stream_that_is_not_read_blocks_nothing_and_loses_no_text() {
    const DELTAS: usize = 100_000;
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    let mut slow = turn.stream();
    for _ in 0..DELTAS / 100 {
        let params = json!({"threadId": "t", "turnId": "u", "itemId": "i", "delta": "word "});
        let line = json!({"method": "item/agentMessage/delta", "params": params});
        fake.write(format!("{line}\n").repeat(100).as_bytes()).await;
    }
    // Other requests still work in the meantime.
    fake.round_trip(&thread.codex).await;
    fake.complete_turn("u", "completed").await;
    let (mut events, mut bytes) = (0, 0);
    while let Some(event) = slow.next().await {
        if let ServerNotification::AgentMessageDelta(delta) = event.unwrap() {
            events += 1;
            bytes += delta.delta.len();
        }
    }
    assert_eq!(bytes, DELTAS * "word ".len());
    assert!(events <= DELTAS / 10, "{events}");
}

#[tokio::test]
async fn a_second_stream_starts_with_the_first_unread_event() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    let first = turn.stream();
    fake.delta("u", "a").await;
    fake.complete_turn("u", "completed").await;
    // All events are routed before this returns.
    fake.round_trip(&thread.codex).await;
    assert_eq!(events(&turn).await, ["a", "turn/completed"]);
    drop(first);
}

#[tokio::test]
async fn the_events_of_a_turn_without_handles_become_global_notifications() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let mut notifications = thread.codex.notifications();
    drop(start(&thread, &mut fake, "u").await);
    fake.delta("u", "x").await;
    let event = notifications.next().await.unwrap().unwrap();
    assert!(matches!(event, ServerNotification::AgentMessageDelta(_)));
}

#[tokio::test]
async fn an_unknown_value_affects_neither_its_event_nor_its_turn() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    let mut stream = turn.stream();
    let item = json!({"type": "agentMessage", "id": "i", "text": "x", "phase": "tomorrow"});
    let params = json!({"threadId": "t", "turnId": "u", "item": item, "completedAtMs": 1});
    fake.notify("item/completed", params).await;
    fake.complete_turn("u", "tomorrow").await;
    let event = stream.next().await.unwrap().unwrap();
    assert_eq!(event.method(), "item/completed");
    let last = stream.next().await.unwrap().unwrap();
    assert_eq!(last.method(), "turn/completed");
    let result = stream.result().await.unwrap();
    assert!(matches!(result.items[..], [ThreadItem::AgentMessage(_)]));
    assert!(matches!(result.status, TurnStatus::Unrecognized(_)));
}

#[tokio::test]
async fn a_run_calls_its_observer_with_each_event_of_the_turn() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let writer = Arc::clone(&seen);
    let run = thread.run("hi").on_event(move |event| {
        writer.lock().unwrap().push(event.method().to_owned());
    });
    let (result, _) = tokio::join!(run, async {
        fake.respond("turn/start", turn_start_response("u")).await;
        fake.start_turn("u").await;
        fake.delta("u", "x").await;
        fake.complete_turn("u", "failed").await;
    });
    // A failed turn has events too.
    assert!(matches!(result, Err(Error::TurnFailed(_))));
    let expected = ["turn/started", "item/agentMessage/delta", "turn/completed"];
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[tokio::test]
async fn of_a_turn_of_which_only_the_events_are_read_no_item_is_kept() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let mut events = start(&thread, &mut fake, "u").await.stream().events_only();
    fake.start_turn("u").await;
    fake.complete_item("u", "text").await;
    fake.complete_turn("u", "completed").await;
    let mut methods = Vec::new();
    while let Some(event) = events.next().await {
        methods.push(event.unwrap().method().to_owned());
    }
    assert_eq!(
        methods,
        ["turn/started", "item/completed", "turn/completed"]
    );
    let result = events.result().await.unwrap();
    assert_eq!(result.status, TurnStatus::Completed);
    assert!(result.items.is_empty());
    assert_eq!(result.final_response, None);
}

#[tokio::test]
async fn a_handle_has_the_items_although_a_stream_reads_only_the_events() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    drop(turn.stream().events_only());
    fake.complete_item("u", "text").await;
    fake.complete_turn("u", "completed").await;
    let result = turn.run().await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("text"));
}
