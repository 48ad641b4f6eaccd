//! Queues of requests from the server.

use std::{
    collections::VecDeque,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
};

use crate::{
    connection::inbound_request::InboundRequest,
    routing::mailbox::{Mailbox, Received},
};

/// The requests for one inbox: those of a thread, or those of all threads.
pub(crate) struct RequestQueue {
    thread_id: Option<Box<str>>,
    mailbox: Mailbox<VecDeque<InboundRequest>, ()>,
}

impl RequestQueue {
    pub(crate) fn new(thread_id: Option<&str>) -> Arc<Self> {
        Arc::new(Self {
            thread_id: thread_id.map(Into::into),
            mailbox: Mailbox::default(),
        })
    }

    /// Returns the thread; `None` for all threads.
    pub(crate) fn thread_id(&self) -> Option<&str> {
        self.thread_id.as_deref()
    }

    /// Adds a request, or returns it if the queue is closed.
    pub(crate) fn push(
        &self,
        request: InboundRequest,
        wakes: &mut Vec<Waker>,
    ) -> Result<(), InboundRequest> {
        self.mailbox.offer(request, VecDeque::push_back, wakes)
    }

    /// Polls for the next request that is still open; `None` once the queue is closed.
    pub(crate) fn poll(&self, context: &mut Context<'_>) -> Poll<Option<InboundRequest>> {
        loop {
            match ready!(self.mailbox.poll(context)) {
                Some(Received::Item(request)) if request.state().is_open() => {
                    return Poll::Ready(Some(request));
                }
                Some(_) => {}
                None => return Poll::Ready(None),
            }
        }
    }

    /// Closes the queue. Unread requests are declined.
    pub(crate) fn close(&self) {
        self.mailbox.close(());
        self.mailbox.abandon();
    }
}
