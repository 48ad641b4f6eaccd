//! Types and the schemas generated from them.
//!
//! The fields of the types are in alphabetical order, so the tests pass with and without the
//! `preserve_order` feature.

mod enums;
mod errors;
mod non_strict;
mod property_order;
mod strict;
mod support;
