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
    /// Errors among the items do not end the subscription. They report a message, or a part of the
    /// previous event, that could not be decoded ([`Error::Decode`](crate::Error::Decode)), or
    /// events that were dropped because this reader was too slow
    /// ([`Error::Lagged`](crate::Error::Lagged), which counts adjacent deltas of an item as one
    /// event). Up to 16 MiB of unread events are kept for each reader. A reader that falls behind
    /// by less than that receives adjacent deltas of an item merged into one: fewer events, but the
    /// same text.
    ///
    /// The subscription ends with the connection; unless this client closed the connection, the
    /// last item is [`Error::Closed`](crate::Error::Closed). The subscription does not keep the
    /// connection open.
    ///
    /// The subscription of a [supervised](crate::supervisor) client continues after the end of a session,
    /// which is an item, too: [`Error::Closed`](crate::Error::Closed) with
    /// [`reconnecting`](crate::ConnectionClosed::reconnecting).
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
    /// Errors among the items do not end the subscription. They report a message, or a part of the
    /// previous notification or of a response, that could not be decoded
    /// ([`Error::Decode`](crate::Error::Decode)); a handler that failed
    /// ([`Error::Handler`](crate::Error::Handler)); or notifications that were dropped because this
    /// reader was too slow ([`Error::Lagged`](crate::Error::Lagged)). The subscription ends with
    /// the connection; unless this client closed the connection, the last item is
    /// [`Error::Closed`](crate::Error::Closed). The subscription does not keep the connection open.
    ///
    /// The subscription of a [supervised](crate::supervisor) client continues after the end of a session,
    /// which is an item, too: [`Error::Closed`](crate::Error::Closed) with
    /// [`reconnecting`](crate::ConnectionClosed::reconnecting).
    Notifications(crate::notifications::Notifications) => codex_types::ServerNotification
}

iterator! {
    /// The lines that a server writes to its standard error, returned by
    /// [`Codex::stderr`](crate::blocking::Codex::stderr).
    ///
    /// ```no_run
    /// use codex_client::{Result, blocking::Codex};
    ///
    /// fn example(codex: &Codex) -> Result<()> {
    ///     for line in codex.stderr() {
    ///         eprintln!("codex: {}", line?);
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// Keys and tokens are masked as far as they are
    /// [recognized](crate::protocol::redact::without_tokens). A line is cut after 64 KiB. Up to 4096
    /// unread lines are kept; a reader that is slower receives
    /// [`Error::Lagged`](crate::Error::Lagged) with the number of dropped ones. The stream ends with the
    /// server process and does not keep it running.
    StderrLines(crate::stderr::StderrLines) => String
}
