//! Subscriptions, blocking.

use std::pin::Pin;

use codex_types::ServerNotification;
use futures_core::Stream;

use crate::{blocking::worker::next, error::Result};

/// A subscription to what belongs to no turn, as [`crate::Notifications`]; from
/// [`Codex::notifications`](crate::blocking::codex::Codex::notifications).
#[derive(Debug)]
pub struct Notifications {
    inner: crate::Notifications,
    /// That it cannot wait here.
    told: bool,
}

impl Iterator for Notifications {
    type Item = Result<ServerNotification>;

    fn next(&mut self) -> Option<Self::Item> {
        next(&mut self.told, |context| {
            Pin::new(&mut self.inner).poll_next(context)
        })
    }
}

/// The same subscription, for threads that may wait.
impl From<crate::Notifications> for Notifications {
    fn from(inner: crate::Notifications) -> Self {
        Self { inner, told: false }
    }
}

/// A subscription to all that happens in one thread, as [`crate::ThreadEvents`]; from
/// [`Thread::events`](crate::blocking::thread::Thread::events).
#[derive(Debug)]
pub struct ThreadEvents {
    inner: crate::ThreadEvents,
    /// That it cannot wait here.
    told: bool,
}

impl ThreadEvents {
    /// The id of the thread.
    pub fn thread_id(&self) -> &str {
        self.inner.thread_id()
    }
}

impl Iterator for ThreadEvents {
    type Item = Result<ServerNotification>;

    fn next(&mut self) -> Option<Self::Item> {
        next(&mut self.told, |context| {
            Pin::new(&mut self.inner).poll_next(context)
        })
    }
}

/// The same subscription, for threads that may wait.
impl From<crate::ThreadEvents> for ThreadEvents {
    fn from(inner: crate::ThreadEvents) -> Self {
        Self { inner, told: false }
    }
}
