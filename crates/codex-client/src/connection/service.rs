//! The interface through which the connection calls the layer above it.

use std::task::Waker;

use codex_types::rpc::JsonRpcError;

use crate::{
    connection::inbound_request::InboundRequest,
    future::BoxFuture,
    rpc::{envelope::RoutingKeys, raw_notification::RawNotification},
};

/// Responds to the requests from the server.
///
/// The connection calls a service from its own task, so no method may block.
pub(crate) trait Service: Send + Sync + 'static {
    /// Takes a request. Returns the future that responds to it, which the connection runs as a task
    /// of its own, or `None` if no task is needed. The wakers of readers are added to `wakes`.
    fn request(&self, request: InboundRequest, wakes: &mut Vec<Waker>) -> Option<BoxFuture<()>>;

    /// Whether a request that is dropped without a response stays open for other clients of the
    /// server, instead of being declined. The method may be unknown.
    fn leaves_open(&self, method: &str) -> bool;

    /// Returns the response to a request that is declined or whose method is unknown. A result is
    /// returned as JSON.
    fn default_response(&self, method: &str) -> Result<Vec<u8>, JsonRpcError>;

    /// Observes a notification before it is delivered. Deltas are not observed.
    fn notification(&self, notification: &RawNotification, keys: &RoutingKeys<'_>);

    /// Forgets a thread that could not be resumed in a new session.
    fn thread_lost(&self, thread_id: &str);

    /// Releases everything that waits for requests, because the connection has ended.
    fn closed(&self);
}
