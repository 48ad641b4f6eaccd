//! The JSON-RPC envelope as the app-server speaks it: JSON-RPC 2.0 without the `jsonrpc` member.
//!
//! Two views of the same messages. [`Incoming`] borrows from a received line and leaves `params`
//! and `result` undecoded: a reader classifies with it and decodes where the value is used.
//! [`JsonRpcMessage`] owns its values: for fakes and tests. [`Outgoing`] writes a message
//! from typed values.
//!
//! A message is classified by the members it has, never by its id: each direction numbers its own
//! requests, so the same id may be in use on both sides at once.

mod error;
mod id;
mod incoming;
mod message;
mod outgoing;
mod with_id;

pub use error::{JsonRpcError, error_code};
pub use id::RequestId;
pub use incoming::{EnvelopeError, Incoming};
pub use message::{JsonRpcMessage, JsonRpcNotification, JsonRpcRequest, JsonRpcResponse};
pub use outgoing::Outgoing;
pub use with_id::WithId;
