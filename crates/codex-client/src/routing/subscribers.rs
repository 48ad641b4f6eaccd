//! Notifications that belong to no turn of this client, for all subscribers.
//!
//! Notifications received before the first subscriber are kept for it, even after the end of the
//! connection: a server that exits early has often sent the reason.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::Waker,
};

use crate::{
    error::{Error, connection_closed::ConnectionClosed},
    routing::mailbox::{Buffer, Item, Items, Subscription},
    telemetry,
};

/// Maximum size of the items kept for the first subscriber, in bytes.
const EARLY_LIMIT: usize = 1024 * 1024;

/// Items received before the first subscriber.
#[derive(Debug, Default)]
struct EarlyItems {
    items: Items,
    skipped: u64,
}

impl EarlyItems {
    /// Keeps the first items rather than the last: warnings are sent at the beginning.
    fn push(&mut self, item: impl FnOnce() -> Item) {
        if self.items.size() < EARLY_LIMIT {
            self.items.push(item());
        } else {
            self.skipped += 1;
        }
    }

    /// Moves all items to the first subscriber, followed by the number of dropped ones.
    fn move_to(mut self, mailbox: &Subscription<Items>, wakes: &mut Vec<Waker>) {
        let skipped = self.skipped;
        mailbox.push(
            |unread| {
                while let Some(item) = self.items.pop() {
                    unread.push(item);
                }
                if skipped > 0 {
                    telemetry::lagged(skipped);
                    unread.push(Item::Error(Error::Lagged { skipped }));
                }
            },
            wakes,
        );
    }
}

/// The items of a connection that ended before it had a subscriber.
#[derive(Debug, Default)]
pub(crate) struct UndeliveredItems(Mutex<Option<EarlyItems>>);

impl UndeliveredItems {
    fn lock(&self) -> MutexGuard<'_, Option<EarlyItems>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves the items to the first subscriber.
    pub(crate) fn move_to(&self, mailbox: &Subscription<Items>) {
        let early = self.lock().take();
        if let Some(early) = early {
            // The subscriber may already be waiting.
            let mut wakes = Vec::new();
            early.move_to(mailbox, &mut wakes);
            wakes.into_iter().for_each(Waker::wake);
        }
    }
}

/// All subscribers.
#[derive(Debug)]
pub(crate) struct Subscribers {
    mailboxes: Vec<Weak<Subscription<Items>>>,
    /// A program cannot subscribe before the end of the handshake, and warnings are sent during it.
    early: Option<EarlyItems>,
    undelivered: Arc<UndeliveredItems>,
}

impl Subscribers {
    /// Items without a subscriber are moved to `undelivered` when the connection ends.
    pub(crate) fn new(undelivered: Arc<UndeliveredItems>) -> Self {
        Self {
            mailboxes: Vec::new(),
            early: Some(EarlyItems::default()),
            undelivered,
        }
    }

    /// Adds a subscriber.
    pub(crate) fn add(&mut self, mailbox: &Arc<Subscription<Items>>, wakes: &mut Vec<Waker>) {
        match self.early.take() {
            Some(early) => early.move_to(mailbox, wakes),
            None => self.undelivered.move_to(mailbox),
        }
        self.mailboxes.push(Arc::downgrade(mailbox));
    }

    /// Delivers an item to all subscribers. `item` is called only if the item is kept.
    pub(crate) fn push(&mut self, item: impl FnOnce() -> Item, wakes: &mut Vec<Waker>) {
        if let Some(early) = &mut self.early {
            return early.push(item);
        }
        self.mailboxes.retain(|mailbox| mailbox.strong_count() > 0);
        if !self.mailboxes.is_empty() {
            let item = item();
            for mailbox in self.mailboxes.iter().filter_map(Weak::upgrade) {
                mailbox.push(|unread| unread.push(item.clone()), wakes);
            }
        }
    }

