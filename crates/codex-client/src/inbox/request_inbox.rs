//! The requests of the server as a stream.

use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures_core::Stream;

use crate::{
    codex::Codex, inbox::pending_request::PendingRequest, server_requests::request_queue::Inbox,
    thread::Thread,
};

impl Codex {
    /// The requests of the server that no handler is set for, from now on, to be answered in your own
    /// time: as long as this is held, nothing of it is declined unseen.
    ///
    /// Each goes to one place only. If there are several of these, it is the one opened last, and one
    /// of the [thread's own](Thread::server_requests) goes before all.
    ///
    /// ```no_run
    /// use codex_client::Decision;
    ///
    /// # async fn example(codex: codex_client::Codex) -> codex_client::Result<()> {
    /// let mut inbox = codex.server_requests();
    /// while let Some(pending) = inbox.next().await {
    ///     if let Some(request) = pending.approval() {
    ///         let decision = if request.is_read_only() { Decision::Accept } else { Decision::Decline };
    ///         pending.respond(decision)?;
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn server_requests(&self) -> RequestInbox {
        RequestInbox::new(self.connection().inbox(None))
    }
}

impl Thread {
    /// The requests of the server about this thread, from now on, to be answered in your own time.
    /// They come here rather than to a handler, and rather than to [`Codex::server_requests`]. Those of
    /// sub-agents, which have threads of their own, do not, nor do calls of a [`Tool`](crate::Tool) that
    /// the thread has.
    pub fn server_requests(&self) -> RequestInbox {
        RequestInbox::new(self.codex().connection().inbox(Some(self.id())))
    }
}

/// OpenRequests of the server; from [`Codex::server_requests`] and [`Thread::server_requests`].
///
/// It ends when the connection does, and does not keep it open. Dropped, it declines what was not
/// taken from it. A request that cannot be understood is declined, and reported by
/// [`Codex::notifications`].
#[must_use = "dropped, it declines what comes"]
pub struct RequestInbox {
    inbox: Arc<Inbox>,
}

impl RequestInbox {
    fn new(inbox: Arc<Inbox>) -> Self {
        Self { inbox }
    }

    /// The next one that still waits for an answer; `None` when there will be none. May be cancelled
    /// without losing any.
    pub async fn next(&mut self) -> Option<PendingRequest> {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<PendingRequest>> {
        loop {
            let Some(asked) = std::task::ready!(self.inbox.poll(context)) else {
                return Poll::Ready(None);
            };
            if let Some(pending) = PendingRequest::new(asked) {
                return Poll::Ready(Some(pending));
            }
        }
    }
}

impl Stream for RequestInbox {
    type Item = PendingRequest;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(context)
    }
}

impl Drop for RequestInbox {
    fn drop(&mut self) {
        self.inbox.close();
    }
}

impl fmt::Debug for RequestInbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestInbox")
            .field("thread_id", &self.inbox.thread_id())
            .finish_non_exhaustive()
    }
}
