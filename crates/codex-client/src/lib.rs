//! A client of the Codex app-server: threads, turns, their events and results.
//!
//! ```no_run
//! use codex_client::{Codex, Sandbox};
//!
//! #[tokio::main]
//! async fn main() -> codex_client::Result<()> {
//!     let codex = Codex::start().await?;
//!     let thread = codex.thread_start().sandbox(Sandbox::WorkspaceWrite).await?;
//!     let result = thread.run("Explain this repository in three bullets.").await?;
//!     println!("{}", result.final_response.as_deref().unwrap_or("(no answer)"));
//!     codex.close().await
//! }
//! ```
//!
//! A turn can be followed while it runs, and its result had afterwards:
//!
//! ```no_run
//! use codex_client::types::ServerNotification;
//!
//! # async fn example(thread: codex_client::Thread) -> codex_client::Result<()> {
//! let turn = thread.turn("Refactor the parser").await?;
//! let mut events = turn.stream();
//! while let Some(event) = events.next().await {
//!     match event? {
//!         ServerNotification::AgentMessageDelta(delta) => print!("{}", delta.delta),
//!         ServerNotification::ItemCompleted(done) => eprintln!("done: {:?}", done.item),
//!         _ => {}
//!     }
//! }
//! let result = events.result().await?;
//! # Ok(())
//! # }
//! ```
//!
//! Every method of the protocol can be called with its typed params, see [`Codex::request`].
//!
//! # What happens when
//!
//! A call or a turn always ends: with a result, an error, or [`Error::Closed`]. Requests of the
//! server that nobody handles are declined. Dropping the last handle ends the server.

mod binary;
mod codex;
mod config;
mod connection;
mod decode;
mod error;
mod future;
mod input;
mod notifications;
mod sandbox;
mod thread;
mod thread_events;
mod transport;
mod turn;

#[cfg(test)]
mod tests;

pub use codex_types as types;

pub use binary::NotFound;
pub use codex::{Call, Codex};
pub use config::CodexBuilder;
pub use error::{CloseReason, Closed, Error, Malformed, Result, RpcError, RpcErrorKind};
pub use input::Input;
pub use notifications::Notifications;
pub use sandbox::Sandbox;
pub use thread::{Thread, ThreadStart};
pub use thread_events::ThreadEvents;
pub use turn::{Run, TextStream, TurnHandle, TurnResult, TurnStart, TurnStream, TurnTimeout};
