#![doc = include_str!("../README.md")]

mod decode;
mod error;
mod keywords;
mod merge;
mod normalize;
mod schema;
mod tags_first;

use schemars::JsonSchema;

use crate::normalize::Mode;
pub use crate::{
    decode::{Layout, OutputError},
    error::{Error, ErrorKind},
    schema::Schema,
};

/// Generates the strict schema of a type, which the API enforces on a model's output.
///
/// ```
/// use schemars::JsonSchema;
/// use serde_json::json;
///
/// #[derive(JsonSchema)]
/// struct Point {
///     x: f64,
///     y: Option<f64>,
/// }
///
/// let schema = strict_schema::for_type::<Point>()?;
/// let expected = json!({
///     "type": "object",
///     "properties": {"x": {"type": "number"}, "y": {"type": ["number", "null"]}},
///     "required": ["x", "y"],
///     "additionalProperties": false,
/// });
/// assert_eq!(schema.as_value(), &expected);
/// # Ok::<(), strict_schema::Error>(())
/// ```
///
/// # Errors
///
/// Returns an error if a strict schema cannot express the type. This applies to maps, values of any
/// type, tuples of different types, and the other cases of [`ErrorKind`].
pub fn for_type<T: JsonSchema>() -> Result<Schema, Error> {
    Schema::new::<T>(Mode::Strict)
}

/// Generates the non-strict schema of a type, such as the arguments of a function that is not
/// `strict`.
///
/// It uses the same keywords as a strict schema, but optional properties stay optional, and maps,
/// values of any type and tuples are allowed. The API does not enforce such a schema.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use schemars::JsonSchema;
/// use serde_json::json;
///
/// #[derive(JsonSchema)]
/// struct Search {
///     labels: BTreeMap<String, String>,
///     limit: Option<i64>,
/// }
///
/// let schema = strict_schema::non_strict_for_type::<Search>()?;
/// assert_eq!(schema.as_value()["required"], json!(["labels"]));
/// # Ok::<(), strict_schema::Error>(())
/// ```
///
/// # Errors
///
/// Returns an error if the schema of the type uses keywords that models do not support, and in the
/// other cases of [`ErrorKind`] that are not about strict schemas.
pub fn non_strict_for_type<T: JsonSchema>() -> Result<Schema, Error> {
    Schema::new::<T>(Mode::NonStrict)
}
