#![doc = include_str!("../README.md")]

mod traits;
mod wire;

// Printed by prettyplease, and to stay as it is printed.
#[rustfmt::skip]
mod generated;

#[cfg(test)]
mod mini;

mod replies;
pub mod rpc;
pub mod unlisted;

pub use generated::*;
pub use rpc::RequestId;
pub use traits::{MethodInfo, Request, ServerCall};
pub use wire::{DecodeError, UnrecognizedMessage};
