//! All that happens in one thread.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use codex_types::ServerNotification;
use futures_core::Stream;

use crate::{
    error::{Error, Result, connection_closed::CloseReason},
    routing::{
        decode,
        thread_subscription::{Sight, ThreadSubscription},
    },
    thread::Thread,
};

impl Thread {
    /// The notifications of this thread from now on: the events of all its turns, whoever started
    /// them, and what is about the thread itself, such as its name and its status. What sub-agents
    /// do in threads of their own is not among them.
    ///
    /// They also go where they would go without this: to the streams of the turns, and to
    /// [`Codex::notifications`](crate::Codex::notifications).
    ///
    /// ```no_run
    /// use codex_client::types::ServerNotification;
    ///
    /// # async fn example(thread: codex_client::Thread) -> codex_client::Result<()> {
    /// let mut events = thread.events();
    /// while let Some(event) = events.next().await {
    ///     if let ServerNotification::ThreadStatusChanged(changed) = event? {
    ///         println!("now {:?}", changed.status);
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn events(&self) -> ThreadEvents {
        ThreadEvents {
            watch: self.codex().connection().watch(self.id()),
            ended: false,
        }
    }
}

/// A subscription to all that happens in one thread; from [`Thread::events`].
///
/// An error among the items does not end it: a message that could not be understood
/// ([`Error::Decode`]), or notifications that were dropped because this reader was too slow
/// ([`Error::Lagged`], in which neighbouring deltas of an item count as one). A reader that falls
/// behind by less gets neighbouring deltas as one: fewer events, the same text. Up to 16 MiB are
/// kept for it.
///
/// It ends when the connection does, with [`Error::Closed`] as the last item unless this client
/// closed it. It does not keep the connection open.
#[derive(Debug)]
pub struct ThreadEvents {
    watch: Arc<ThreadSubscription>,
    ended: bool,
}

impl ThreadEvents {
    /// The id of the thread.
    pub fn thread_id(&self) -> &str {
        self.watch.thread_id()
    }

    /// The next one; `None` when there will be none. May be cancelled without losing any.
    pub async fn next(&mut self) -> Option<Result<ServerNotification>> {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<ServerNotification>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        self.watch.poll(context).map(|sight| match sight {
            Some(Sight::Event(event)) => Some(decode::event(event, self.watch.thread_id(), "")),
            Some(Sight::Missed(skipped)) => Some(Err(Error::Lagged { skipped })),
            None => {
                self.ended = true;
                let closed = self.watch.closed()?;
                let ours = matches!(closed.reason, CloseReason::Requested | CloseReason::Dropped);
                (!ours).then_some(Err(Error::Closed(closed)))
            }
        })
    }
}

impl Stream for ThreadEvents {
    type Item = Result<ServerNotification>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(context)
    }
}
