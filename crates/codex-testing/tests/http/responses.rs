//! Scripted responses over HTTP.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::client::{Client, model};
use codex_testing::{Item, ModelResponse};
use serde_json::Value;

#[test]
fn responses_come_from_the_queue_in_order_and_then_from_the_closure() {
    let model = model();
    model.push("first").push(Item::text("second"));
    model.respond_with(|request| ModelResponse::text(format!("{}th", request.number())));
    let texts: Vec<_> = (0..4)
        .map(|_| Client::ask(&model, "x").response().text())
        .collect();
    assert_eq!(texts, ["first", "second", "3th", "4th"]);
    assert!(model.requests_without_response().is_empty());
    assert_eq!((model.queued(), model.requests().len()), (0, 4));
}

#[test]
fn an_http_error_has_its_status_headers_and_body() {
    let model = model();
    model.push(ModelResponse::http_error(429, "slow down").header("retry-after", "7"));
    let response = Client::ask(&model, "x").response();
    assert_eq!((response.status, &*response.body), (429, "slow down"));
    assert!(response.head.contains("retry-after: 7"), "{response:?}");
}

#[test]
fn an_invalid_status_or_header_is_reported_to_the_client() {
    let model = model();
    model
        .push(ModelResponse::http_error(99, ""))
        .push(ModelResponse::text("x").header("no name", "y"));
    for part in ["status 99 is invalid", "\"no name\""] {
        let response = Client::ask(&model, "x").response();
        assert!(
            response.status == 400 && response.body.contains(part),
            "{response:?}"
        );
    }
}

#[test]
fn events_before_a_cut_arrive_and_then_the_body_breaks_off() {
    let model = model();
    // More text than fits into one frame.
    let long = "word ".repeat(2_000);
    model
        .push(ModelResponse::text(&long).cut_after(1_500))
        .push(ModelResponse::text("all of it").then_cut());
    let response = Client::ask(&model, "x").response();
    assert_eq!(response.text(), "word ".repeat(1_500));
    assert!(!response.whole);
    let response = Client::ask(&model, "x").response();
    assert_eq!(
        (response.text(), response.last()),
        ("all of it".into(), "response.output_item.done".into())
    );
    assert!(!response.whole);
}

#[test]
fn a_stream_ends_as_scripted() {
    let model = model();
    model
        .push(ModelResponse::text("a"))
        .push(ModelResponse::text("a").then_fail("c", "m"))
        .push(ModelResponse::failure("c", "m"))
        .push(ModelResponse::text("a").then_incomplete("max_output_tokens"));
    for end in ["completed", "failed", "failed", "incomplete"] {
        let response = Client::ask(&model, "x").response();
        assert!(
            response.whole && response.last() == format!("response.{end}"),
            "{response:?}"
        );
    }
}

#[test]
fn a_request_without_a_response_gets_an_error_that_says_what_is_missing() {
    let model = model();
    let body = Client::ask(&model, "hear me").response();
    assert_eq!(body.status, 400);
    for part in [
        "request 1",
        "hear me",
        "thread t",
        "the queue is empty",
        "respond_with is not set",
    ] {
        assert!(body.body.contains(part), "{body:?}");
    }
    model.respond_with(|_| None);
    assert!(
        Client::ask(&model, "x")
            .response()
            .body
            .contains("respond_with returned None")
    );
    assert_eq!(model.requests_without_response().len(), 2);
}

#[test]
fn a_closure_that_panics_fails_only_its_request() {
    let model = model();
    model.respond_with(|request| {
        assert_ne!(request.number(), 1, "not the first request");
        ModelResponse::text("fine")
    });
    let response = Client::ask(&model, "x").response();
    assert!(
        response.status == 400 && response.body.contains("not the first request"),
        "{response:?}"
    );
    assert_eq!(Client::ask(&model, "x").response().text(), "fine");
    assert_eq!(model.requests_without_response().len(), 1);
}

#[test]
fn a_closure_may_read_the_model_and_extend_its_script() {
    let model = Arc::new(model());
    let inner = Arc::downgrade(&model);
    model.respond_with(move |_| {
        let model = inner.upgrade()?;
        model.push("later");
        Some(ModelResponse::text(format!(
            "{} seen",
            model.requests().len()
        )))
    });
    assert_eq!(Client::ask(&model, "x").response().text(), "1 seen");
    assert_eq!(Client::ask(&model, "x").response().text(), "later");
}

#[test]
fn other_requests_are_rejected_and_recorded() {
    let model = model();
    assert_eq!(
        Client::send(&model, "GET", "/v1/unknown?x=1", "")
            .response()
            .status,
        404
    );
    assert_eq!(
        Client::send(&model, "POST", "/v1/responses/compact", "{}")
            .response()
            .status,
        404
    );
    assert_eq!(
        Client::send(&model, "POST", "/v1/responses", "no json")
            .response()
            .status,
        400
    );
    assert_eq!(
        Client::send(&model, "CONNECT", "example.com:443", "")
            .response()
            .status,
        404
    );
    let proxied = "http://example.com/v1/models";
    assert_eq!(
        Client::send(&model, "GET", proxied, "").response().status,
        404
    );
    let strays = model.stray_requests();
    let strays: Vec<_> = strays.iter().map(|stray| format!("{stray:?}")).collect();
    assert_eq!(
        strays,
        [
            "StrayRequest(GET /v1/unknown?x=1 -> 404)",
            "StrayRequest(POST /v1/responses/compact -> 404)",
            "StrayRequest(POST /v1/responses -> 400)",
            "StrayRequest(CONNECT example.com:443 -> 404)",
            "StrayRequest(GET http://example.com/v1/models -> 404)",
        ]
    );
    assert!(model.requests().is_empty());
}

#[test]
fn the_list_of_models_has_one_entry() {
    let response = Client::send(&model(), "GET", "/v1/models?client_version=1", "").response();
    let list: Value = serde_json::from_str(&response.body).unwrap();
    assert_eq!(list["data"][0]["id"], "scripted-model");
}

#[test]
fn delays_are_observed() {
    let model = model();
    let delay = Duration::from_millis(20);
    model.push(
        ModelResponse::text("a b c")
            .delay(delay)
            .delay_between_deltas(delay),
    );
    let start = Instant::now();
    assert_eq!(Client::ask(&model, "x").response().text(), "a b c");
    assert!(start.elapsed() >= 4 * delay);
}
