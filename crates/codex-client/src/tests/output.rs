//! Typed answers: what is asked for, and what comes of it.

use std::{collections::BTreeMap, future::IntoFuture, time::Duration};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    client::Thread,
    error::Error,
    output::TypedResult,
    tests::{Fake, turn_started},
    turn::start::RunBuilder,
    types::ServerNotification,
};

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
struct Review {
    comments: Vec<String>,
    score: Option<u8>,
}

fn schema() -> Value {
    json!({
        "type": "object", "additionalProperties": false, "required": ["comments", "score"],
        "properties": {
            "comments": {"type": "array", "items": {"type": "string"}},
            "score": {"type": ["integer", "null"], "minimum": 0, "maximum": 255},
        },
    })
}

const FITTING: &str = r#"{"comments": ["Fine."], "score": null}"#;

fn fitting() -> Review {
    Review {
        comments: vec!["Fine.".to_owned()],
        score: None,
    }
}

/// Runs a typed turn whose answer is this; returns what was asked for and what came of it.
async fn run(answer: Option<&str>, status: &str) -> (Value, Result<TypedResult<Review>, Error>) {
    let (thread, mut fake) = Fake::start_thread().await;
    let run = thread.run("Review.").output::<Review>();
    let run = tokio::spawn(run.into_future());
    let asked = fake.answer("turn/start", turn_started("u")).await;
    if let Some(answer) = answer {
        fake.complete_item("u", answer).await;
    }
    fake.complete_turn("u", status).await;
    let result = run.await.unwrap();
    (asked["params"]["outputSchema"].clone(), result)
}

#[tokio::test]
async fn an_answer_of_the_type_comes_with_the_result() {
    let (asked, typed) = run(Some(FITTING), "completed").await;
    assert_eq!(asked, schema());
    let typed = typed.unwrap();
    assert_eq!(typed.value, fitting());
    assert_eq!(typed.result.final_response.as_deref(), Some(FITTING));
}

#[tokio::test]
async fn a_choice_is_sent_with_its_tags_before_what_they_are_about() {
    #[derive(Deserialize, JsonSchema)]
    #[serde(tag = "type", content = "content")]
    #[expect(dead_code)]
    enum Step {
        Edit(String),
        Wait(u8),
    }
    let (thread, mut fake) = Fake::start_thread().await;
    let turn = thread.turn("Plan it.").model("m").output::<Vec<Step>>();
    let turn = tokio::spawn(turn.into_future());
    let sent = fake.lines.next_line().await.unwrap().unwrap();
    let members = sent.matches(r#""properties":{"type":{"#).count();
    assert_eq!(members, 2, "{sent}");
    assert!(sent.contains(r#""model":"m""#), "{sent}");
    turn.abort();
}

#[tokio::test]
async fn an_answer_that_does_not_fit_is_an_error_with_the_result() {
    let answer = r#"{"comments": ["Fine.", 7], "score": null}"#;
    let Err(Error::OutputMismatch(mismatch)) = run(Some(answer), "completed").await.1 else {
        panic!("it fits")
    };
    assert_eq!(mismatch.path.as_deref(), Some("comments[1]"));
    assert_eq!(mismatch.text(), Some(answer));
    assert_eq!(mismatch.result.items.len(), 1);
}

#[tokio::test]
async fn a_turn_without_an_answer_is_an_error_and_a_failed_one_that_of_its_failure() {
    let Err(Error::OutputMismatch(mismatch)) = run(None, "interrupted").await.1 else {
        panic!("there is an answer")
    };
    assert_eq!(mismatch.text(), None);
    let Err(Error::TurnFailed(_)) = run(Some(FITTING), "failed").await.1 else {
        panic!("it has not failed")
    };
}

#[tokio::test]
async fn options_may_come_before_and_behind_and_the_type_stands() {
    let (thread, mut fake) = Fake::start_thread().await;
    type Order = fn(&Thread) -> RunBuilder<TypedResult<Review>>;
    let orders: [Order; 2] = [
        |thread| {
            let run = thread.run("a").model("m").output_schema(json!({}));
            run.timeout(Duration::from_secs(60)).output()
        },
        |thread| {
            let run = thread.run("a").output::<bool>().output().model("m");
            run.output_schema(json!({}))
                .timeout(Duration::from_secs(60))
        },
    ];
    for order in orders {
        let run = tokio::spawn(order(&thread).into_future());
        let asked = fake.answer("turn/start", turn_started("u")).await;
        let expected = json!({
            "threadId": "t", "input": [{"type": "text", "text": "a"}], "model": "m",
            "outputSchema": schema(),
        });
        assert_eq!(asked["params"], expected);
        fake.complete_item("u", FITTING).await;
        fake.complete_turn("u", "completed").await;
        assert_eq!(run.await.unwrap().unwrap().value, fitting());
    }
}

#[tokio::test]
async fn a_followed_turn_has_a_typed_result() {
    let (thread, mut fake) = Fake::start_thread().await;
    let start = thread.turn("a").output::<Review>().model("m");
    let start = tokio::spawn(start.into_future());
    let asked = fake.answer("turn/start", turn_started("u")).await;
    assert_eq!(asked["params"]["outputSchema"], schema());
    let turn = start.await.unwrap().unwrap();
    fake.complete_item("u", FITTING).await;
    fake.complete_turn("u", "completed").await;
    let mut events = turn.stream();
    let mut methods = 0;
    while let Some(event) = events.next().await {
        methods += 1;
        assert!(!matches!(
            event.unwrap(),
            ServerNotification::Unrecognized(_)
        ));
    }
    assert_eq!(methods, 2);
    assert_eq!(events.result().await.unwrap().items.len(), 1);
    assert_eq!(turn.clone().run().await.unwrap().value, fitting());
    let within = turn.run_within(Duration::from_secs(60)).await;
    assert_eq!(within.unwrap().value, fitting());
}

#[tokio::test]
async fn a_type_that_cannot_be_asked_for_is_told_before_anything_is_sent() {
    let (thread, mut fake) = Fake::start_thread().await;
    let run = thread.run("a").output::<BTreeMap<String, bool>>();
    let Err(Error::InvalidInput(message)) = run.await else {
        panic!("it was taken")
    };
    assert!(message.contains("is a map"), "{message}");
    let turn = thread.turn("b").output::<Value>();
    let Err(Error::InvalidInput(_)) = turn.await else {
        panic!("it was taken")
    };
    let next = tokio::spawn(thread.turn("c").into_future());
    let asked = fake.answer("turn/start", turn_started("u")).await;
    assert_eq!(asked["params"]["input"][0]["text"], "c");
    next.await.unwrap().unwrap();
}
