//! The two ways to send a request.
//!
//! A request builder is a single type with a single set of options and a type parameter for how the
//! request is sent. Both APIs therefore have the same options, and only `send` differs.

/// The request is a future: `.await` sends it. This is the default mode of all request builders.
#[derive(Debug, Clone, Copy)]
pub enum Async {}

/// `send` blocks the calling thread until the response is received. This is the mode of the request
/// builders in [`blocking`](crate::blocking).
#[cfg(feature = "blocking")]
#[derive(Debug, Clone, Copy)]
pub enum Blocking {}
