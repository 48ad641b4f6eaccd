//! Requests from the client and their responses.

use std::{future::IntoFuture, time::Duration};

use codex_types::{ModelListParams, ThreadReadParams, request};
use serde_json::json;

use crate::{
    client::Codex,
    error::{Error, rpc_error_kind::RpcErrorKind},
    tests::{FakeServer, poll_once},
};

fn models(codex: &Codex) -> crate::builder::RequestBuilder<ModelListParams> {
    codex.request(ModelListParams::default())
}

#[tokio::test]
async fn responses_that_arrive_out_of_order_reach_their_callers() {
    let (codex, mut fake) = FakeServer::start().await;
    let read = |id: &str| {
        let codex = codex.clone();
        let params = json!({"nextCursor": id, "data": []});
        (tokio::spawn(models(&codex).into_future()), params)
    };
    let mut requests = Vec::new();
    let mut responses = Vec::new();
    for cursor in ["a", "b", "c"] {
        let (request, result) = read(cursor);
        responses.push(json!({"id": fake.receive_request("model/list").await, "result": result}));
        requests.push((cursor, request));
    }
    for response in responses.iter().rev() {
        fake.send(response).await;
    }
    for (cursor, request) in requests {
        let list = request.await.unwrap().unwrap();
        assert_eq!(list.next_cursor.as_deref(), Some(cursor));
    }
    fake.round_trip(&codex).await;
}

#[tokio::test(start_paused = true)]
async fn a_request_without_a_response_times_out_and_a_late_response_is_ignored() {
    let (codex, mut fake) = FakeServer::start().await;
    let error = models(&codex)
        .timeout(Duration::from_secs(5))
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            Error::Timeout {
                method: "model/list",
                sent: true,
                ..
            }
        ),
        "{error}"
    );
    assert!(!error.is_retryable());
    let error = models(&codex).await.unwrap_err();
    assert_eq!(error.to_string(), "`model/list` timed out after 60 s");
    for _ in 0..2 {
        let id = fake.receive_request("model/list").await;
        fake.send(&json!({"id": id, "result": {"data": []}})).await;
    }
    let (list, _) = tokio::join!(
        models(&codex).into_future(),
        fake.respond("model/list", json!({"data": [], "nextCursor": "x"}))
    );
    assert_eq!(list.unwrap().next_cursor.as_deref(), Some("x"));
}

#[tokio::test(start_paused = true)]
async fn without_a_timeout_a_request_waits_until_the_connection_ends() {
    let builder = Codex::builder().no_request_timeout();
    let (codex, mut fake) = FakeServer::start_with(builder).await;
    let mut waiting = tokio::spawn(models(&codex).into_future());
    fake.receive_request("model/list").await;
    let month = Duration::from_secs(30 * 24 * 60 * 60);
    assert!(tokio::time::timeout(month, &mut waiting).await.is_err());
    let timed_out = models(&codex).timeout(Duration::from_secs(5)).await;
    assert!(
        matches!(timed_out, Err(Error::Timeout { .. })),
        "{timed_out:?}"
    );
    drop(fake);
    let error = waiting.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Closed(_)), "{error}");
}

#[tokio::test]
async fn only_a_hundred_of_a_thousand_concurrent_requests_are_in_flight_at_a_time() {
    let (codex, mut fake) = FakeServer::start().await;
    let requests: Vec<_> = (0..1000)
        .map(|_| tokio::spawn(models(&codex).into_future()))
        .collect();
    let mut waiting = Vec::new();
    for _ in 0..100 {
        waiting.push(fake.receive_request("model/list").await);
    }
    // The limit is reached: the client sends no more until it receives a response.
    assert!(poll_once(fake.next_message()).is_none());
    for responses in 0..1000 {
        let id = waiting.pop().unwrap();
        fake.send(&json!({"id": id, "result": {"data": []}})).await;
        if responses < 900 {
            waiting.push(fake.receive_request("model/list").await);
        }
    }
    for request in requests {
        request.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_dropped_request_does_not_affect_the_connection() {
    let (codex, mut fake) = FakeServer::start().await;
    let request = tokio::spawn(models(&codex).into_future());
    let id = fake.receive_request("model/list").await;
    request.abort();
    let _ = request.await;
    fake.send(&json!({"id": id, "result": {"data": []}})).await;
    fake.round_trip(&codex).await;
}

#[tokio::test]
async fn a_request_dropped_while_it_is_queued_is_never_sent() {
    let (codex, mut fake) = FakeServer::start_with(Codex::builder().max_in_flight(1)).await;
    let first = tokio::spawn(models(&codex).into_future());
    let id = fake.receive_request("model/list").await;
    let second = tokio::spawn(codex.request(request::MemoryReset).into_future());
    tokio::task::yield_now().await;
    second.abort();
    let _ = second.await;
    let third = tokio::spawn(codex.request(ThreadReadParams::new("t")).into_future());
    fake.send(&json!({"id": id, "result": {"data": []}})).await;
    first.await.unwrap().unwrap();
    fake.receive_request("thread/read").await;
    third.abort();
}

#[tokio::test]
async fn an_rpc_error_has_a_kind_and_tells_whether_to_retry() {
    let (codex, mut fake) = FakeServer::start().await;
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
        let request = tokio::spawn(models(&codex).into_future());
        let id = fake.receive_request("model/list").await;
        fake.send(&json!({"id": id, "error": {"code": code, "message": message}}))
            .await;
        let error = request.await.unwrap().unwrap_err();
        assert_eq!(error.is_retryable(), retryable);
        let Error::Rpc(error) = error else {
            panic!("{error}")
        };
        assert_eq!((error.method, error.kind), ("model/list", kind));
    }
}

#[tokio::test]
async fn a_response_of_the_wrong_shape_is_an_error_that_does_not_quote_it() {
    let (codex, mut fake) = FakeServer::start().await;
    let (list, _) = tokio::join!(
        models(&codex).into_future(),
        fake.respond("model/list", json!(["sk-secret"]))
    );
    let error = list.unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(
        text.contains("model/list") && text.contains("ModelListResponse"),
        "{text}"
    );
    assert!(!text.contains("secret"), "{text}");
}

#[tokio::test]
async fn a_response_is_decoded_without_a_part_of_the_wrong_type_and_the_part_is_reported() {
    let (codex, mut fake) = FakeServer::start().await;
    let mut notifications = codex.notifications();
    let page = json!({
        "data": [{"id": "a"}, "sk-secret", {"id": "b", "isDefault": "sk-secret"}],
        "nextCursor": null,
    });
    let (list, _) = tokio::join!(
        models(&codex).into_future(),
        fake.respond("model/list", page)
    );
    let ids: Vec<_> = list
        .unwrap()
        .data
        .into_iter()
        .map(|model| model.id)
        .collect();
    assert_eq!(ids, ["a", "b"]);
    for part in ["ModelListResponse.data[1]", "Model.isDefault"] {
        let error = notifications.next().await.unwrap().unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(text.contains("model/list") && text.contains(part), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }
}

#[tokio::test]
async fn a_method_without_params_is_sent_without_a_params_member() {
    let (codex, mut fake) = FakeServer::start().await;
    let (response, message) = tokio::join!(
        codex.request(request::MemoryReset).into_future(),
        fake.respond("memory/reset", json!({}))
    );
    response.unwrap();
    assert!(message.get("params").is_none(), "{message}");
    let (_, message) = tokio::join!(
        models(&codex).into_future(),
        fake.respond("model/list", json!({"data": []}))
    );
    assert_eq!(message["params"], json!({}));
}
