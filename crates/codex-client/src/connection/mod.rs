//! The connection to an app-server: many callers and readers on one pair of byte streams.
//!
//! ```text
//! handles ──commands───▶ ┌ driver (one task) ┐ ──lines──▶ server
//!    ▲                   │  core: pending,   │
//!    └──responses────────│  routes           │ ◀──lines── server
//! readers ◀──mailboxes───└────────┬──────────┘
//!                              service
//! ```
//!
//! The task owns ids, pending requests and routes, and never waits for anyone: commands arrive
//! through a channel, unless a caller finds the connection idle and executes its own; responses leave through one-shot channels, and notifications go to logs and
//! mailboxes that readers take from. Responses and notifications are decoded where they are
//! consumed. The connection calls the layer above it through a single trait, [`service::Service`].

pub(crate) mod command;
pub(crate) mod core;
pub(crate) mod driver;
pub(crate) mod handle;
pub(crate) mod inbound_request;
pub(crate) mod interrupt_guard;
#[cfg(feature = "blocking")]
pub(crate) mod join_on_drop;
pub(crate) mod open_requests;
pub(crate) mod request_span;
pub(crate) mod request_state;
pub(crate) mod reservation;
pub(crate) mod service;
pub(crate) mod shared;
