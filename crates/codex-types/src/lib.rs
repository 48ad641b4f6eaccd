//! Types of the Codex app-server protocol.

mod traits;
mod wire;

pub mod rpc;

pub use rpc::RequestId;
pub use traits::{MethodInfo, Request, ServerCall};
pub use wire::{DecodeError, UnrecognizedMessage};
