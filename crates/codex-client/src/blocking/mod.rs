//! The blocking API: the same client for programs without an async runtime.
//!
//! ```no_run
//! use codex_client::{blocking::Codex, types::ReasoningEffort};
//!
//! fn main() -> codex_client::Result<()> {
//!     let codex = Codex::start()?;
//!     let thread = codex.thread_start().model("gpt-5.4").send()?;
//!     let result = thread.run("Say hello.").effort(ReasoningEffort::High).send()?;
//!     println!("{}", result.final_response.as_deref().unwrap_or("(no response)"));
//!     codex.close()
//! }
//! ```
//!
//! Types and methods have the same names as in the async API and share its options, results and
//! errors. `send()` sends a request. Streams are iterators:
//!
//! ```no_run
//! use codex_client::{Result, blocking::Thread, types::ServerNotification};
//!
//! fn example(thread: &Thread) -> Result<()> {
//!     let turn = thread.turn("Refactor the parser.").send()?;
//!     let mut events = turn.stream();
//!     for event in &mut events {
//!         if let ServerNotification::AgentMessageDelta(delta) = event? {
//!             print!("{}", delta.delta);
//!         }
//!     }
//!     let result = events.result()?;
//!     println!("{} items", result.items.len());
//!     Ok(())
//! }
//! ```
//!
//! This module requires the `blocking` feature, which is enabled by default.
//!
//! # Threads
//!
//! Handles are cheap to clone, and several threads may use them at once. One background thread,
//! `codex-client`, reads the messages of the servers and runs the timers for all clients of the
//! process. It is started by the first client and runs until the process exits. A server ends when
//! the last handle of its client is dropped or the process exits, because its standard input is
//! then closed.
//!
//! # Inside an async runtime
//!
//! Blocking in an async runtime would stall other tasks. Methods that wait return
//! [`Error::InsideRuntime`](crate::Error::InsideRuntime) there, before anything is sent, even in
//! `spawn_blocking`, whose threads belong to the runtime. Use the async client instead, or convert
//! a handle (`blocking::Codex::from(codex)`) and move it to a thread created with `std::thread`.

pub(crate) mod builders;
mod codex;
mod exec;
mod fs_watch;
mod goal;
mod handler;
mod iterator;
mod login;
mod notifications;
#[cfg(feature = "websocket")]
mod remote;
mod requests;
mod retry;
mod sessions;
mod thread;
mod turn;
mod worker;

pub use builders::*;
pub use codex::{Codex, WeakCodex};
pub use exec::{ExecProcess, ExecStream};
pub use fs_watch::FsWatcher;
pub use goal::{GoalHandle, GoalStream};
pub use handler::ServerRequestHandler;
pub use login::{ChatgptLoginHandle, DeviceCodeLoginHandle};
pub use notifications::{Notifications, StderrLines, ThreadEvents};
#[cfg(feature = "websocket")]
pub use remote::ListeningServer;
pub use requests::{PendingRequest, RequestInbox};
pub use retry::retry;
pub use sessions::SessionEvents;
pub use thread::Thread;
pub use turn::{SubAgentEvents, TextStream, TurnHandle, TurnStream};
