//! The stream of changes in the session of a client.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use crate::{
    client::Codex,
    routing::{
        mailbox::Received,
        session_events::{SessionEvent, SessionSubscription},
    },
    stream::stream,
};

/// A subscription to the ends and beginnings of the sessions of a client, returned by
/// [`Codex::session_events`](crate::Codex::session_events).
///
/// ```no_run
/// use codex_client::{Codex, supervisor::SessionEvent};
///
/// async fn example(codex: &Codex) {
///     let mut sessions = codex.session_events();
///     while let Some(event) = sessions.next().await {
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
    subscription: Arc<SessionSubscription>,
}

impl SessionEvents {
    pub(crate) fn new(codex: &Codex) -> Self {
        let subscription = codex.connection().subscribe_sessions();
        Self { subscription }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<SessionEvent>> {
        loop {
            match self.subscription.poll(context) {
                Poll::Ready(Some(Received::Item(event))) => return Poll::Ready(Some(event)),
                // The number of the events is limited, not their size.
                Poll::Ready(Some(Received::Lagged(_))) => {}
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

stream! {
    /// Returns the next event, or `None` once the client is closed.
    SessionEvents => SessionEvent
}
