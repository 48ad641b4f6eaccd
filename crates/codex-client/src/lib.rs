#![doc = include_str!("../README.md")]

// The ground: values that every floor may use.
mod approval_mode;
mod error;
mod input;
mod mode;
mod path;
mod run_input;
mod sandbox;

// Messages, and the streams that carry them.
mod binary;
mod rpc;
mod transport;

mod routing;

mod connection;

// Requests of the server, and the client that everything else is made from.
mod approvals;
mod server_requests;

// Handles.
mod account;
mod builder_macros;
mod exec;
mod fs_watch;
mod goal;
mod handler;
mod inbox;
mod login;
mod models;
mod notifications;
mod output;
mod pages;
mod request_builder;
mod retry;
mod schema;
mod thread;
mod tool;
mod turn;

// Faces.
pub mod blocking;
mod codex;
pub mod types;

#[cfg(test)]
mod tests;

pub use account::AccountRead;
pub use approval_mode::ApprovalMode;
pub use approvals::{
    decision::Decision,
    request::{ApprovalRequest, FileChangeApproval},
};
pub use binary::NotFound;
pub use codex::{Codex, WeakCodex, builder::CodexBuilder};
pub use error::{
    Error, Result,
    connection_closed::{CloseReason, Closed},
    decode_error::Malformed,
    output_mismatch::OutputMismatch,
    rpc_error::{RpcError, RpcErrorKind},
    turn_detached::{LostReason, TurnLost},
};
pub use exec::{
    output::{ExecChunk, ExecOutput, ExecStream},
    process::ExecProcess,
    start::Exec,
};
pub use fs_watch::{FsWatch, FsWatchStart};
pub use goal::{handle::GoalHandle, result::GoalResult, start::GoalStart, stream::GoalStream};
pub use handler::ServerRequestHandler;
pub use inbox::{pending_request::PendingRequest, request_inbox::ServerRequests};
pub use input::Input;
pub use login::{
    handle::{ChatgptLogin, DeviceCodeLogin},
    start::{ChatgptLoginStart, DeviceCodeLoginStart},
    wait::LoginWait,
};
pub use mode::{Async, Blocking};
pub use models::Models;
pub use notifications::Notifications;
pub use output::TypedResult;
pub use pages::{Paged, Pages};
pub use request_builder::Call;
pub use retry::{RetryPolicy, retry_on_overload, retry_on_overload_blocking};
pub use run_input::{ExternalContent, ExternalMessage, TurnInput};
pub use sandbox::Sandbox;
/// The crate whose `JsonSchema` the types of [`Run::output`] derive. A program may depend on the same
/// version itself, or name this one: `#[schemars(crate = "codex_client::schemars")]`.
pub use schemars;
pub use server_requests::{
    handler_result::{HandlerError, HandlerResult, IntoAnswer},
    server_response::Reply,
};
pub use thread::{
    Thread,
    directories::Directories,
    events::ThreadEvents,
    list::ThreadList,
    read::ThreadRead,
    start::{ThreadFork, ThreadResume, ThreadStart},
};
pub use tool::{Tool, ToolContext, output::ToolOutput};
pub use turn::{
    handle::TurnHandle,
    limit::TurnTimeout,
    result::TurnResult,
    review::Review,
    start::{Run, TurnStart},
    stream::TurnStream,
    text::TextStream,
};
