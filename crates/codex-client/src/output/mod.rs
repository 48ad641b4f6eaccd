//! Typed answers: the schema that a Rust type asks for, and the answer read into it.

pub(crate) mod wire;

use std::{any::type_name, fmt};

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use strict_schema::{DecodeError, Layout, Schema};

use crate::{
    error::{Error, Result, output_mismatch::OutputMismatch},
    turn_result::TurnResult,
};

/// The answer of a turn as a value of `T`; from [`RunBuilder::output`](crate::builder::RunBuilder::output) and
/// [`TurnStartBuilder::output`](crate::builder::TurnStartBuilder::output).
///
/// ```no_run
/// # async fn example(thread: codex_client::Thread) -> codex_client::Result<()> {
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct Review {
///     /// In one sentence.
///     verdict: String,
///     comments: Vec<String>,
/// }
/// let review: Review = thread.run("Review the diff.").output::<Review>().await?.value;
/// # Ok(())
/// # }
/// ```
///
/// # What `T` can be
///
/// Whatever derives serde's `Deserialize` and `JsonSchema` of schemars 1, and can be said in the
/// strict form of JSON Schema that models are held to: structs, lists, options, numbers, text, enums
/// in each of serde's forms, and types that contain themselves. Comments in the documentation of a
/// type and its fields go with the schema, and the model reads them.
///
/// - Every member is required of the model, also one with `#[serde(default)]`. An `Option` may be
///   `null`.
/// - An answer that is no struct (an enum, a list, a number) is asked for as an object whose only
///   member is `value`. `output` is the value itself.
/// - Maps, [`Value`](serde_json::Value) and tuples of different types cannot be said. They are an
///   [`InvalidInput`](crate::Error::InvalidInput) that names the field, before anything is sent.
/// - Limits that the API does not know, such as the length of a text, are not part of the schema.
/// - The model writes members in the order of the schema: that of the alphabet, or that of the struct
///   with the feature `preserve_order` of this crate, or of serde_json, which is the same. The tag of an enum comes
///   first, since some models refuse a choice of objects that begin alike.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TypedResult<T> {
    /// The final answer.
    pub value: T,
    /// What the turn has come to, with the answer as text.
    pub result: TurnResult,
}

/// How the result of a turn is read into what its caller wants.
pub(crate) type Read<R> = fn(TurnResult) -> Result<R>;

/// The option that makes a request builder one for a typed answer. Besides `call`, these are the
/// fields that it keeps.
macro_rules! output {
    ($builder:ident $($option:ident)*) => {
        /// Asks for a final answer that is a `T`, in this turn: the model is held to the JSON schema
        /// of the type, and its answer is read into a [`TypedResult`](crate::TypedResult). There it
        /// says [what `T` can be](crate::TypedResult#what-t-can-be).
        ///
        /// It takes the place of [`output_schema`](Self::output_schema), whichever is called first.
        /// A turn that joins a running one has the output schema of that one, and is refused
        /// ([`OutputSchemaMismatch`](crate::RpcErrorKind::OutputSchemaMismatch)) if it asks for
        /// another.
        ///
        /// The result is an [`OutputMismatch`](crate::Error::OutputMismatch) if the answer does not
        /// fit, or if there is none, as after an interrupt.
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

/// What a turn is asked for.
pub(crate) struct OutputSpec<R> {
    /// The schema of the answer, if it has one. An error is that of the type, and is told when the
    /// turn is to be started.
    pub(crate) schema: Result<Option<Schema>>,
    pub(crate) read: Read<R>,
}

impl OutputSpec<TurnResult> {
    /// The result as it is.
    pub(crate) fn result() -> Self {
        Self {
            schema: Ok(None),
            read: Ok,
        }
    }
}

impl<T: DeserializeOwned + JsonSchema> OutputSpec<TypedResult<T>> {
    /// An answer that is a `T`.
    pub(crate) fn typed() -> Self {
        match strict_schema::for_type::<T>() {
            Ok(schema) => Self {
                read: match schema.layout() {
                    Layout::Wrapped => |result| fit(result, |text| Layout::Wrapped.decode(text)),
                    _ => |result| fit(result, |text| Layout::Object.decode(text)),
                },
                schema: Ok(Some(schema)),
            },
            Err(error) => {
                let name = type_name::<T>();
                let message = format!("`{name}` cannot be asked for as output: {error}");
                Self {
                    schema: Err(Error::InvalidInput(message.into())),
                    read: |result| fit(result, |text| Layout::Object.decode(text)),
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

fn fit<T>(
    result: TurnResult,
    decode: impl FnOnce(&str) -> Result<T, DecodeError>,
) -> Result<TypedResult<T>> {
    let decoded = match &result.final_response {
        Some(text) => decode(text).map_err(|error| (error.path, error.reason)),
        None => {
            let status = result.status.as_str();
            Err((None, format!("there is none, the turn is {status}")))
        }
    };
    match decoded {
        Ok(value) => Ok(TypedResult { value, result }),
        Err((path, reason)) => {
            let mismatch = OutputMismatch {
                expected: type_name::<T>(),
                path,
                reason,
                result,
            };
            Err(Error::OutputMismatch(Box::new(mismatch)))
        }
    }
}

#[cfg(test)]
mod tests;
