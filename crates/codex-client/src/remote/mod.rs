//! Servers that run already: joining one, and starting one for others to join. Requires the `websocket`
//! feature.
//!
//! ```no_run
//! use codex_client::{Codex, Result, remote::BearerToken};
//!
//! async fn example() -> Result<Codex> {
//!     Codex::builder()
//!         .bearer_token(BearerToken::from_env("CODEX_TOKEN"))
//!         .connect_url("wss://codex.example")
//!         .await
//! }
//! ```
//!
//! A server that listens has several clients. Each receives the notifications of the threads that it
//! has started or resumed, so the turns of others are [events of their thread](crate::Thread::events). A
//! request from the server goes to all clients of its thread; once one of them has responded, it is
//! withdrawn from the others. [`close`](crate::Codex::close) leaves the server running.

pub(crate) mod bearer_token;
pub(crate) mod control_socket;
pub(crate) mod listening;
#[cfg(feature = "signed_tokens")]
pub(crate) mod signed_token;

#[cfg(feature = "signed_tokens")]
pub use self::signed_token::SignedToken;
pub use self::{bearer_token::BearerToken, listening::ListeningServer};
pub use crate::error::connect_failed::ConnectFailed;