    pub(crate) fn close(&mut self, closed: &Arc<ConnectionClosed>) {
        if let Some(early) = self.early.take() {
            *self.undelivered.lock() = Some(early);
        }
        for mailbox in mem::take(&mut self.mailboxes) {
            if let Some(mailbox) = mailbox.upgrade() {
                mailbox.close(Arc::clone(closed));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicBool, Ordering},
        task::{Context, Poll, Wake},
    };

    use super::*;
    use crate::{
        error::connection_closed::CloseReason, routing::mailbox::Received,
        rpc::raw_notification::notification,
    };

    fn item(size: usize) -> Item {
        Item::Notification(Arc::new(notification(&format!(
            r#"{{"method":"x","params":{{"a":"{}"}}}}"#,
            "x".repeat(size)
        ))))
    }

    fn read(mailbox: &Subscription<Items>) -> Vec<&'static str> {
        let mut context = Context::from_waker(Waker::noop());
        let mut out = Vec::new();
        while let Poll::Ready(Some(received)) = mailbox.poll(&mut context) {
            out.push(match received {
                Received::Item(Item::Notification(_)) => "notification",
                Received::Item(Item::Error(Error::Lagged { .. })) | Received::Lagged(_) => "lagged",
                Received::Item(Item::Error(_)) => "error",
            });
        }
        out
    }

    fn closed() -> Arc<ConnectionClosed> {
        Arc::new(ConnectionClosed::new(CloseReason::EndOfStream))
    }

    #[test]
    fn the_first_subscriber_receives_the_earlier_items() {
        let mut subscribers = Subscribers::new(Arc::default());
        subscribers.push(|| item(1), &mut Vec::new());
        let (first, second) = (Arc::default(), Arc::default());
        subscribers.add(&first, &mut Vec::new());
        subscribers.add(&second, &mut Vec::new());
        subscribers.push(|| item(1), &mut Vec::new());
        assert_eq!(read(&first), ["notification", "notification"]);
        assert_eq!(read(&second), ["notification"]);
    }

    #[test]
    fn the_first_subscriber_receives_the_earlier_items_after_the_end_of_the_connection() {
        let undelivered = Arc::<UndeliveredItems>::default();
        let mut subscribers = Subscribers::new(Arc::clone(&undelivered));
        subscribers.push(|| item(EARLY_LIMIT), &mut Vec::new());
        subscribers.push(|| item(1), &mut Vec::new());
        subscribers.close(&closed());
        let (first, second) = (Subscription::default(), Subscription::default());
        undelivered.move_to(&first);
        undelivered.move_to(&second);
        assert_eq!(read(&first), ["notification", "lagged"]);
        assert!(read(&second).is_empty());
    }

    #[test]
    fn a_subscriber_that_is_already_waiting_is_woken_for_the_earlier_items() {
        struct Woken(AtomicBool);

        impl Wake for Woken {
            fn wake(self: Arc<Self>) {
                self.0.store(true, Ordering::Relaxed);
            }
        }

        let undelivered = Arc::<UndeliveredItems>::default();
        let mut subscribers = Subscribers::new(Arc::clone(&undelivered));
        subscribers.push(|| item(1), &mut Vec::new());
        subscribers.close(&closed());
        let mailbox = Subscription::default();
        let woken = Arc::new(Woken(AtomicBool::new(false)));
        let waker = Waker::from(Arc::clone(&woken));
        assert!(mailbox.poll(&mut Context::from_waker(&waker)).is_pending());
        undelivered.move_to(&mailbox);
        assert!(woken.0.load(Ordering::Relaxed));
    }

    #[test]
    fn the_first_subscriber_may_subscribe_while_the_connection_ends() {
        let mut subscribers = Subscribers::new(Arc::default());
        subscribers.push(|| item(1), &mut Vec::new());
        subscribers.close(&closed());
        let mailbox = Arc::default();
        subscribers.add(&mailbox, &mut Vec::new());
        subscribers.close(&closed());
        assert_eq!(read(&mailbox), ["notification"]);
        assert!(mailbox.end().is_some());
    }

    #[test]
    fn a_dropped_subscriber_is_forgotten() {
        let mut subscribers = Subscribers::new(Arc::default());
        subscribers.add(&Arc::default(), &mut Vec::new());
        subscribers.push(|| unreachable!("there is no reader"), &mut Vec::new());
        assert!(subscribers.mailboxes.is_empty());
    }
}
