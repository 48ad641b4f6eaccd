#![doc = include_str!("../README.md")]

// The ground: values that every floor may use.
mod approval_mode;
mod error;
mod future;
mod input;
mod mode;
mod path;
mod run_input;
mod sandbox;
mod turn_result;

// Messages, and the streams that carry them.
mod binary;
mod rpc;
mod transport;

mod routing;

mod connection;

// Requests of the server, and the client that everything else is made from.
mod approvals;
mod client;
mod server_requests;

// Handles.
mod account;
mod builder_macros;
mod exec;
mod fs_watch;
mod goal;
mod handler;
mod handler_table;
mod inbox;
mod login;
mod models;
mod notifications;
mod output;
mod pages;
mod request_builder;
mod retry;
mod send;
mod send_table;
mod stream;
mod thread;
mod tool;
mod turn;

// Faces.
#[cfg(feature = "blocking")]
pub mod blocking;
pub mod builder;
mod codex;
pub mod types;

// The tests use both sides of the API.
#[cfg(test)]
#[cfg(feature = "blocking")]
mod tests;

pub use approval_mode::ApprovalMode;
pub use approvals::{
    decision::Decision,
    request::{ApprovalRequest, FileChangeApproval},
};
pub use client::{Codex, Thread, WeakCodex};
/// The protocol, as types: the crate `codex_types`.
pub use codex_types as protocol;
pub use error::{
    Error, Result,
    codex_not_found::CodexNotFound,
    connection_closed::{CloseReason, ConnectionClosed},
    decode_error::DecodeError,
    output_mismatch::OutputMismatch,
    rpc_error::{RpcError, RpcErrorKind},
    turn_detached::{DetachReason, TurnDetached},
    turn_timeout::TurnTimeout,
};
pub use exec::{
    output::{ExecChunk, ExecOutput, ExecStream},
    process::ExecProcess,
};
pub use fs_watch::FsWatcher;
pub use goal::{handle::GoalHandle, result::GoalResult, stream::GoalStream};
pub use handler::ServerRequestHandler;
pub use inbox::{pending_request::PendingRequest, request_inbox::RequestInbox};
pub use input::Input;
pub use login::handle::{ChatgptLoginHandle, DeviceCodeLoginHandle};
pub use notifications::Notifications;
pub use output::TypedResult;
pub use retry::{RetryPolicy, retry_on_overload};
pub use run_input::{ExternalMessage, RunInput};
pub use sandbox::Sandbox;
/// The crate that provides the `JsonSchema` derive for [`Tool`] arguments and
/// [typed answers](TypedResult). A program may depend on the same version itself, or use this
/// re-export: `#[schemars(crate = "codex_client::schemars")]`.
pub use schemars;
pub use server_requests::{handler_result::HandlerResult, server_response::ServerResponse};
pub use thread::events::ThreadEvents;
pub use tool::{Tool, ToolContext, output::ToolOutput};
pub use turn::{handle::TurnHandle, stream::TurnStream, text::TextStream};
pub use turn_result::TurnResult;
