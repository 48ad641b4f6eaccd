//! Subscriptions to everything that happens in one thread.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use codex_types::ServerNotification;

use crate::{
    client::Thread,
    error::{Error, Result},
    routing::{mailbox::Received, thread_subscription::ThreadSubscription},
    rpc::decoder::Decoder,
    stream::stream,
};

/// A subscription to everything that happens in one thread, returned by
/// [`Thread::events`](crate::Thread::events).
///
/// ```no_run
/// use codex_client::{Result, Thread, types::ServerNotification};
///
/// async fn example(thread: &Thread) -> Result<()> {
///     let mut events = thread.events();
///     while let Some(event) = events.next().await {
///         if let ServerNotification::ThreadStatusChanged(changed) = event? {
///             println!("now {:?}", changed.status);
///         }
///     }
///     Ok(())
/// }
/// ```
///
/// Errors among the items do not end the subscription. They report a message, or a part of the
/// previous event, that could not be decoded ([`Error::Decode`]), or events that were dropped
/// because this reader was too slow ([`Error::Lagged`], which counts adjacent deltas of an item as
/// one event). Up to 16 MiB of unread events are kept for each reader. A reader that falls behind
/// by less than that receives adjacent deltas of an item merged into one: fewer events, but the
/// same text.
///
/// The subscription ends with the connection; unless this client closed the connection, the last
/// item is [`Error::Closed`]. The subscription does not keep the connection open.
///
/// The subscription of a [supervised](crate::supervisor) client continues after the end of a session,
/// which is an item, too: [`Error::Closed`] with
/// [`reconnecting`](crate::ConnectionClosed::reconnecting).
#[derive(Debug)]
pub struct ThreadEvents {
    thread_id: Arc<str>,
    subscription: Arc<ThreadSubscription>,
    decoder: Decoder,
    has_ended: bool,
}

impl ThreadEvents {
    pub(crate) fn new(thread: &Thread) -> Self {
        Self {
            thread_id: Arc::clone(&thread.id),
            subscription: thread.codex.connection().subscribe_thread(&thread.id),
            decoder: Decoder::default(),
            has_ended: false,
        }
    }

    /// Returns the id of the thread.
    pub fn thread_id(&self) -> &str {
        &self.thread_id
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<ServerNotification>>> {
        if self.has_ended {
            return Poll::Ready(None);
        }
        if let Some(error) = self.decoder.next_error() {
            return Poll::Ready(Some(Err(error)));
        }
        let received = self.subscription.poll(context);
        received.map(|received| match received {
            // Every delta in a thread subscription names its turn.
            Some(Received::Item(event)) => {
                Some(event.decode(&mut self.decoder, &self.thread_id, ""))
            }
            Some(Received::Lagged(skipped)) => Some(Err(Error::Lagged { skipped })),
            None => {
                self.has_ended = true;
                Error::at_end(self.subscription.end()?).map(Err)
            }
        })
    }
}

stream! {
    /// Returns the next event, or `None` once the connection has ended.
    ThreadEvents => Result<ServerNotification>
}
