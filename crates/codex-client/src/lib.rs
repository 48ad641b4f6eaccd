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
mod exec;
mod external;
mod fs_watch;
mod goal;
mod input;
mod login;
mod mode;
mod notifications;
mod output;
mod pages;
mod path;
mod requests;
mod retry;
mod sandbox;
mod thread;
mod thread_events;
mod tool;
mod transport;
mod turn;
pub mod types;

#[cfg(test)]
mod tests;

pub use approval_mode::ApprovalMode;
pub use binary::NotFound;
pub use call::Call;
pub use codex::{AccountRead, Codex, Models, WeakCodex};
pub use config::CodexBuilder;
pub use error::{
    CloseReason, Closed, Error, LostReason, Malformed, OutputMismatch, Result, RpcError,
    RpcErrorKind, TurnLost,
};
pub use exec::{Exec, ExecChunk, ExecOutput, ExecProcess, ExecStream};
pub use external::{ExternalContent, ExternalMessage, TurnInput};
pub use fs_watch::{FsWatch, FsWatchStart};
pub use goal::{GoalHandle, GoalResult, GoalStart, GoalStream};
pub use input::Input;
pub use login::{
    ChatgptLogin, ChatgptLoginStart, DeviceCodeLogin, DeviceCodeLoginStart, LoginWait,
};
pub use mode::{Async, Blocking};
pub use notifications::Notifications;
pub use output::TypedResult;
pub use pages::{Paged, Pages};
pub use requests::{
    ApprovalRequest, Decision, FileChangeApproval, HandlerError, HandlerResult, IntoAnswer,
    PendingRequest, Reply, ServerRequestHandler, ServerRequests,
};
pub use retry::{RetryPolicy, retry_on_overload, retry_on_overload_blocking};
pub use sandbox::Sandbox;
/// The crate whose `JsonSchema` the types of [`Run::output`] derive. A program may depend on the same
/// version itself, or name this one: `#[schemars(crate = "codex_client::schemars")]`.
pub use schemars;
pub use thread::{
    Directories, Thread, ThreadFork, ThreadList, ThreadRead, ThreadResume, ThreadStart,
};
pub use thread_events::ThreadEvents;
pub use tool::{Tool, ToolContext, ToolOutput};
pub use turn::{
    Review, Run, TextStream, TurnHandle, TurnResult, TurnStart, TurnStream, TurnTimeout,
};
