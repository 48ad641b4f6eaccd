//! Clients that survive the end of their server.
//!
//! A client that is built with [`supervise`](crate::builder::CodexBuilder::supervise) starts the server
//! again when it ends, or connects to it again when the connection is lost, and resumes its threads
//! with the options that they had. The same [`Codex`](crate::Codex), [`Thread`](crate::Thread),
//! subscriptions, inboxes, handlers and tools continue to work.
//!
//! ```no_run
//! use codex_client::{
//!     Codex, Result,
//!     supervisor::{SessionEvent, Supervision},
//! };
//!
//! async fn example() -> Result<()> {
//!     let supervision = Supervision::default().max_attempts(5);
//!     let codex = Codex::builder().supervise(supervision).start().await?;
//!     let mut sessions = codex.session_events();
//!     tokio::spawn(async move {
//!         while let Some(event) = sessions.next().await {
//!             match event {
//!                 SessionEvent::Reconnecting { attempt, reason, .. } => {
//!                     eprintln!("attempt {attempt}: {reason}");
//!                 }
//!                 SessionEvent::Reconnected { resumed, lost, .. } => {
//!                     eprintln!("{} threads resumed, {} lost", resumed.len(), lost.len());
//!                 }
//!                 SessionEvent::GaveUp { reason, .. } => eprintln!("gave up: {reason}"),
//!                 _ => {}
//!             }
//!         }
//!     });
//!     Ok(())
//! }
//! ```
//!

pub(crate) mod events;
pub(crate) mod reopener;
pub(crate) mod resume;
pub(crate) mod supervision;

pub use crate::{
    routing::session_events::{LostThread, SessionEvent},
    supervisor::{events::SessionEvents, supervision::Supervision},
};
