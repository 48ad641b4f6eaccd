//! The two ways to send a request.
//!
//! A request builder is one type with one set of options, and a type parameter for the way it is
//! sent. Thus both APIs have the same options, and only `send` differs.

/// The request is a future: `.await` sends it. The default of all request builders.
#[derive(Debug, Clone, Copy)]
pub enum Async {}

/// `send` blocks the calling thread until the response is received. The mode of the request
/// builders of [`blocking`](crate::blocking).
#[cfg(feature = "blocking")]
#[derive(Debug, Clone, Copy)]
pub enum Blocking {}
