//! Turns, their events and results.

use std::future::IntoFuture;

use codex_types::{ServerNotification, ThreadItem, TurnStatus};
use serde_json::json;

use crate::{
    client::Thread,
    error::Error,
    sandbox::Sandbox,
    tests::{Fake, settle, turn_started},
    turn::handle::TurnHandle,
};

pub(super) async fn start(thread: &Thread, fake: &mut Fake, turn_id: &str) -> TurnHandle {
    let (turn, _) = tokio::join!(
        thread.turn("hi").into_future(),
        fake.answer("turn/start", turn_started(turn_id))
    );
    turn.unwrap()
}

/// The methods of all events, deltas with their text.
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
async fn events_that_come_before_the_answer_are_not_lost_even_the_last_one() {
    let (thread, mut fake) = Fake::start_thread().await;
    let turn = tokio::spawn(thread.turn("hi").into_future());
    let id = fake.request("turn/start").await;
    fake.delta("u", "early").await;
    fake.delta("other", "not ours").await;
    fake.complete_item("u", "done").await;
    fake.complete_turn("u", "completed").await;
    fake.send(&json!({"id": id, "result": turn_started("u")}))
        .await;
    let turn = turn.await.unwrap().unwrap();
    assert_eq!((turn.id(), turn.thread_id()), ("u", "t"));
    assert_eq!(
        events(&turn).await,
        ["early", "item/completed", "turn/completed"]
    );
    let result = turn.run().await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("done"));
    // What was kept in case it was ours goes where it belongs.
    let mut notifications = thread.codex.notifications();
    let stray = notifications.next().await.unwrap().unwrap();
    assert_eq!(stray.turn_id(), Some("other"));
    settle(&thread.codex, &mut fake).await;
}

#[tokio::test]
async fn the_options_of_thread_and_turn_are_on_the_wire() {
    let (codex, mut fake) = Fake::start().await;
    let (thread, message) = tokio::join!(
        codex
            .thread_start()
            .sandbox(Sandbox::WorkspaceWrite)
            .model("m")
            .into_future(),
        fake.answer("thread/start", crate::tests::thread_started())
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
        fake.answer("turn/start", turn_started("u"))
    );
    let params = &message["params"];
    assert_eq!(params["threadId"], "t");
    assert_eq!(params["input"], json!([{"type": "text", "text": "hi"}]));
    assert_eq!(params["sandboxPolicy"]["type"], "readOnly");
    assert_eq!(params["turnTrigger"], "test");
    assert_eq!(params["serviceTier"], "flex");
}

#[tokio::test]
async fn turns_at_once_get_their_own_events_and_a_sub_agent_ends_none_of_them() {
    let (thread, mut fake) = Fake::start_thread().await;
    let first = start(&thread, &mut fake, "u1").await;
    let second = start(&thread, &mut fake, "u2").await;
    for part in ["a", "b"] {
        fake.delta("u1", &format!("1{part}")).await;
        fake.delta("u2", &format!("2{part}")).await;
    }
    // A sub-agent's thread; even the turn's id may be the same.
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
async fn a_result_is_collected_from_the_stream_without_asking_again() {
    let (thread, mut fake) = Fake::start_thread().await;
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
async fn a_failed_turn_is_an_error_that_has_what_was_done() {
    let (thread, mut fake) = Fake::start_thread().await;
    let run = tokio::spawn(thread.run("hi").into_future());
    let id = fake.request("turn/start").await;
    fake.send(&json!({"id": id, "result": turn_started("u")}))
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
async fn the_end_of_the_connection_is_the_last_item_of_a_stream_and_no_success() {
    let (thread, mut fake) = Fake::start_thread().await;
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
async fn a_malformed_event_of_a_turn_is_an_item_and_the_stream_goes_on() {
    let (thread, mut fake) = Fake::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    let mut stream = turn.stream();
    let params = json!({"threadId": "t", "turnId": "u", "itemId": "i", "delta": 5});
    fake.notify("item/agentMessage/delta", params).await;
    fake.complete_turn("u", "completed").await;
    assert!(matches!(stream.next().await, Some(Err(Error::Decode(_)))));
    let last = stream.next().await.unwrap().unwrap();
    assert_eq!(last.method(), "turn/completed");
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn a_reader_that_does_not_read_slows_nobody_and_loses_nothing() {
    const DELTAS: usize = 100_000;
    let (thread, mut fake) = Fake::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    let mut lazy = turn.stream();
    for _ in 0..DELTAS / 100 {
        let params = json!({"threadId": "t", "turnId": "u", "itemId": "i", "delta": "word "});
        let line = json!({"method": "item/agentMessage/delta", "params": params});
        fake.write(format!("{line}\n").repeat(100).as_bytes()).await;
    }
    // Whoever asks meanwhile is answered.
    settle(&thread.codex, &mut fake).await;
    fake.complete_turn("u", "completed").await;
    let (mut events, mut bytes) = (0, 0);
    while let Some(event) = lazy.next().await {
        if let ServerNotification::AgentMessageDelta(delta) = event.unwrap() {
            events += 1;
            bytes += delta.delta.len();
        }
    }
    assert_eq!(bytes, DELTAS * "word ".len());
    assert!(events <= DELTAS / 10, "{events}");
}

#[tokio::test]
async fn a_second_stream_begins_with_what_was_not_read_yet() {
    let (thread, mut fake) = Fake::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    let first = turn.stream();
    fake.delta("u", "a").await;
    fake.complete_turn("u", "completed").await;
    // Answered only after the events before it were routed.
    settle(&thread.codex, &mut fake).await;
    assert_eq!(events(&turn).await, ["a", "turn/completed"]);
    drop(first);
}

#[tokio::test]
async fn the_events_of_a_turn_that_was_let_go_are_for_whoever_listens() {
    let (thread, mut fake) = Fake::start_thread().await;
    let mut notifications = thread.codex.notifications();
    drop(start(&thread, &mut fake, "u").await);
    fake.delta("u", "x").await;
    let event = notifications.next().await.unwrap().unwrap();
    assert!(matches!(event, ServerNotification::AgentMessageDelta(_)));
}

#[tokio::test]
async fn a_value_that_is_not_known_spoils_neither_its_event_nor_its_turn() {
    let (thread, mut fake) = Fake::start_thread().await;
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
