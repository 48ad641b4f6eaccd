//! Mailboxes: unread items between the connection task and the readers of a stream.
//!
//! The connection task pushes without waiting, and readers poll. A mailbox is bounded by the size
//! of its contents: past the limit, the oldest items are dropped, and the reader receives their
//! number.

use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use crate::{
    error::{Error, connection_closed::ConnectionClosed},
    rpc::raw_notification::RawNotification,
    telemetry,
};

/// Maximum size of the unread items of one reader, in bytes.
pub(crate) const UNREAD_LIMIT: usize = 16 * 1024 * 1024;

/// A buffer of unread items.
pub(crate) trait Buffer: Default {
    /// The type of the items.
    type Item;

    /// Removes the oldest item and returns it.
    fn pop(&mut self) -> Option<Self::Item>;

    /// Drops the oldest item.
    fn drop_oldest(&mut self) {
        drop(self.pop());
    }

    /// Returns the number of items.
    fn len(&self) -> usize;

    /// Returns the approximate size of the items in memory, in bytes.
    fn size(&self) -> usize;
}

/// An item taken from a mailbox.
#[derive(Debug)]
pub(crate) enum Received<T> {
    Item(T),
    /// This many items were dropped here because the reader was too slow.
    Lagged(u64),
}

/// An item of a subscription to notifications.
#[derive(Debug, Clone)]
pub(crate) enum Item {
    Notification(Arc<RawNotification>),
    /// An error that no caller waits for.
    Error(Error),
}

impl Item {
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Notification(notification) => notification.size(),
            Self::Error(_) => size_of::<Error>() + 512,
        }
    }
}

/// Items in order, with their total size.
#[derive(Debug, Default)]
pub(crate) struct Items {
    unread: VecDeque<Item>,
    size: usize,
}

impl Items {
    pub(crate) fn push(&mut self, item: Item) {
        self.size += item.size();
        self.unread.push_back(item);
    }
}

impl Buffer for Items {
    type Item = Item;

    fn pop(&mut self) -> Option<Item> {
        let item = self.unread.pop_front()?;
        self.size -= item.size();
        Some(item)
    }

    fn len(&self) -> usize {
        self.unread.len()
    }

    fn size(&self) -> usize {
        self.size
    }
}

/// Items whose number is bounded by the server, so their size does not matter.
impl<T> Buffer for VecDeque<T> {
    type Item = T;

    fn pop(&mut self) -> Option<T> {
        self.pop_front()
    }

    fn len(&self) -> usize {
        self.len()
    }

    fn size(&self) -> usize {
        0
    }
}

/// Wakers of the tasks that wait for a change, each at most once.
#[derive(Debug, Default)]
pub(crate) struct WakerSet(Vec<Waker>);

impl WakerSet {
    /// Registers the current task.
    pub(crate) fn register(&mut self, context: &Context<'_>) {
        if !self.0.iter().any(|waker| waker.will_wake(context.waker())) {
            self.0.push(context.waker().clone());
        }
    }

    /// Moves all wakers to `wakes`.
    pub(crate) fn drain_into(&mut self, wakes: &mut Vec<Waker>) {
        wakes.append(&mut self.0);
    }
}

/// The unread items of one mailbox and the tasks that wait for them.
#[derive(Debug)]
pub(crate) struct Unread<B> {
    pub(crate) buffer: B,
    /// Number of items dropped since the last one was taken.
    skipped: u64,
    pub(crate) readers: WakerSet,
}

impl<B: Buffer> Unread<B> {
    pub(crate) fn new(buffer: B) -> Self {
        Self {
            buffer,
            skipped: 0,
            readers: WakerSet::default(),
        }
    }

    /// Adds to the buffer. The wakers of the readers are added to `wakes`.
    pub(crate) fn push(&mut self, push: impl FnOnce(&mut B), wakes: &mut Vec<Waker>) {
        push(&mut self.buffer);
        self.readers.drain_into(wakes);
    }

