//! Strict JSON schemas for the structured outputs of language models, from Rust types.
#![expect(missing_docs)]

mod decode;
mod keywords;
mod merge;
mod normalize;
mod schema;
mod tags_first;

pub use crate::{
    decode::Misfit,
    normalize::Fault,
    schema::{Form, Place, Shape},
    tags_first::TagsFirst,
};
