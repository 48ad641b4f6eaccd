//! A kit for testing programs that use Codex, without a network or an account.
//!
//! - [`ScriptedModel`] stands in for the model: a Responses API on loopback that sends scripted
//!   responses and records the requests.
//! - [`CodexHome`] stands in for the user's machine: a temporary `CODEX_HOME` whose configuration
//!   names this model, a workspace, and an environment in which Codex stays off the network and
//!   leaves no files behind.
//!
//! A real `codex app-server`, found by [`codex_bin`], runs between the two. A test therefore
//! exercises real threads, approvals and sandboxed commands, yet controls every token that the
//! model sends.
//!
//! ```no_run
//! use codex_testing::{CodexHome, ModelResponse, ScriptedModel, codex_bin};
//! use serde_json::json;
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let model = ScriptedModel::start()?;
//!     let home = CodexHome::builder(&model).approval_policy("never").build()?;
//!     model.push(ModelResponse::function_call("exec_command", json!({ "cmd": "echo 42" })));
//!     model.push("It is 42.");
//!
//!     let mut server = home.command(codex_bin()?).arg("app-server").spawn()?;
//!     // Run a turn with the program under test here.
//!     let output = model.requests()[1].last_tool_output();
//!     assert!(output.is_some_and(|output| output.contains("42")));
//!     server.kill()?;
//!     server.wait()?;
//!     Ok(())
//! }
//! ```
//!
//! A client that starts the server itself can use [`CodexHome::envs`] and
//! [`CodexHome::workspace`].
//!
//! # Without Codex
//!
//! A [`FakeAppServer`] stands in for the app-server itself. It plays scripted [turns](Turn),
//! [responses](Reply) and [faults](Fault), in memory or as a child process, and records what the
//! program under test sends. A [`FakeConnection`] is driven by the test message by message.
//!
//! ```
//! use codex_testing::{FakeAppServer, Fault, Result, Turn};
//!
//! fn main() -> Result<()> {
//!     let server = FakeAppServer::start()?;
//!     server.push_turn(Turn::new().command_approval("cargo test").then_text("All tests pass."));
//!     server.push_turn(Turn::text("So far").fault(Fault::Exit(3)));
//!     let (reader, writer) = server.connect();
//!     // Connect the program under test with these streams, and run two turns.
//!     drop((reader, writer));
//!     assert!(server.responses().is_empty());
//!     Ok(())
//! }
//! ```
//!
//! A [`Replay`] answers the program under test from a recording of a real session, and compares what
//! the program sends.
//!
//! # Waiting without sleeping
//!
//! A test that acts *while* a turn runs holds the response at a [`Gate`], waits with
//! [`Gate::reached`] until the response has arrived there, and then acts. A test that needs a
//! request waits with [`ScriptedModel::next_request`]. Each wait has an async form, for any
//! executor, and a blocking form. If a wait times out, its error describes the requests that were
//! received instead.
//!
//! # Requests from Codex
//!
//! Observed in Codex 0.169.0, with the provider of a [`CodexHome`]:
//!
//! - Codex sends one `POST /v1/responses` for each step of a turn. It sends nothing at startup, and
//!   it never sends `GET /v1/models`. The body is about 40 KB of JSON and is never compressed, even
//!   with the feature `enable_request_compression`. Codex opens no WebSocket.
//! - `instructions` is absent. The base instructions are the first developer message;
//!   [`ModelRequest::instructions`] reads them. `<environment_context>` is a user message before
//!   the user's own.
//! - For a model that Codex does not know, such as `scripted-model`, the tools are `exec_command`
//!   (`cmd`, and optionally `workdir`, `yield_time_ms`, `tty`, `sandbox_permissions`,
//!   `justification`, ...), `write_stdin`, `request_user_input`, `view_image`, `get_goal`,
//!   `create_goal`, `update_goal`, the namespace `multi_agent_v1`, and `web_search`. For `gpt-5.5`,
//!   there is also the custom tool `apply_patch`. For `gpt-6-sol`, the request has no `tools`
//!   member but an input item `additional_tools`, with the custom tool `exec`, which runs
//!   JavaScript.
//! - For an unknown model, Codex warns its client once per turn ("Model metadata not found").
//!
//! # How Codex reacts to responses
//!
//! - For an HTTP 400, the turn's error message is the body, verbatim. For other statuses, it is
//!   `unexpected status 503 ...: ` followed by the `error.message` of a JSON body. For a 429 or a
//!   500, Codex discards the body.
//! - After `response.failed` with `context_length_exceeded`, the *next* turn of the thread begins
//!   with a compaction request, which takes the next response.
//! - `turn/steer` and `turn/interrupt` disconnect from a running response at once
//!   ([`Gate::hung_up`]). After a steer, the next request carries the new text.
//! - Codex asks for approval if the home has `approval_policy("on-request")` and a call has
//!   `"sandbox_permissions": "require_escalated"`, or if the `approvalPolicy` of `thread/start` is
//!   `"untrusted"`. Codex 0.169 does not start with `untrusted` in `config.toml`.

mod app_server;
mod binary;
mod error;
mod fault;
mod gate;
mod home;
mod model;
mod monitor;
mod process;
mod replay;
mod request;
mod response;
mod runtime_thread;
mod sse;
mod trace;

pub use app_server::{ClientMessage, ClientStreams, FakeAppServer, FakeConnection, Reply, Turn};
pub use binary::{codex_bin, example_bin};
pub use error::{Error, Result};
pub use fault::Fault;
pub use gate::Gate;
pub use home::{CodexHome, CodexHomeBuilder};
pub use model::ScriptedModel;
pub use process::{ProcessInfo, run_fake_codex};
pub use replay::Replay;
pub use request::{ModelRequest, StrayRequest};
pub use response::{Item, ModelResponse, Usage};
pub use trace::trace_page;

// Compiles the code blocks of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