    /// Drops the oldest items until the buffer is within the limit. One item is always kept.
    fn shed(&mut self) {
        while self.buffer.size() > UNREAD_LIMIT && self.buffer.len() > 1 {
            self.buffer.drop_oldest();
            self.skipped += 1;
        }
    }

    fn pop(&mut self) -> Option<Received<B::Item>> {
        match mem::take(&mut self.skipped) {
            0 => self.buffer.pop().map(Received::Item),
            skipped => {
                telemetry::lagged(skipped);
                Some(Received::Lagged(skipped))
            }
        }
    }
}

/// Unread items, shared by the connection task and any number of readers, with an end of type `E`.
#[derive(Debug)]
pub(crate) struct Mailbox<B, E> {
    state: Mutex<MailboxState<B, E>>,
}

#[derive(Debug)]
struct MailboxState<B, E> {
    unread: Unread<B>,
    /// Whether the readers are gone, so nothing is kept for them.
    is_abandoned: bool,
    end: Option<E>,
    /// Tasks that wait only for the end.
    waiters: WakerSet,
}

/// The mailbox of a subscription that ends with its connection.
pub(crate) type Subscription<B> = Mailbox<B, Arc<ConnectionClosed>>;

impl<B: Buffer, E: Clone> Default for Mailbox<B, E> {
    fn default() -> Self {
        Self {
            state: Mutex::new(MailboxState {
                unread: Unread::new(B::default()),
                is_abandoned: false,
                end: None,
                waiters: WakerSet::default(),
            }),
        }
    }
}

impl<B: Buffer, E: Clone> Mailbox<B, E> {
    /// No code panics while it holds the lock, so the lock is never poisoned.
    fn lock(&self) -> MutexGuard<'_, MailboxState<B, E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds to the buffer. The wakers of the readers are added to `wakes`.
    pub(crate) fn push(&self, push: impl FnOnce(&mut B), wakes: &mut Vec<Waker>) {
        let mut state = self.lock();
        if !state.is_abandoned {
            state.unread.push(push, wakes);
            state.unread.shed();
        }
    }

    /// Adds an item, or returns it if the mailbox has ended.
    pub(crate) fn offer<T>(
        &self,
        item: T,
        push: impl FnOnce(&mut B, T),
        wakes: &mut Vec<Waker>,
    ) -> Result<(), T> {
        let mut state = self.lock();
        if state.end.is_some() {
            return Err(item);
        }
        state.unread.push(|buffer| push(buffer, item), wakes);
        Ok(())
    }

    /// Polls for the next item; `None` once the mailbox has ended and is empty. With several
    /// readers, each item goes to one of them.
    pub(crate) fn poll(&self, context: &mut Context<'_>) -> Poll<Option<Received<B::Item>>> {
        let mut state = self.lock();
        if let Some(received) = state.unread.pop() {
            return Poll::Ready(Some(received));
        }
        if state.end.is_some() {
            return Poll::Ready(None);
        }
        state.unread.readers.register(context);
        Poll::Pending
    }

    /// Polls for the end, regardless of unread items.
    pub(crate) fn poll_end(&self, context: &mut Context<'_>) -> Poll<E> {
        let mut state = self.lock();
        if let Some(end) = &state.end {
            return Poll::Ready(end.clone());
        }
        state.waiters.register(context);
        Poll::Pending
    }

    /// Returns the end, if there is one.
    pub(crate) fn end(&self) -> Option<E> {
        self.lock().end.clone()
    }

    /// Ends the mailbox, unless it has already ended. Unread items can still be read.
    pub(crate) fn close(&self, end: E) {
        let mut wakes = Vec::new();
        {
            let mut state = self.lock();
            state.end.get_or_insert(end);
            state.unread.readers.drain_into(&mut wakes);
            state.waiters.drain_into(&mut wakes);
        }
        wakes.into_iter().for_each(Waker::wake);
    }

