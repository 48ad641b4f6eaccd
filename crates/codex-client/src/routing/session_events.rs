//! The ends and beginnings of the sessions of a connection that is supervised. Performs no I/O.

use std::{
    collections::VecDeque,
    sync::{Arc, Weak},
    task::Waker,
    time::Duration,
};

use crate::{
    error::{Error, connection_closed::ConnectionClosed},
    routing::mailbox::{Buffer, Subscription},
};

/// Maximum number of unread events of a reader. The oldest are dropped first.
const MAX_UNREAD: usize = 1024;

/// A change in the session of a client that is [supervised](crate::supervisor), from
/// [`Codex::session_events`](crate::Codex::session_events).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum SessionEvent {
    /// The session has ended, or an attempt to begin another one has failed. Another attempt follows
    /// after the delay.
    #[non_exhaustive]
    Reconnecting {
        /// The number of the attempt, from 1. It counts from the last session that was
        /// [stable](crate::supervisor::Supervision::stable_after).
        attempt: u32,
        /// The time until the attempt.
        delay: Duration,
        /// How the session ended, or why the last attempt failed.
        reason: Error,
    },
    /// A session has begun. Calls that have waited for it are sent now.
    #[non_exhaustive]
    Reconnected {
        /// The ids of the threads that were resumed.
        resumed: Vec<String>,
        /// The threads that could not be resumed.
        lost: Vec<LostThread>,
    },
    /// There are no further attempts. The client is closed, and all calls fail.
    #[non_exhaustive]
    GaveUp {
        /// The number of attempts that have failed.
        attempts: u32,
        /// Why the last attempt failed, or how the session ended if there was none.
        reason: Error,
    },
}

/// A thread that could not be resumed in a new session.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LostThread {
    /// The id of the thread.
    pub thread_id: String,
    /// Why the thread could not be resumed: [`Rpc`](crate::Error::Rpc) if it has not been saved,
    /// because it is ephemeral or had no turn.
    pub reason: Error,
}

/// The unread events of one reader.
#[derive(Debug, Default)]
pub(crate) struct UnreadSessionEvents(VecDeque<SessionEvent>);

impl UnreadSessionEvents {
    fn push(&mut self, event: SessionEvent) {
        if self.0.len() == MAX_UNREAD {
            self.0.pop_front();
        }
        self.0.push_back(event);
    }
}

impl Buffer for UnreadSessionEvents {
    type Item = SessionEvent;

    fn pop(&mut self) -> Option<SessionEvent> {
        self.0.pop_front()
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    /// The events are bounded by their number.
    fn size(&self) -> usize {
        0
    }
}

/// The events for one reader.
pub(crate) type SessionSubscription = Subscription<UnreadSessionEvents>;

/// All readers.
#[derive(Debug, Default)]
pub(crate) struct SessionSubscribers(Vec<Weak<SessionSubscription>>);

impl SessionSubscribers {
    pub(crate) fn add(&mut self, subscription: &Arc<SessionSubscription>) {
        self.0.retain(|known| known.strong_count() > 0);
        self.0.push(Arc::downgrade(subscription));
    }

    pub(crate) fn push(&mut self, event: &SessionEvent, wakes: &mut Vec<Waker>) {
        for subscription in self.0.iter().filter_map(Weak::upgrade) {
            subscription.push(|unread| unread.push(event.clone()), wakes);
        }
    }

    pub(crate) fn close(&mut self, closed: &Arc<ConnectionClosed>) {
        for subscription in self.0.drain(..).filter_map(|it| it.upgrade()) {
            subscription.close(Arc::clone(closed));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll};

    use super::*;
    use crate::{error::connection_closed::CloseReason, routing::mailbox::Received};

    #[test]
    fn a_reader_that_does_not_read_has_the_latest_events_and_the_end() {
        let mut subscribers = SessionSubscribers::default();
        let subscription = Arc::default();
        subscribers.add(&subscription);
        subscribers.add(&Arc::default());
        for attempt in 0..2000 {
            let event = SessionEvent::Reconnecting {
                attempt,
                delay: Duration::ZERO,
                reason: Error::Stopped,
            };
            subscribers.push(&event, &mut Vec::new());
        }
        subscribers.close(&Arc::new(ConnectionClosed::new(CloseReason::Requested)));
        let mut context = Context::from_waker(Waker::noop());
        let mut read = Vec::new();
        while let Poll::Ready(Some(received)) = subscription.poll(&mut context) {
            if let Received::Item(SessionEvent::Reconnecting { attempt, .. }) = received {
                read.push(attempt);
            }
        }
        assert_eq!(read, (2000 - 1024..2000).collect::<Vec<_>>());
    }
}
