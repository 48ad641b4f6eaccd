//! The stream of changes in the session of a client, as an iterator.

use std::pin::Pin;

use futures_core::Stream;

use crate::{blocking::worker::receive, routing::session_events::SessionEvent};

/// A subscription to the ends and beginnings of the sessions of a client, returned by
/// [`Codex::session_events`](crate::blocking::Codex::session_events).
///
/// ```no_run
/// use codex_client::{blocking::Codex, supervisor::SessionEvent};
///
/// fn example(codex: &Codex) {
///     for event in codex.session_events() {
///         if let SessionEvent::Reconnected { lost, .. } = event {
///             println!("{} threads are lost", lost.len());
///         }
///     }
/// }
/// ```
///
/// It has the events since it was opened; of those that are not read, the latest 1,024 are kept. It ends
/// with the client, after [`GaveUp`](SessionEvent::GaveUp) if that is the reason. It does not keep the
/// connection open. The subscription of a client that is not supervised has no events.
#[derive(Debug)]
pub struct SessionEvents {
    inner: crate::supervisor::SessionEvents,
}

impl Iterator for SessionEvents {
    type Item = SessionEvent;

    /// Returns the next event; `None` once the client is closed, or if the calling thread cannot block.
    fn next(&mut self) -> Option<SessionEvent> {
        let event = receive(&mut false, |context| {
            let event = Pin::new(&mut self.inner).poll_next(context);
            event.map(|event| event.map(Ok))
        });
        event?.ok()
    }
}

/// Converts the async type into the blocking one.
impl From<crate::supervisor::SessionEvents> for SessionEvents {
    fn from(inner: crate::supervisor::SessionEvents) -> Self {
        Self { inner }
    }
}