    /// Drops the unread items and everything pushed from now on.
    pub(crate) fn abandon(&self) {
        let unread = {
            let mut state = self.lock();
            state.is_abandoned = true;
            mem::take(&mut state.unread.buffer)
        };
        // Outside the lock: dropping an item may run code of its own.
        drop(unread);
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        self.lock().is_abandoned
    }
}

#[cfg(test)]
mod tests {
    use std::task::Wake;

    use super::*;
    use crate::rpc::raw_notification::notification;

    type Numbers = Mailbox<VecDeque<u32>, &'static str>;

    /// Returns the items that can be read now, and whether the mailbox has ended.
    fn read<B: Buffer>(mailbox: &Mailbox<B, &'static str>) -> (Vec<Option<B::Item>>, bool) {
        let mut context = Context::from_waker(Waker::noop());
        let mut items = Vec::new();
        loop {
            match mailbox.poll(&mut context) {
                Poll::Ready(Some(Received::Item(item))) => items.push(Some(item)),
                Poll::Ready(Some(Received::Lagged(_))) => items.push(None),
                Poll::Ready(None) => return (items, true),
                Poll::Pending => return (items, false),
            }
        }
    }

    fn push(mailbox: &Numbers, number: u32) -> usize {
        let mut wakes = Vec::new();
        mailbox.push(|buffer| buffer.push_back(number), &mut wakes);
        wakes.len()
    }

    #[test]
    fn items_before_the_end_are_read_and_the_first_end_counts() {
        let mailbox = Numbers::default();
        push(&mailbox, 1);
        mailbox.close("first");
        mailbox.close("second");
        assert_eq!(mailbox.end(), Some("first"));
        assert_eq!(read(&mailbox), (vec![Some(1)], true));
    }

    struct Task;

    impl Wake for Task {
        fn wake(self: Arc<Self>) {}
    }

    #[test]
    fn all_readers_and_waiters_are_woken() {
        let mailbox = Numbers::default();
        let waker = Waker::from(Arc::new(Task));
        let mut context = Context::from_waker(&waker);
        for _ in 0..2 {
            assert!(mailbox.poll(&mut context).is_pending());
            assert!(mailbox.poll_end(&mut context).is_pending());
        }
        // The same task is registered once, and waiters for the end are not woken.
        assert_eq!(push(&mailbox, 1), 1);
        assert_eq!(mailbox.lock().waiters.0.len(), 1);
        mailbox.close("end");
        assert!(mailbox.lock().waiters.0.is_empty());
        assert!(mailbox.poll_end(&mut context).is_ready());
    }

    #[test]
    fn a_slow_reader_loses_the_oldest_items_and_is_told_how_many() {
        let mailbox = Mailbox::<Items, &'static str>::default();
        let item = |size: usize| {
            let text = format!(r#"{{"method":"x","params":"{}"}}"#, "x".repeat(size));
            Item::Notification(Arc::new(notification(&text)))
        };
        let push = |size| mailbox.push(|items| items.push(item(size)), &mut Vec::new());
        for _ in 0..3 {
            push(UNREAD_LIMIT / 2 - 1000);
        }
        let (items, _) = read(&mailbox);
        let is_item: Vec<_> = items.iter().map(Option::is_some).collect();
        assert_eq!(is_item, [false, true, true]);
        // A single item is kept, however large.
        push(2 * UNREAD_LIMIT);
        assert_eq!(read(&mailbox).0.len(), 1);
        mailbox.abandon();
        push(1);
        assert!(read(&mailbox).0.is_empty());
    }

    #[test]
    fn an_item_offered_after_the_end_is_returned() {
        let mailbox = Numbers::default();
        let offer = |number| mailbox.offer(number, VecDeque::push_back, &mut Vec::new());
        assert_eq!(offer(1), Ok(()));
        mailbox.close("end");
        assert_eq!(offer(2), Err(2));
        assert_eq!(read(&mailbox), (vec![Some(1)], true));
    }
}
