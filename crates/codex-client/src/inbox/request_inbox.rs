//! Requests from the server as a stream.

use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll, ready},
};

use crate::{
    inbox::pending_request::PendingRequest, server_requests::request_queue::RequestQueue,
    stream::stream,
};

/// A stream of requests from the server, returned by
/// [`Codex::server_requests`](crate::Codex::server_requests) and
/// [`Thread::server_requests`](crate::Thread::server_requests).
///
/// ```no_run
/// use codex_client::{Codex, Decision, Result};
///
/// async fn example(codex: &Codex) -> Result<()> {
///     let mut inbox = codex.server_requests();
///     while let Some(pending) = inbox.next().await {
///         if let Some(request) = pending.approval() {
///             let is_safe = request.is_read_only();
///             pending.respond(if is_safe { Decision::Accept } else { Decision::Decline })?;
///         }
///     }
///     Ok(())
/// }
/// ```
///
/// The stream ends with the connection and does not keep it open. Dropping the stream declines its
/// unread requests. A request that cannot be decoded is declined, and the error is reported by
/// [`Codex::notifications`](crate::Codex::notifications).
#[must_use = "dropping the inbox declines its requests"]
pub struct RequestInbox {
    queue: Arc<RequestQueue>,
}

impl RequestInbox {
    pub(crate) fn new(queue: Arc<RequestQueue>) -> Self {
        Self { queue }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<PendingRequest>> {
        loop {
            let Some(request) = ready!(self.queue.poll(context)) else {
                return Poll::Ready(None);
            };
            if let Some(pending) = PendingRequest::new(request) {
                return Poll::Ready(Some(pending));
            }
        }
    }
}

stream! {
    /// Returns the next request that is still open; `None` after the end of the connection.
    RequestInbox => PendingRequest
}

impl Drop for RequestInbox {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl fmt::Debug for RequestInbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestInbox")
            .field("thread_id", &self.queue.thread_id())
            .finish_non_exhaustive()
    }
}
