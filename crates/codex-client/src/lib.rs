#![doc = include_str!("../README.md")]

mod approval_mode;
mod binary;
pub mod blocking;
mod builder;
mod call;
mod codex;
mod config;
mod connection;
mod decode;
mod error;
mod input;
mod mode;
mod notifications;
mod pages;
mod sandbox;
mod thread;
mod transport;
mod turn;
pub mod types;

#[cfg(test)]
mod tests;

pub use approval_mode::ApprovalMode;
pub use binary::NotFound;
pub use call::Call;
pub use codex::{AccountRead, Codex, Models};
pub use config::CodexBuilder;
pub use error::{CloseReason, Closed, Error, Malformed, Result, RpcError, RpcErrorKind};
pub use input::Input;
pub use mode::{Async, Blocking};
pub use notifications::Notifications;
pub use pages::{Paged, Pages};
pub use sandbox::Sandbox;
pub use thread::{Thread, ThreadFork, ThreadList, ThreadRead, ThreadResume, ThreadStart};
pub use turn::{Run, TurnHandle, TurnResult, TurnStart, TurnStream};
