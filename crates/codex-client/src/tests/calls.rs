//! Calls and their answers.

use std::{future::IntoFuture, time::Duration};

use codex_types::{ModelListParams, ThreadReadParams, request};
use serde_json::json;

use crate::{
    client::Codex,
    error::{Error, rpc_error::RpcErrorKind},
    tests::{Fake, at_once, settle},
};

fn models(codex: &Codex) -> crate::builder::RequestBuilder<ModelListParams> {
    codex.request(ModelListParams::default())
}

#[tokio::test]
async fn each_answer_reaches_its_caller_though_they_come_out_of_order() {
    let (codex, mut fake) = Fake::start().await;
    let read = |id: &str| {
        let codex = codex.clone();
        let params = json!({"nextCursor": id, "data": []});
        (tokio::spawn(models(&codex).into_future()), params)
    };
    let mut calls = Vec::new();
    let mut answers = Vec::new();
    for cursor in ["a", "b", "c"] {
        let (call, result) = read(cursor);
        answers.push(json!({"id": fake.request("model/list").await, "result": result}));
        calls.push((cursor, call));
    }
    for answer in answers.iter().rev() {
        fake.send(answer).await;
    }
    for (cursor, call) in calls {
        let list = call.await.unwrap().unwrap();
        assert_eq!(list.next_cursor.as_deref(), Some(cursor));
    }
    settle(&codex, &mut fake).await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_never_answered_ends_at_its_deadline_and_a_late_answer_is_ignored() {
    let (codex, mut fake) = Fake::start().await;
    let error = models(&codex)
        .timeout(Duration::from_secs(5))
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            Error::Timeout {
                method: "model/list",
                ..
            }
        ),
        "{error}"
    );
    assert!(!error.is_retryable());
    let error = models(&codex).await.unwrap_err();
    assert_eq!(error.to_string(), "`model/list` timed out after 60 s");
    for _ in 0..2 {
        let id = fake.request("model/list").await;
        fake.send(&json!({"id": id, "result": {"data": []}})).await;
    }
    let (list, _) = tokio::join!(
        models(&codex).into_future(),
        fake.answer("model/list", json!({"data": [], "nextCursor": "x"}))
    );
    assert_eq!(list.unwrap().next_cursor.as_deref(), Some("x"));
}

#[tokio::test(start_paused = true)]
async fn without_a_deadline_a_call_waits_until_it_has_one_or_the_connection_ends() {
    let builder = Codex::builder().no_request_timeout();
    let (codex, mut fake) = Fake::start_with(builder).await;
    let mut waiting = tokio::spawn(models(&codex).into_future());
    fake.request("model/list").await;
    let month = Duration::from_secs(30 * 24 * 60 * 60);
    assert!(tokio::time::timeout(month, &mut waiting).await.is_err());
    let limited = models(&codex).timeout(Duration::from_secs(5)).await;
    assert!(matches!(limited, Err(Error::Timeout { .. })), "{limited:?}");
    drop(fake);
    let error = waiting.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Closed(_)), "{error}");
}

#[tokio::test]
async fn a_thousand_calls_at_once_are_all_answered_a_hundred_at_a_time() {
    let (codex, mut fake) = Fake::start().await;
    let calls: Vec<_> = (0..1000)
        .map(|_| tokio::spawn(models(&codex).into_future()))
        .collect();
    let mut waiting = Vec::new();
    for _ in 0..100 {
        waiting.push(fake.request("model/list").await);
    }
    // The limit is reached: nothing more comes until one is answered.
    assert!(at_once(fake.lines.next_line()).is_none());
    for answered in 0..1000 {
        let id = waiting.pop().unwrap();
        fake.send(&json!({"id": id, "result": {"data": []}})).await;
        if answered < 900 {
            waiting.push(fake.request("model/list").await);
        }
    }
    for call in calls {
        call.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_dropped_call_leaves_the_connection_as_it_was() {
    let (codex, mut fake) = Fake::start().await;
    let call = tokio::spawn(models(&codex).into_future());
    let id = fake.request("model/list").await;
    call.abort();
    let _ = call.await;
    fake.send(&json!({"id": id, "result": {"data": []}})).await;
    settle(&codex, &mut fake).await;
}

#[tokio::test]
async fn a_call_that_was_dropped_in_the_queue_is_never_sent() {
    let (codex, mut fake) = Fake::start_with(Codex::builder().max_in_flight(1)).await;
    let first = tokio::spawn(models(&codex).into_future());
    let id = fake.request("model/list").await;
    let second = tokio::spawn(codex.request(request::MemoryReset).into_future());
    tokio::task::yield_now().await;
    second.abort();
    let _ = second.await;
    let third = tokio::spawn(codex.request(ThreadReadParams::new("t")).into_future());
    fake.send(&json!({"id": id, "result": {"data": []}})).await;
    first.await.unwrap().unwrap();
    fake.request("thread/read").await;
    third.abort();
}

#[tokio::test]
async fn a_refusal_says_what_kind_it_is_and_whether_to_try_again() {
    let (codex, mut fake) = Fake::start().await;
    for (code, message, kind, retryable) in [
        (
            -32001,
            "Server overloaded; retry later.",
            RpcErrorKind::Overloaded,
            true,
        ),
        (
            -32600,
            "no rollout found for x",
            RpcErrorKind::RolloutMissing,
            false,
        ),
    ] {
        let call = tokio::spawn(models(&codex).into_future());
        let id = fake.request("model/list").await;
        fake.send(&json!({"id": id, "error": {"code": code, "message": message}}))
            .await;
        let error = call.await.unwrap().unwrap_err();
        assert_eq!(error.is_retryable(), retryable);
        let Error::Rpc(error) = error else {
            panic!("{error}")
        };
        assert_eq!((error.method, error.kind), ("model/list", kind));
    }
}

#[tokio::test]
async fn an_answer_that_is_not_what_the_protocol_says_is_an_error_without_its_secrets() {
    let (codex, mut fake) = Fake::start().await;
    let (list, _) = tokio::join!(
        models(&codex).into_future(),
        fake.answer(
            "model/list",
            json!({"token": "sk-secret", "data": "sk-secret"})
        )
    );
    let error = list.unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(
        text.contains("model/list") && text.contains("data"),
        "{text}"
    );
    assert!(!text.contains("secret"), "{text}");
}

#[tokio::test]
async fn a_method_without_params_is_sent_without_the_member() {
    let (codex, mut fake) = Fake::start().await;
    let (answer, message) = tokio::join!(
        codex.request(request::MemoryReset).into_future(),
        fake.answer("memory/reset", json!({}))
    );
    answer.unwrap();
    assert!(message.get("params").is_none(), "{message}");
    let (_, message) = tokio::join!(
        models(&codex).into_future(),
        fake.answer("model/list", json!({"data": []}))
    );
    assert_eq!(message["params"], json!({}));
}
