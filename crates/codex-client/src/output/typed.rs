//! Typed output: the schema of a Rust type, and the final response decoded into that type.

use std::any::type_name;

use codex_types::redact;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::to_raw_value;
use strict_schema::{Layout, OutputError};

use crate::{
    error::{Error, Result, output_mismatch::OutputMismatch},
    output::OutputSpec,
    turn_result::TurnResult,
};

/// The result of a turn, with its final response as a value of type `T`, returned by
/// [`RunBuilder::output`](crate::builder::RunBuilder::output) and
/// [`TurnStartBuilder::output`](crate::builder::TurnStartBuilder::output).
///
/// ```no_run
/// use codex_client::{Result, Thread};
///
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct Review {
///     /// In one sentence.
///     verdict: String,
///     comments: Vec<String>,
/// }
///
/// async fn example(thread: &Thread) -> Result<Review> {
///     let typed = thread.run("Review the diff.").output::<Review>().await?;
///     Ok(typed.value)
/// }
/// ```
///
/// # Supported types
///
/// `T` must implement serde's `Deserialize` and the `JsonSchema` trait of schemars 1, and have a
/// schema in the strict subset of JSON Schema that models enforce: structs, lists, options,
/// numbers, strings, enums in all serde representations, and recursive types. The documentation
/// comments of a type and its fields are part of the schema: the model reads them.
///
/// - The model must write every field, including those with `#[serde(default)]`. An `Option` may be
///   `null`.
/// - A type that is not a struct (an enum, a list, a number) is wrapped in an object with the
///   single member `value` on the wire. [`value`](Self::value) is the value itself.
/// - Maps, [`Value`](serde_json::Value) and tuples of different types have no strict schema. A
///   request for such a type fails with [`InvalidInput`](crate::Error::InvalidInput), which names
///   the field; nothing is sent.
/// - Constraints that the API does not support, such as the length of a string, are not part of the
///   schema.
/// - The model writes the members in the order of the schema: alphabetically or, with the
///   `preserve_order` feature of this crate or of serde_json, in the order of the struct. The tag
///   of an enum comes first, since some models refuse alternatives that begin with the same member.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TypedResult<T> {
    /// The final response, decoded.
    pub value: T,
    /// The result of the turn, with the final response as text.
    pub result: TurnResult,
}

impl<T: DeserializeOwned + JsonSchema> OutputSpec<TypedResult<T>> {
    /// Output of type `T`.
    pub(crate) fn typed() -> Self {
        match strict_schema::for_type::<T>() {
            Ok(schema) => Self {
                convert: match schema.layout() {
                    Layout::Wrapped => {
                        |result| decode_output(result, |text| Layout::Wrapped.decode(text))
                    }
                    _ => |result| decode_output(result, |text| Layout::Object.decode(text)),
                },
                schema: match to_raw_value(&schema) {
                    Ok(schema) => Ok(Some(schema)),
                    Err(error) => Err(Error::InvalidInput(error.to_string().into())),
                },
            },
            Err(error) => {
                let name = type_name::<T>();
                let message = format!("`{name}` cannot be the output of a turn: {error}");
                Self {
                    schema: Err(Error::InvalidInput(message.into())),
                    convert: |result| decode_output(result, |text| Layout::Object.decode(text)),
                }
            }
        }
    }
}

/// Decodes the final response of a turn.
fn decode_output<T>(
    result: TurnResult,
    decode: impl FnOnce(&str) -> Result<T, OutputError>,
) -> Result<TypedResult<T>> {
    let decoded = match &result.final_response {
        Some(text) => decode(text).map_err(|error| (error.path, error.reason)),
        None => {
            let status = result.status.as_str();
            Err((
                None,
                format!("there is no final response: the turn is {status}"),
            ))
        }
    };
    match decoded {
        Ok(value) => Ok(TypedResult { value, result }),
        Err((path, reason)) => {
            let mismatch = OutputMismatch {
                expected: type_name::<T>(),
                path,
                reason: redact::without_values(&reason),
                result,
            };
            Err(Error::OutputMismatch(Box::new(mismatch)))
        }
    }
}

#[cfg(test)]
mod tests;
