//! The door to the generated files: it says where they are, and which lints do not hold in them.

// The schema does not describe every field and value; a name alone is no documentation, and an
// invented sentence would be worse.
#![allow(missing_docs)]
// Every file sees all others: the protocol is one flat namespace.
#![allow(clippy::wildcard_imports)]
// `From` is called for each argument of a constructor, also where it changes nothing.
#![allow(clippy::useless_conversion)]

#[path = "generated/all.rs"]
mod all;

pub use all::*;
