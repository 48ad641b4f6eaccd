//! The JSON-RPC envelope of the app-server: JSON-RPC 2.0 without the `jsonrpc` member.
//!
//! [`Incoming`] classifies a received message and leaves `params` and `result` undecoded, so they
//! are decoded only once, where they are used. [`Outgoing`] serialises a message from typed values.
//!
//! A message is classified by its members, never by its id: each direction numbers its own
//! requests, so both sides may use the same id at the same time.
//!
//! ```
//! use codex_types::rpc::{Incoming, Outgoing, RequestId};
//! use codex_types::{Request, ThreadReadParams, ThreadReadResponse};
//!
//! fn read_request(id: &RequestId, params: &ThreadReadParams) -> serde_json::Result<String> {
//!     serde_json::to_string(&Outgoing::Request {
//!         id,
//!         method: ThreadReadParams::METHOD,
//!         params: Some(params),
//!     })
//! }
//!
//! fn read_response(line: &[u8]) -> Option<ThreadReadResponse> {
//!     match Incoming::parse(line).ok()? {
//!         Incoming::Response { result: Ok(result), .. } => serde_json::from_str(result.get()).ok(),
//!         _ => None,
//!     }
//! }
//! ```

mod error;
mod id;
mod incoming;
mod outgoing;

pub use error::{JsonRpcError, error_code};
pub use id::RequestId;
pub use incoming::{EnvelopeError, Incoming};
pub use outgoing::Outgoing;
