#![doc = include_str!("../README.md")]
//!
//! ## Overview
//!
//! | | |
//! |---|---|
//! | Requests from the client | [`Request`], all of them in [`ClientRequest`] and [`METHODS`] |
//! | Requests without parameters | [`request`] |
//! | Messages from the server | [`ServerNotification`], [`ServerRequest`] (with [`ServerCall`]) |
//! | Contents of a thread | [`Thread`], [`Turn`], [`ThreadItem`] |
//! | JSON-RPC messages | [`rpc::Incoming`], [`rpc::Outgoing`], [`rpc::JsonRpcError`] |
//! | Requests that the schema does not list | [`unlisted`] |
//! | The release that the types describe, and the release that a method needs | [`CODEX_VERSION`], [`first_release`] |

mod approval_policy;
mod traits;
mod wire;

// Formatted by prettyplease. rustfmt would change the files, and the freshness check would fail.
#[rustfmt::skip]
mod generated;

#[cfg(test)]
mod generated_code_tests;

pub mod decode;
pub mod redact;
mod releases;
mod responses;
pub mod rpc;
pub mod unlisted;

pub use generated::*;
pub use releases::first_release;
pub use rpc::RequestId;
pub use traits::{MethodInfo, Request, ServerCall};
pub use wire::{ParamsError, UnrecognizedMessage};
