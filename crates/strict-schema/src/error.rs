//! Errors for types that a schema for models cannot express.

use thiserror::Error;

/// A type that a schema for models cannot express.
///
/// The message names the part of the type, the reason and a remedy:
///
/// ```text
/// `Review.scores` is a map, but a strict schema has to name every key: use a list of
/// structs that hold a key and a value
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{path}` {kind}")]
#[non_exhaustive]
pub struct Error {
    /// The part of the type that is not supported: the name of a type, followed by the path below
    /// it. `Review.comments[].line` is the field `line` of the items of the field `comments` of
    /// `Review`; `{}` stands for the values of a map.
    pub path: String,
    /// The reason.
    pub kind: ErrorKind,
}

/// The reason why a schema cannot express a type.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A map, in a strict schema.
    #[error(
        "is a map, but a strict schema has to name every key: use a list of structs that hold a key \
         and a value"
    )]
    Map,
    /// A value of any type, such as [`serde_json::Value`], in a strict schema.
    #[error(
        "can be any JSON, but a strict schema has to state its type: use a concrete type, or a \
         `String` that holds JSON"
    )]
    AnyValue,
    /// A tuple whose items have different types, in a strict schema.
    #[error(
        "is a tuple of different types, which a strict schema cannot express: use a struct with \
         named fields"
    )]
    Tuple,
    /// A flattened field or an internally tagged variant that cannot be merged into one object.
    #[error(
        "merges parts (by `flatten` or an internal tag) that are not all objects, or that have more \
         than one set of alternatives, which a schema for models cannot express: make it a field of \
         its own"
    )]
    Composition,
    /// A type without values, such as an enum without variants.
    #[error("has no value that a model could write: add a variant, or remove the field")]
    Uninhabited,
    /// A handwritten schema that refers to itself outside a property or a list.
    #[error("refers to itself endlessly: move the reference into a property of its own")]
    InfiniteRecursion,
    /// A keyword of JSON Schema that models do not support.
    #[error(
        "has a schema with `{keyword}`, which models do not support: give it a different schema \
         with `#[schemars(with = \"...\")]` or `#[schemars(schema_with = \"...\")]`"
    )]
    UnsupportedKeyword {
        /// The keyword, such as `not`.
        keyword: &'static str,
    },
    /// A handwritten schema that refers to a definition that does not exist.
    #[error(
        "refers to `{reference}`, which its schema does not define: create the reference with \
         `SchemaGenerator::subschema_for`"
    )]
    UndefinedReference {
        /// The reference, such as `#/$defs/Comment`.
        reference: String,
    },
}
