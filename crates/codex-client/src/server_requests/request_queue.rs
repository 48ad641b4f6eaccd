//! OpenRequests of the server that wait for somebody to take them.

use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use crate::connection::inbound_request::InboundRequest;

/// One reader's requests: those of a thread, or of all threads. The server waits for each of them,
/// so there are never more than it has turns and tools at work.
pub(crate) struct Inbox {
    thread_id: Option<Box<str>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    unread: VecDeque<InboundRequest>,
    waker: Option<Waker>,
    /// The connection has ended, or the reader has gone.
    closed: bool,
}

impl Inbox {
    pub(crate) fn new(thread_id: Option<&str>) -> Arc<Self> {
        Arc::new(Self {
            thread_id: thread_id.map(Into::into),
            state: Mutex::default(),
        })
    }

    /// The thread that it is for; `None` if it is for all.
    pub(crate) fn thread_id(&self) -> Option<&str> {
        self.thread_id.as_deref()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Adds a request; hands it back if nobody reads here any more.
    pub(crate) fn push(
        &self,
        asked: InboundRequest,
        wakes: &mut Vec<Waker>,
    ) -> Result<(), InboundRequest> {
        let mut state = self.lock();
        if state.closed {
            return Err(asked);
        }
        state.unread.push_back(asked);
        wakes.extend(state.waker.take());
        Ok(())
    }

    /// The next one that is still open; `None` when there will be none.
    pub(crate) fn poll(&self, context: &mut Context<'_>) -> Poll<Option<InboundRequest>> {
        let mut state = self.lock();
        while let Some(asked) = state.unread.pop_front() {
            if asked.ticket().is_open() {
                return Poll::Ready(Some(asked));
            }
        }
        if state.closed {
            return Poll::Ready(None);
        }
        match &mut state.waker {
            Some(waker) => waker.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        Poll::Pending
    }

    /// Nobody will read, or nothing will come. What is unread is declined if it still can be.
    pub(crate) fn close(&self) {
        let (unread, waker) = {
            let mut state = self.lock();
            state.closed = true;
            (mem::take(&mut state.unread), state.waker.take())
        };
        drop(unread);
        waker.into_iter().for_each(Waker::wake);
    }
}
