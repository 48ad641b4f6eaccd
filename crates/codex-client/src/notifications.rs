//! Subscriptions to the notifications that belong to no turn.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use codex_types::ServerNotification;

use crate::{
    client::Codex,
    error::{Error, Result},
    routing::mailbox::{Item, Items, Received, Subscription},
    rpc::decoder::Decoder,
    stream::stream,
};

/// A subscription to the notifications that belong to no turn, returned by
/// [`Codex::notifications`](crate::Codex::notifications).
///
/// ```no_run
/// use codex_client::{Codex, Result, types::ServerNotification};
///
/// async fn example(codex: &Codex) -> Result<()> {
///     let mut notifications = codex.notifications();
///     while let Some(notification) = notifications.next().await {
///         if let ServerNotification::AccountUpdated(updated) = notification? {
///             println!("{updated:?}");
///         }
///     }
///     Ok(())
/// }
/// ```
///
/// Errors among the items do not end the subscription. They report a message, or a part of the
/// previous notification or of a response, that could not be decoded ([`Error::Decode`]); a handler
/// that failed ([`Error::Handler`]); or notifications that were dropped because this reader was too
/// slow ([`Error::Lagged`]). The subscription ends with the connection; unless this client closed
/// the connection, the last item is [`Error::Closed`]. The subscription does not keep the
/// connection open.
///
/// The subscription of a [supervised](crate::supervisor) client continues after the end of a session,
/// which is an item, too: [`Error::Closed`] with
/// [`reconnecting`](crate::ConnectionClosed::reconnecting).
#[derive(Debug)]
pub struct Notifications {
    mailbox: Arc<Subscription<Items>>,
    decoder: Decoder,
    has_ended: bool,
}

impl Notifications {
    pub(crate) fn new(codex: &Codex) -> Self {
        Self {
            mailbox: codex.connection().subscribe(),
            decoder: Decoder::default(),
            has_ended: false,
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<ServerNotification>>> {
        if self.has_ended {
            return Poll::Ready(None);
        }
        if let Some(error) = self.decoder.next_error() {
            return Poll::Ready(Some(Err(error)));
        }
        self.mailbox.poll(context).map(|received| match received {
            Some(Received::Item(Item::Notification(notification))) => {
                Some(self.decoder.decode(&notification))
            }
            Some(Received::Item(Item::Error(error))) => Some(Err(error)),
            Some(Received::Lagged(skipped)) => Some(Err(Error::Lagged { skipped })),
            None => {
                self.has_ended = true;
                Error::at_end(self.mailbox.end()?).map(Err)
            }
        })
    }
}

stream! {
    /// Returns the next notification, or `None` once the connection has ended.
    Notifications => Result<ServerNotification>
}
