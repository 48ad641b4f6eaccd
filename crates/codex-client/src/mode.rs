//! The two ways to make a request.
//!
//! A request builder is one type with one set of options, and a parameter that says how it is sent.
//! So an option cannot exist on one side only; what differs is `send` alone.

/// Requests are futures: `.await` makes them. The default of every request builder.
#[derive(Debug, Clone, Copy)]
pub enum Async {}

/// Requests are made on the calling thread, which `send` keeps waiting: the builders of
/// [`blocking`](crate::blocking).
#[cfg(feature = "blocking")]
#[derive(Debug, Clone, Copy)]
pub enum Blocking {}
