//! What the model answers.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::client::{Client, model};
use codex_testing::{Item, Reply};
use serde_json::Value;

#[test]
fn replies_come_in_the_order_of_the_queue_and_then_from_the_closure() {
    let model = model();
    model.push("first").push(Item::text("second"));
    model.respond_with(|request| Reply::text(format!("{}th", request.number())));
    let texts: Vec<_> = (0..4)
        .map(|_| Client::ask(&model, "x").answer().text())
        .collect();
    assert_eq!(texts, ["first", "second", "3th", "4th"]);
    assert!(model.unanswered().is_empty());
    assert_eq!((model.queued(), model.requests().len()), (0, 4));
}

#[test]
fn an_http_error_has_its_status_its_headers_and_its_body() {
    let model = model();
    model.push(Reply::http_error(429, "slow down").header("retry-after", "7"));
    let answer = Client::ask(&model, "x").answer();
    assert_eq!((answer.status, &*answer.body), (429, "slow down"));
    assert!(answer.head.contains("retry-after: 7"), "{answer:?}");
}

#[test]
fn a_script_that_http_cannot_say_is_told_to_the_client() {
    let model = model();
    model
        .push(Reply::http_error(99, ""))
        .push(Reply::text("x").header("no name", "y"));
    for part in ["99 is no status", "\"no name\""] {
        let answer = Client::ask(&model, "x").answer();
        assert!(
            answer.status == 400 && answer.body.contains(part),
            "{answer:?}"
        );
    }
}

#[test]
fn what_was_sent_before_a_cut_arrives_and_the_body_breaks_off() {
    let model = model();
    // More than fits into one frame.
    let long = "word ".repeat(2_000);
    model
        .push(Reply::text(&long).cut_after(1_500))
        .push(Reply::text("all of it").then_cut());
    let answer = Client::ask(&model, "x").answer();
    assert_eq!(answer.text(), "word ".repeat(1_500));
    assert!(!answer.whole);
    let answer = Client::ask(&model, "x").answer();
    assert_eq!(
        (answer.text(), answer.last()),
        ("all of it".into(), "response.output_item.done".into())
    );
    assert!(!answer.whole);
}

#[test]
fn a_stream_ends_as_scripted() {
    let model = model();
    model
        .push(Reply::text("a"))
        .push(Reply::text("a").then_fail("c", "m"))
        .push(Reply::failure("c", "m"))
        .push(Reply::text("a").then_incomplete("max_output_tokens"));
    for end in ["completed", "failed", "failed", "incomplete"] {
        let answer = Client::ask(&model, "x").answer();
        assert!(
            answer.whole && answer.last() == format!("response.{end}"),
            "{answer:?}"
        );
    }
}

#[test]
fn a_request_without_a_reply_is_told_what_is_missing() {
    let model = model();
    let body = Client::ask(&model, "hear me").answer();
    assert_eq!(body.status, 400);
    for part in [
        "request 1",
        "hear me",
        "thread t",
        "the queue is empty",
        "no respond_with",
    ] {
        assert!(body.body.contains(part), "{body:?}");
    }
    model.respond_with(|_| None);
    assert!(
        Client::ask(&model, "x")
            .answer()
            .body
            .contains("respond_with gave None")
    );
    assert_eq!(model.unanswered().len(), 2);
}

#[test]
fn a_closure_that_panics_fails_its_request_and_nothing_else() {
    let model = model();
    model.respond_with(|request| {
        assert_ne!(request.number(), 1, "not the first one");
        Reply::text("fine")
    });
    let answer = Client::ask(&model, "x").answer();
    assert!(
        answer.status == 400 && answer.body.contains("not the first one"),
        "{answer:?}"
    );
    assert_eq!(Client::ask(&model, "x").answer().text(), "fine");
    assert_eq!(model.unanswered().len(), 1);
}

#[test]
fn a_closure_may_look_at_the_model_and_script_it() {
    let model = Arc::new(model());
    let inner = Arc::downgrade(&model);
    model.respond_with(move |_| {
        let model = inner.upgrade()?;
        model.push("later");
        Some(Reply::text(format!("{} seen", model.requests().len())))
    });
    assert_eq!(Client::ask(&model, "x").answer().text(), "1 seen");
    assert_eq!(Client::ask(&model, "x").answer().text(), "later");
}

#[test]
fn other_requests_are_refused_and_seen() {
    let model = model();
    assert_eq!(
        Client::send(&model, "GET", "/v1/unknown?x=1", "")
            .answer()
            .status,
        404
    );
    assert_eq!(
        Client::send(&model, "POST", "/v1/responses/compact", "{}")
            .answer()
            .status,
        404
    );
    assert_eq!(
        Client::send(&model, "POST", "/v1/responses", "no json")
            .answer()
            .status,
        400
    );
    assert_eq!(
        Client::send(&model, "CONNECT", "example.com:443", "")
            .answer()
            .status,
        404
    );
    let proxied = "http://example.com/v1/models";
    assert_eq!(
        Client::send(&model, "GET", proxied, "").answer().status,
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
fn the_list_of_models_has_one() {
    let answer = Client::send(&model(), "GET", "/v1/models?client_version=1", "").answer();
    let list: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(list["data"][0]["id"], "scripted-model");
}

#[test]
fn delays_are_kept() {
    let model = model();
    let delay = Duration::from_millis(20);
    model.push(
        Reply::text("a b c")
            .delay(delay)
            .delay_between_deltas(delay),
    );
    let start = Instant::now();
    assert_eq!(Client::ask(&model, "x").answer().text(), "a b c");
    assert!(start.elapsed() >= 4 * delay);
}
