//! Typed protocol of the Codex app-server: every request, notification and item.

// Rooms are printed by prettyplease, and stay as they are.
#[rustfmt::skip]
mod generated;
mod traits;
mod wire;

#[cfg(test)]
mod mini;

pub mod rpc;
pub mod unlisted;

pub use generated::*;
pub use rpc::RequestId;
pub use traits::{MethodInfo, Request, ServerCall};
pub use wire::{DecodeError, UnrecognizedMessage};
