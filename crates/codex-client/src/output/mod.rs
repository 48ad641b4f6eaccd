//! The output of a turn: text, or a value of a Rust type.

#[cfg(feature = "structured_output")]
pub(crate) mod typed;
pub(crate) mod wire;

use std::fmt;

use serde_json::value::RawValue;

use crate::{error::Result, turn_result::TurnResult};

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
        #[cfg(feature = "structured_output")]
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
    /// schema. The error is returned when the turn is started. Its members keep their order.
    pub(crate) schema: Result<Option<Box<RawValue>>>,
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

impl<R> fmt::Debug for OutputSpec<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.schema.fmt(f)
    }
}
