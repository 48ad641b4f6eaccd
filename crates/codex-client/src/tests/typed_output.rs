//! Typed responses: the schema that is sent, and the value that is returned.

use std::{collections::BTreeMap, future::IntoFuture, time::Duration};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    client::Thread,
    error::Error,
    output::typed::TypedResult,
    tests::{FakeServer, turn_start_response},
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

const REVIEW_JSON: &str = r#"{"comments": ["Fine."], "score": null}"#;

fn review() -> Review {
    Review {
        comments: vec!["Fine.".to_owned()],
        score: None,
    }
}

/// Runs a typed turn with this response. Returns the schema that was sent and the result.
async fn run(response: Option<&str>, status: &str) -> (Value, Result<TypedResult<Review>, Error>) {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let run = thread.run("Review.").output::<Review>();
    let run = tokio::spawn(run.into_future());
    let request = fake.respond("turn/start", turn_start_response("u")).await;
    if let Some(response) = response {
        fake.complete_item("u", response).await;
    }
    fake.complete_turn("u", status).await;
    let result = run.await.unwrap();
    (request["params"]["outputSchema"].clone(), result)
}

#[tokio::test]
async fn a_response_of_the_type_is_returned_with_the_result() {
    let (sent, typed) = run(Some(REVIEW_JSON), "completed").await;
    assert_eq!(sent, schema());
    let typed = typed.unwrap();
    assert_eq!(typed.value, review());
    assert_eq!(typed.result.final_response.as_deref(), Some(REVIEW_JSON));
}

#[tokio::test]
async fn the_schema_of_an_enum_has_the_tag_before_the_content() {
    #[derive(Deserialize, JsonSchema)]
    #[serde(tag = "type", content = "content")]
    #[expect(dead_code)]
    enum Step {
        Edit(String),
        Wait(u8),
    }
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = thread.turn("Plan it.").model("m").output::<Vec<Step>>();
    let turn = tokio::spawn(turn.into_future());
    let sent = fake.next_line().await.unwrap();
    let members = sent.matches(r#""properties":{"type":{"#).count();
    assert_eq!(members, 2, "{sent}");
    assert!(sent.contains(r#""model":"m""#), "{sent}");
    turn.abort();
}

#[tokio::test]
async fn a_response_of_the_wrong_type_is_an_error_with_the_result() {
    let response = r#"{"comments": ["Fine.", 7], "score": null}"#;
    let Err(Error::OutputMismatch(mismatch)) = run(Some(response), "completed").await.1 else {
        panic!("the response matches")
    };
    assert_eq!(mismatch.path.as_deref(), Some("comments[1]"));
    assert_eq!(mismatch.text(), Some(response));
    assert_eq!(mismatch.result.items.len(), 1);
}

#[tokio::test]
async fn a_turn_without_a_response_is_a_mismatch_and_a_failed_turn_is_a_failure() {
    let Err(Error::OutputMismatch(mismatch)) = run(None, "interrupted").await.1 else {
        panic!("there is a response")
    };
    assert_eq!(mismatch.text(), None);
    let Err(Error::TurnFailed(_)) = run(Some(REVIEW_JSON), "failed").await.1 else {
        panic!("the turn did not fail")
    };
}

#[tokio::test]
async fn options_may_be_set_before_and_after_the_output_type() {
    let (thread, mut fake) = FakeServer::start_thread().await;
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
        let request = fake.respond("turn/start", turn_start_response("u")).await;
        let expected = json!({
            "threadId": "t", "input": [{"type": "text", "text": "a"}], "model": "m",
            "outputSchema": schema(),
        });
        assert_eq!(request["params"], expected);
        fake.complete_item("u", REVIEW_JSON).await;
        fake.complete_turn("u", "completed").await;
        assert_eq!(run.await.unwrap().unwrap().value, review());
    }
}

#[tokio::test]
async fn a_streamed_turn_has_a_typed_result() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let start = thread.turn("a").output::<Review>().model("m");
    let start = tokio::spawn(start.into_future());
    let request = fake.respond("turn/start", turn_start_response("u")).await;
    assert_eq!(request["params"]["outputSchema"], schema());
    let turn = start.await.unwrap().unwrap();
    fake.complete_item("u", REVIEW_JSON).await;
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
    assert_eq!(turn.clone().run().await.unwrap().value, review());
    let within = turn.run_within(Duration::from_secs(60)).await;
    assert_eq!(within.unwrap().value, review());
}

#[tokio::test]
async fn an_unsupported_type_is_an_error_and_nothing_is_sent() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let run = thread.run("a").output::<BTreeMap<String, bool>>();
    let Err(Error::InvalidInput(message)) = run.await else {
        panic!("the type was accepted")
    };
    assert!(message.contains("is a map"), "{message}");
    let turn = thread.turn("b").output::<Value>();
    let Err(Error::InvalidInput(_)) = turn.await else {
        panic!("the type was accepted")
    };
    let next = tokio::spawn(thread.turn("c").into_future());
    let request = fake.respond("turn/start", turn_start_response("u")).await;
    assert_eq!(request["params"]["input"][0]["text"], "c");
    next.await.unwrap().unwrap();
}
