//! Test programs that use Codex, without network and without an account.
//!
//! Two parts stand in for what a test cannot have:
//!
//! - [`ScriptedModel`] is the model: a Responses API on loopback that says what the test wants, when
//!   the test wants it, and remembers what it was asked.
//! - [`CodexHome`] is the user's machine: a temporary `CODEX_HOME` that names this model, a workspace,
//!   and an environment in which Codex stays off the network and leaves no file behind.
//!
//! Between the two runs a real `codex app-server`, found by [`codex_bin`]. So a test sees what users
//! will see: real threads, real approvals, real commands in a real sandbox.
//!
//! ```no_run
//! use codex_testing::{CodexHome, Reply, ScriptedModel, codex_bin};
//! use serde_json::json;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let model = ScriptedModel::start()?;
//! let home = CodexHome::builder(&model).approval_policy("never").build()?;
//! model.push(Reply::function_call("exec_command", json!({ "cmd": "echo 42" })));
//! model.push("It is 42.");
//!
//! let mut server = home.command(codex_bin()?).arg("app-server").spawn()?;
//! // ... here the program under test runs a turn; then:
//! let output = model.requests()[1].last_tool_output();
//! assert!(output.is_some_and(|output| output.contains("42")));
//! # server.kill()?;
//! # Ok(())
//! # }
//! ```
//!
//! A client that starts the server itself takes [`CodexHome::env`], [`CodexHome::removed_env`] and
//! [`CodexHome::workspace`].
//!
//! # Waiting, not sleeping
//!
//! A test that must act *while* a turn runs holds the reply at a [`Gate`]; it knows that the reply has
//! come there ([`Gate::reached`]) before it acts. A test that must know what was asked waits for
//! [`ScriptedModel::next_request`]. Each wait exists for async code, on any executor, and for blocking
//! code; each ends after a limit, with an error that says what the model has seen instead.
//!
//! # What Codex sends
//!
//! Seen in codex 0.169.0, with a provider such as that of a [`CodexHome`]:
//!
//! - One `POST /v1/responses` for each step of a turn, nothing at start, and no `GET /v1/models`. The
//!   body is JSON, some 40 KB, never compressed, even with the feature `enable_request_compression`;
//!   there is no websocket.
//! - `instructions` is missing: the base instructions are the first developer message, which
//!   [`ModelRequest::instructions`] knows. `<environment_context>` is a user message before the
//!   user's own.
//! - Tools for a model that Codex does not know (such as `scripted-model`): `exec_command` (`cmd`,
//!   and optionally `workdir`, `yield_time_ms`, `tty`, `sandbox_permissions`, `justification`, ...),
//!   `write_stdin`, `request_user_input`, `view_image`, `get_goal`, `create_goal`, `update_goal`, the
//!   namespace `multi_agent_v1`, and `web_search`. `gpt-5.5` has the custom tool `apply_patch` too.
//!   `gpt-6-sol` has no `tools` at all, but an input item `additional_tools` with the custom tool
//!   `exec`, which runs JavaScript.
//! - For an unknown model it warns its client once per turn ("Model metadata not found").
//!
//! # What Codex makes of replies
//!
//! - Of an HTTP 400, the turn's error message is the body, word for word. Other statuses give
//!   `unexpected status 503 ...: ` and `error.message` of a JSON body; of a 500 and a 429 the body is
//!   lost.
//! - `response.failed` with `context_length_exceeded` also makes the *next* turn of the thread begin
//!   with a request for a compaction, which takes the next reply.
//! - `turn/steer` and `turn/interrupt` hang up on a running reply at once ([`Gate::hung_up`]); after a
//!   steer the next request carries the new text.
//! - To be asked for approval: `approval_policy("on-request")` and a call with
//!   `"sandbox_permissions": "require_escalated"`; or `approvalPolicy: "untrusted"` of `thread/start`.
//!   In `config.toml`, 0.169 no longer starts with `untrusted`.

mod binary;
mod error;
mod gate;
mod home;
mod model;
mod monitor;
mod reply;
mod request;
mod sse;

pub use binary::codex_bin;
pub use error::{Error, Result};
pub use gate::Gate;
pub use home::{CodexHome, CodexHomeBuilder};
pub use model::ScriptedModel;
pub use reply::{Item, Reply, Usage};
pub use request::{ModelRequest, StrayRequest};

// Compiled so that they stay true.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
