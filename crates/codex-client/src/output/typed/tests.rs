//! Final responses, decoded.

use std::collections::BTreeMap;

use codex_types::{Turn, TurnStatus};
use schemars::JsonSchema;
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    error::{Error, output_mismatch::OutputMismatch},
    output::{OutputSpec, typed::TypedResult},
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
fn the_error_for_an_unsupported_type_names_the_type() {
    let output = OutputSpec::<TypedResult<BTreeMap<String, bool>>>::typed();
    let Err(Error::InvalidInput(message)) = output.schema else {
        panic!("a map was accepted")
    };
    assert!(message.contains("BTreeMap"), "{message}");
}

/// Decodes a final response.
fn decode<T: DeserializeOwned + JsonSchema>(text: &str) -> Result<T, Box<OutputMismatch>> {
    let mut turn = TurnResult::new(
        Turn::new("u", Vec::new(), TurnStatus::Completed),
        Vec::new(),
        None,
    );
    turn.final_response = Some(text.to_owned());
    match (OutputSpec::<TypedResult<T>>::typed().convert)(turn) {
        Ok(typed) => {
            assert_eq!(typed.result.final_response.as_deref(), Some(text));
            Ok(typed.value)
        }
        Err(Error::OutputMismatch(mismatch)) => Err(mismatch),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_response_is_decoded_and_null_is_none() {
    let near = decode::<Point>(r#"{"x": 1, "y": null}"#).unwrap();
    assert_eq!(near, Point { x: 1.0, y: None });
    let verdict = decode::<Verdict>(r#"{"value": "Bad"}"#).unwrap();
    assert_eq!(verdict, Verdict::Bad);
    let list = decode::<Vec<Point>>(r#"{"value": [{"x": 1, "y": 2}]}"#).unwrap();
    assert_eq!(list[0].y, Some(2.0));
    assert_eq!(decode::<Option<bool>>(r#"{"value": null}"#).unwrap(), None);
}

#[test]
fn a_mismatch_names_the_place_and_keeps_the_response() {
    let mismatch = decode::<Vec<Point>>(r#"{"value": [{"x": "far"}]}"#).unwrap_err();
    assert_eq!(mismatch.path.as_deref(), Some("value[0].x"));
    assert_eq!(mismatch.text(), Some(r#"{"value": [{"x": "far"}]}"#));
    let text = mismatch.to_string();
    assert!(
        text.ends_with("Point>`: `value[0].x`: invalid type: string \"…\", expected f64"),
        "{text}"
    );
    let mismatch = decode::<Verdict>(r#"{"Value": "Bad"}"#).unwrap_err();
    assert_eq!(
        (mismatch.path, &*mismatch.reason),
        (None, "missing field `value`")
    );
    let mismatch = decode::<Point>("I cannot say.").unwrap_err();
    assert!(mismatch.reason.starts_with("not JSON"), "{mismatch}");
    let turn = TurnResult::new(
        Turn::new("u", Vec::new(), TurnStatus::Interrupted),
        Vec::new(),
        None,
    );
    let Err(Error::OutputMismatch(mismatch)) =
        (OutputSpec::<TypedResult<Point>>::typed().convert)(turn)
    else {
        panic!("there is a final response")
    };
    assert_eq!(mismatch.text(), None);
    let text = mismatch.to_string();
    assert!(
        text.ends_with("there is no final response: the turn is interrupted"),
        "{text}"
    );
}
