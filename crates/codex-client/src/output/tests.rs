//! What is made of answers.

use std::collections::BTreeMap;

use codex_types::{Turn, TurnStatus};
use schemars::JsonSchema;
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    error::{Error, output_mismatch::OutputMismatch},
    output::{OutputSpec, TypedResult},
    turn_result::TurnResult,
};

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
struct Point {
    x: f64,
    y: Option<f64>,
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
enum Verdict {
    Good,
    Bad,
}

#[test]
fn a_type_that_cannot_be_asked_for_is_named() {
    let wanted = OutputSpec::<TypedResult<BTreeMap<String, bool>>>::typed();
    let Err(Error::InvalidInput(message)) = wanted.schema else {
        panic!("a map was taken")
    };
    assert!(message.contains("BTreeMap"), "{message}");
}

/// What is made of an answer.
fn answer<T: DeserializeOwned + JsonSchema>(text: &str) -> Result<T, Box<OutputMismatch>> {
    let mut turn = TurnResult::new(
        Turn::new("u", Vec::new(), TurnStatus::Completed),
        Vec::new(),
        None,
    );
    turn.final_response = Some(text.to_owned());
    match (OutputSpec::<TypedResult<T>>::typed().read)(turn) {
        Ok(typed) => {
            assert_eq!(typed.result.final_response.as_deref(), Some(text));
            Ok(typed.value)
        }
        Err(Error::OutputMismatch(mismatch)) => Err(mismatch),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn an_answer_is_read_and_null_is_none() {
    let near = answer::<Point>(r#"{"x": 1, "y": null}"#).unwrap();
    assert_eq!(near, Point { x: 1.0, y: None });
    let verdict = answer::<Verdict>(r#"{"value": "Bad"}"#).unwrap();
    assert_eq!(verdict, Verdict::Bad);
    let list = answer::<Vec<Point>>(r#"{"value": [{"x": 1, "y": 2}]}"#).unwrap();
    assert_eq!(list[0].y, Some(2.0));
    assert_eq!(answer::<Option<bool>>(r#"{"value": null}"#).unwrap(), None);
}

#[test]
fn an_answer_that_does_not_fit_is_kept_and_says_what_does_not() {
    let mismatch = answer::<Vec<Point>>(r#"{"value": [{"x": "far"}]}"#).unwrap_err();
    assert_eq!(mismatch.path.as_deref(), Some("value[0].x"));
    assert_eq!(mismatch.text(), Some(r#"{"value": [{"x": "far"}]}"#));
    let text = mismatch.to_string();
    assert!(
        text.ends_with("Point>`: `value[0].x`: invalid type: string \"far\", expected f64"),
        "{text}"
    );
    let mismatch = answer::<Verdict>(r#"{"Value": "Bad"}"#).unwrap_err();
    assert_eq!(
        (mismatch.path, &*mismatch.reason),
        (None, "missing field `value`")
    );
    let mismatch = answer::<Point>("I cannot say.").unwrap_err();
    assert!(mismatch.reason.starts_with("not JSON"), "{mismatch}");
    let turn = TurnResult::new(
        Turn::new("u", Vec::new(), TurnStatus::Interrupted),
        Vec::new(),
        None,
    );
    let Err(Error::OutputMismatch(mismatch)) =
        (OutputSpec::<TypedResult<Point>>::typed().read)(turn)
    else {
        panic!("there is an answer")
    };
    assert_eq!(mismatch.text(), None);
    let text = mismatch.to_string();
    assert!(
        text.ends_with("there is none, the turn is interrupted"),
        "{text}"
    );
}
