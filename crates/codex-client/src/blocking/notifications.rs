//! Subscriptions, blocking.

use crate::blocking::iterator::iterator;

iterator! {
    /// A subscription to everything that happens in one thread; from
    /// [`Thread::events`](crate::blocking::Thread::events).
    ///
    /// Ends and yields errors as [`ThreadEvents`](crate::ThreadEvents) does.
    ThreadEvents(crate::thread::events::ThreadEvents) => codex_types::ServerNotification
}

impl ThreadEvents {
    /// The id of the thread.
    pub fn thread_id(&self) -> &str {
        self.inner.thread_id()
    }
}

iterator! {
    /// A subscription to the notifications that belong to no turn; from
    /// [`Codex::notifications`](crate::blocking::Codex::notifications).
    ///
    /// Ends and yields errors as [`Notifications`](crate::Notifications) does.
    Notifications(crate::notifications::Notifications) => codex_types::ServerNotification
}
