//! The same client for programs without an async runtime.
//!
//! ```no_run
//! use codex_client::{blocking::Codex, types::ReasoningEffort};
//!
//! fn main() -> codex_client::Result<()> {
//!     let codex = Codex::start()?;
//!     let thread = codex.thread_start().model("gpt-5.4").send()?;
//!     let result = thread.run("Say hello.").effort(ReasoningEffort::High).send()?;
//!     println!("{}", result.final_response.as_deref().unwrap_or("(no answer)"));
//!     codex.close()
//! }
//! ```
//!
//! All of it is the async client, waited for: the handles here have the methods of those without
//! `blocking` in their path, and share options, results, errors and types with them. A request
//! builder ends with `send()`. What is a stream there is an iterator here:
//!
//! ```no_run
//! use codex_client::types::ServerNotification;
//!
//! # fn example(thread: codex_client::blocking::Thread) -> codex_client::Result<()> {
//! let turn = thread.turn("Refactor the parser").send()?;
//! let mut events = turn.stream();
//! for event in &mut events {
//!     if let ServerNotification::AgentMessageDelta(delta) = event? {
//!         print!("{}", delta.delta);
//!     }
//! }
//! let result = events.result()?;
//! # Ok(())
//! # }
//! ```
//!
//! # Threads
//!
//! Handles may be used from any number of threads at once, and are cheap to clone. Whatever has to be
//! done in the background (reading what servers say, deadlines) is done for all clients of the
//! process by one thread, `codex-client`, which is started with the first of them and waits for more
//! until the process ends. A server ends when the last handle of its client is dropped, and also when
//! the process ends in any other way: its input is closed then.
//!
//! # Inside an async runtime
//!
//! Waiting there would keep a thread of the runtime from everything else. So whatever has to wait
//! fails with [`Error::InsideRuntime`](crate::Error::InsideRuntime) at once instead, before anything
//! is sent. That is also so in `spawn_blocking`, whose threads belong to the runtime: use the async
//! client there. Handles may be made of async ones (`blocking::Codex::from(codex)`) and given to a plain
//! thread.

pub(crate) mod builders;
mod codex;
mod exec;
mod fs_watch;
mod goal;
mod handler;
mod iterator;
mod login;
mod notifications;
mod requests;
mod retry;
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
pub use notifications::{Notifications, ThreadEvents};
pub use requests::{PendingRequest, RequestInbox};
pub use retry::retry_on_overload;
pub use thread::Thread;
pub use turn::{TextStream, TurnHandle, TurnStream};
