#![doc = include_str!("../README.md")]
//!
//! # API by task
//!
//! | I want to | use |
//! |---|---|
//! | start a server and a client | [`Codex::start`], or [`Codex::builder`] to set options |
//! | connect to a server over other streams | [`CodexBuilder::connect`](builder::CodexBuilder::connect) |
//! | learn when the connection ends, or read the server's log | [`Codex::closed`], [`Codex::stderr`] |
//! | ask one question | [`Codex::ask`] |
//! | start, resume or fork a thread | [`Codex::thread_start`], [`Codex::thread_resume`], [`Codex::thread_resume_latest`], [`Codex::thread_fork`] |
//! | run a prompt and get the result | [`Thread::run`], [`TurnResult`] |
//! | stream a turn | [`Thread::turn`], [`TurnHandle::stream`], or [`TurnHandle::text_stream`] for the text only |
//! | steer, interrupt or time out a turn | [`TurnHandle::steer`], [`TurnHandle::interrupt`], [`RunBuilder::timeout`](builder::RunBuilder::timeout) |
//! | stop a turn when a signal arrives or its caller is gone | [`RunBuilder::until`](builder::RunBuilder::until), [`TurnHandle::interrupt_on_drop`] |
//! | follow sub-agents | [`agents`], [`TurnHandle::agents`], [`TurnHandle::agent_events`], [`TurnResult::agents`] |
//! | override the configuration, or add an MCP server | [`CodexBuilder::config`](builder::CodexBuilder::config), [`config::McpServer`] |
//! | learn the settings of a thread | [`Thread::settings`], [`config::ThreadSettings`] |
//! | count tokens, or read the rate limits | [`TurnResult::tokens`], [`Thread::token_usage`], [`Codex::rate_limits`] |
//! | add to the running turn, or start one | [`Thread::steer_or_start`] |
//! | send images, files, skills or mentions | [`Input`], [`ExternalMessage`] |
#![cfg_attr(
    feature = "structured_output",
    doc = "| get the response as a Rust value | [`RunBuilder::output`](builder::RunBuilder::output), [`TypedResult`] |"
)]
//! | let the model call a Rust function | [`Tool`], [`ThreadStartBuilder::tool`](builder::ThreadStartBuilder::tool) |
//! | choose what commands may do | [`Sandbox`], [`ApprovalMode`] |
//! | decide on approval requests | [`CodexBuilder::on_approval`](builder::CodexBuilder::on_approval), [`ApprovalRequest`], [`Decision`] |
//! | handle all requests from the server | [`ServerRequestHandler`] |
//! | respond to requests later | [`Codex::server_requests`], [`Thread::server_requests`], [`PendingRequest`] |
//! | follow everything in a thread | [`Thread::events`] |
//! | receive notifications about the account and the server | [`Codex::notifications`] |
//! | log in | [`Codex::login_api_key`], [`Codex::login_chatgpt`], [`Codex::login_chatgpt_device_code`] |
//! | list threads and models, or read the account | [`Codex::thread_list`], [`Codex::models`], [`Codex::account`] |
//! | review code | [`Thread::review`] |
//! | pursue a goal over many turns | [`Thread::goal_start`], [`GoalHandle`] |
//! | run a command in the sandbox | [`Codex::exec`], [`ExecProcess`] |
//! | watch files | [`Codex::fs_watch`] |
//! | call any method of the protocol | [`Codex::request`], [`protocol`] |
//! | learn the version of the server, or refuse other versions | [`Codex::server_version`], [`version`] |
//! | record the messages of a connection | [`CodexBuilder::record`](builder::CodexBuilder::record) |
//! | handle errors and retry | [`Error`], [`retry()`] |
//! | survive the end of the server | [`CodexBuilder::supervise`](builder::CodexBuilder::supervise), [`supervisor`] |
#![cfg_attr(
    feature = "blocking",
    doc = "| work without an async runtime | [`blocking`] |"
)]
#![cfg_attr(
    feature = "tower",
    doc = "| distribute work over many servers | `tower::Service` for [`Codex`], for the balancers and limits of `tower` |"
)]
#![cfg_attr(
    feature = "websocket",
    doc = "| join a server that runs already, or start one for others to join | [`Codex::connect`], [`Codex::attach`], [`remote`] |"
)]
#![cfg_attr(
    feature = "render",
    doc = "| show items, events and requests as text, or the progress of a turn | [`render`] |",
    doc = "| get a thread as Markdown | [`Thread::transcript`] |"
)]
// Items of every build refer to typed output and typed tools.
#![cfg_attr(
    not(feature = "structured_output"),
    allow(rustdoc::broken_intra_doc_links, rustdoc::private_intra_doc_links)
)]

// The ground floor: values and macros that every other floor may use.
mod approval_mode;
mod builder_macros;
pub mod config;
mod error;
mod future;
mod input;
mod mode;
mod path;
mod preset;
mod run_input;
mod runtime;
mod sandbox;
mod send_table;
mod stream;
mod sub_agent;
mod telemetry;
mod timer;
mod tokens;
mod turn_result;
pub mod types;
pub mod version;
mod version_policy;

// Messages, and the streams that carry them.
mod binary;
mod recording;
mod rpc;
mod transport;

mod routing;

mod connection;

// Requests from the server, and the client that all handles refer to.
mod approvals;
mod client;
mod server_requests;

#[cfg(feature = "render")]
pub mod render;

// Handles.
mod account;
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
#[cfg(feature = "websocket")]
pub mod remote;
mod request_builder;
mod retry;
mod stderr;
pub mod supervisor;
mod thread;
mod tool;
mod turn;

// Sends the requests of all handles.
mod send;

#[cfg(feature = "tower")]
mod service;

// The entry points of the API.
pub mod agents;
#[cfg(feature = "blocking")]
pub mod blocking;
pub mod builder;
mod codex;

/// Properties that hold for every input. The fuzz targets call them; they are no part of the API.
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;

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
/// The types of the protocol, from the `codex_types` crate.
pub use codex_types as protocol;
pub use error::{
    Error, Result,
    codex_not_found::CodexNotFound,
    connection_closed::{CloseReason, ConnectionClosed},
    decode_error::DecodeError,
    handshake_timeout::HandshakeTimeout,
    output_mismatch::OutputMismatch,
    rpc_error::{ConfigLocation, RpcError},
    rpc_error_kind::RpcErrorKind,
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
#[cfg(feature = "structured_output")]
pub use output::typed::TypedResult;
pub use retry::{RetryPolicy, retry};
pub use run_input::{ExternalMessage, RunInput};
pub use sandbox::Sandbox;
/// The crate that provides the `JsonSchema` derive macro for the arguments of a [`Tool`] and for
/// [typed output](TypedResult). Programs can depend on the same version, or use this re-export with
/// `#[schemars(crate = "codex_client::schemars")]`.
#[cfg(any(feature = "schema", feature = "structured_output"))]
pub use schemars;
pub use server_requests::{handler_result::HandlerResult, server_response::ServerResponse};
pub use stderr::StderrLines;
pub use thread::events::ThreadEvents;
pub use tokens::Tokens;
pub use tool::{Tool, ToolContext, output::ToolOutput};
pub use turn::{handle::TurnHandle, stream::TurnStream, text::TextStream};
pub use turn_result::TurnResult;
