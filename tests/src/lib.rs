//! Code that the tests share.

pub mod compat;
pub mod decoding;
pub mod issuer;
pub mod json;
pub mod manifest_dir;
pub mod protocol;
pub mod recorded;
pub mod schema;
pub mod stage;

// Compiles the code blocks of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/testing.md")]
mod testing {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/faq.md")]
mod faq {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/getting-started.md")]
mod getting_started {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/approvals.md")]
mod approvals {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/beyond-turns.md")]
mod beyond_turns {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/cancelling.md")]
mod cancelling {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/rendering.md")]
mod rendering {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/tokens.md")]
mod tokens {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/tools.md")]
mod tools {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/api-reference.md")]
mod api_reference {}
