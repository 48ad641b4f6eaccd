//! Typed output: the schema of a Rust type, and the final response decoded into that type.

pub(crate) mod wire;

use std::{any::type_name, fmt};

use codex_types::redact;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use strict_schema::{Layout, OutputError, Schema};

use crate::{
    error::{Error, Result, output_mismatch::OutputMismatch},
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

/// Converts the result of a turn into the type that the caller requested.
pub(crate) type ConvertResult<R> = fn(TurnResult) -> Result<R>;

/// Defines the setter that changes the output type of a request builder. It keeps the `request`
/// field and the fields listed after the builder.
macro_rules! output {
    ($builder:ident $($option:ident)*) => {
        /// Requests that the final response of this turn be of the [supported
        /// type](crate::TypedResult#supported-types) `T`. The model must follow the JSON schema of
        /// the type, and the result is a [`TypedResult`](crate::TypedResult).
        ///
        /// This overrides [`output_schema`](Self::output_schema), regardless of the order of the
        /// calls. A turn that joins a running one uses the output schema of the running turn: a
        /// different schema is refused
        /// ([`OutputSchemaMismatch`](crate::RpcErrorKind::OutputSchemaMismatch)).
        ///
        /// The result is the error [`OutputMismatch`](crate::Error::OutputMismatch) if the final
        /// response does not match the type, or if there is none, as after an interrupt.
        pub fn output<T>(self) -> $builder<$crate::TypedResult<T>, M>
        where
            T: serde::de::DeserializeOwned + schemars::JsonSchema,
        {
            $builder {
                request: self.request,
                output: $crate::output::OutputSpec::typed(),
                $($option: self.$option,)*
            }
        }
    };
}

pub(crate) use output;

/// The output that a turn is started with.
pub(crate) struct OutputSpec<R> {
    /// The schema of the final response, if there is one, or an error if the type has no strict
    /// schema. The error is returned when the turn is started.
    pub(crate) schema: Result<Option<Schema>>,
    pub(crate) convert: ConvertResult<R>,
}

impl OutputSpec<TurnResult> {
    /// Output as text, without a schema.
    pub(crate) fn untyped() -> Self {
        Self {
            schema: Ok(None),
            convert: Ok,
        }
    }
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
                schema: Ok(Some(schema)),
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

impl<R> fmt::Debug for OutputSpec<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.schema.fmt(f)
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
