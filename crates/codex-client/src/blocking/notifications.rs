//! Subscriptions of the blocking API.

use crate::blocking::iterator::iterator;

iterator! {
    /// A subscription to everything that happens in one thread, returned by
    /// [`Thread::events`](crate::blocking::Thread::events).
    ///
    /// ```no_run
    /// use codex_client::{Result, blocking::Thread, types::ServerNotification};
    ///
    /// fn example(thread: &Thread) -> Result<()> {
    ///     for event in thread.events() {
    ///         if let ServerNotification::ThreadStatusChanged(changed) = event? {
    ///             println!("now {:?}", changed.status);
    ///         }
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// An error among the items does not end the subscription: a message that cannot be decoded, or
    /// a part of the last event ([`Error::Decode`](crate::Error::Decode)), or events that were
    /// dropped because this reader was too slow ([`Error::Lagged`](crate::Error::Lagged), where
    /// adjacent deltas of an item count as one). Up to 16 MiB are kept for a reader. A reader that
    /// falls behind by less receives adjacent deltas as one: fewer events, the same text.
    ///
    /// The subscription ends with the connection, with [`Error::Closed`](crate::Error::Closed) as
    /// the last item unless this client closed it. It does not keep the connection open.
    ThreadEvents(crate::thread::events::ThreadEvents) => codex_types::ServerNotification
}

impl ThreadEvents {
    /// Returns the id of the thread.
    pub fn thread_id(&self) -> &str {
        self.inner.thread_id()
    }
}

iterator! {
    /// A subscription to the notifications that belong to no turn, returned by
    /// [`Codex::notifications`](crate::blocking::Codex::notifications).
    ///
    /// ```no_run
    /// use codex_client::{Result, blocking::Codex, types::ServerNotification};
    ///
    /// fn example(codex: &Codex) -> Result<()> {
    ///     for notification in codex.notifications() {
    ///         if let ServerNotification::AccountUpdated(updated) = notification? {
    ///             println!("{updated:?}");
    ///         }
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// An error among the items does not end the subscription: a message that cannot be decoded, or
    /// a part of the last notification or of a response ([`Error::Decode`](crate::Error::Decode));
    /// a failed handler ([`Error::Handler`](crate::Error::Handler)); notifications that were dropped
    /// because this reader was too slow ([`Error::Lagged`](crate::Error::Lagged)). The subscription
    /// ends with the connection, with [`Error::Closed`](crate::Error::Closed) as the last item unless this
    /// client closed it. It does not keep the connection open.
    Notifications(crate::notifications::Notifications) => codex_types::ServerNotification
}
