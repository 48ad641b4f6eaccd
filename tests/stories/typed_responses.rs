//! Typed responses on the real app-server: the schema sent to the model, and the decoded value.

use codex_client::{Error, RpcErrorKind, schemars};
use codex_tests::stage::Stage;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

/// An instruction.
#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Plan {
    first_step: Step,
    later: Vec<Step>,
    notes: Option<String>,
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(tag = "do")]
enum Step {
    Edit { path: String },
    Wait,
}

#[tokio::test]
async fn the_model_gets_the_schema_of_the_type_and_its_response_is_decoded() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    stage.model.push(
        r#"{"firstStep": {"do": "Edit", "path": "a.rs"}, "later": [{"do": "Wait"}], "notes": null}"#,
    );
    let typed = thread.run("Plan it.").output::<Plan>().await.unwrap();
    let expected = Plan {
        first_step: Step::Edit {
            path: "a.rs".to_owned(),
        },
        later: vec![Step::Wait],
        notes: None,
    };
    assert_eq!(typed.value, expected);
    assert_eq!(typed.result.items.len(), 2);
    // The server passes it on unchanged.
    let step = json!({"$ref": "#/$defs/Step"});
    let schema = json!({
        "type": "object",
        "description": "An instruction.",
        "properties": {
            "firstStep": step,
            "later": {"type": "array", "items": step},
            "notes": {"type": ["string", "null"]},
        },
        "required": ["firstStep", "later", "notes"],
        "additionalProperties": false,
        "$defs": {"Step": {"anyOf": [
            {
                "type": "object",
                "properties": {
                    "do": {"type": "string", "const": "Edit"}, "path": {"type": "string"},
                },
                "required": ["do", "path"],
                "additionalProperties": false,
            },
            {
                "type": "object",
                "properties": {"do": {"type": "string", "const": "Wait"}},
                "required": ["do"],
                "additionalProperties": false,
            },
        ]}},
    });
    // It applies to that turn only.
    stage.model.push("Done.");
    thread.run("Do it.").await.unwrap();
    let [first, second] = &stage.model.requests()[..] else {
        panic!("not two requests")
    };
    let format = &first.body()["text"]["format"];
    assert_eq!(format["type"], "json_schema");
    assert_eq!(format["strict"], true);
    assert_eq!(format["schema"], schema);
    assert!(second.body()["text"]["format"].is_null());
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_response_that_does_not_match_is_kept_and_the_thread_continues() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    let response = r#"{"firstStep": {"do": "Wait"}, "later": "never", "notes": null}"#;
    stage.model.push(response);
    let turn = thread.turn("Plan it.").output::<Plan>().await.unwrap();
    let Err(Error::OutputMismatch(mismatch)) = turn.run().await else {
        panic!("it matches")
    };
    assert_eq!(mismatch.path.as_deref(), Some("later"));
    assert_eq!(mismatch.text(), Some(response));
    assert_eq!(mismatch.result.id, turn.id());
    // A value that is not an object is wrapped in one.
    stage.model.push(r#"{"value": [1, 2]}"#);
    let numbers = thread.run("Count.").output::<Vec<u8>>().await.unwrap();
    assert_eq!(numbers.value, [1, 2]);
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_turn_joins_only_a_turn_of_the_same_type() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    let gate = stage.model.gate();
    let response = codex_testing::ModelResponse::text(r#"{"value": true}"#);
    stage.model.push(response.hold(&gate));
    stage.model.push(r#"{"value": false}"#);
    let first = thread.turn("Is it?").output::<bool>().await.unwrap();
    gate.reached().await.unwrap();
    let Err(Error::Rpc(refused)) = thread.turn("How much?").output::<u8>().await else {
        panic!("it joined")
    };
    assert_eq!(refused.kind, RpcErrorKind::OutputSchemaMismatch);
    let joined = thread.turn("Or not?").output::<bool>().await.unwrap();
    assert_eq!(joined.id(), first.id());
    gate.open();
    assert!(!joined.run().await.unwrap().value);
    assert!(!first.run().await.unwrap().value);
    codex.close().await.unwrap();
}

#[test]
fn a_blocking_turn_has_a_typed_response() {
    let stage = Stage::new();
    let codex = stage.start_blocking();
    let thread = codex.thread_start().send().unwrap();
    stage.model.push("{}").push(r#"{"value": {"do": "Wait"}}"#);
    let run = thread.run("And now?").output::<Step>();
    let Err(Error::OutputMismatch(mismatch)) = run.send() else {
        panic!("it matches")
    };
    assert_eq!(mismatch.reason, "missing field `value`");
    let turn = thread.turn("And now?").output::<Step>().send().unwrap();
    assert_eq!(
        turn.stream().last().unwrap().unwrap().method(),
        "turn/completed"
    );
    assert_eq!(turn.run().unwrap().value, Step::Wait);
    codex.close().unwrap();
}
