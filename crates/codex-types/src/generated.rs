//! The generated protocol types.

// The schema does not describe every field, and the generator does not invent descriptions.
#![allow(missing_docs)]
// The protocol is one flat namespace, so each file imports all others.
#![allow(clippy::wildcard_imports)]
// Constructors call `into` for every argument, even if it already has the right type.
#![allow(clippy::useless_conversion)]

#[path = "generated/all.rs"]
mod all;

pub use all::*;
