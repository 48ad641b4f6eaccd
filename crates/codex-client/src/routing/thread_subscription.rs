//! Notifications of one thread, for readers that follow a thread rather than a turn.
//!
//! A subscription receives the events of all turns of the thread and the notifications about the
//! thread itself.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
    task::Waker,
};

use crate::{
    error::{connection_closed::ConnectionClosed, decode_error::DecodeError},
    routing::{delta_queue::DeltaQueue, mailbox::Subscription},
    rpc::{delta::DeltaRef, raw_notification::RawNotification},
};

/// The unread notifications of one reader.
pub(crate) type ThreadSubscription = Subscription<DeltaQueue>;

/// All subscriptions, by thread.
#[derive(Debug, Default)]
pub(crate) struct ThreadSubscriptions {
    threads: HashMap<String, Vec<Weak<ThreadSubscription>>>,
    /// The number of threads at which those without a subscription are forgotten.
    limit: usize,
}

/// The number of threads that are not worth looking for those without a subscription.
const FEW_THREADS: usize = 64;

impl ThreadSubscriptions {
    /// Adds a subscription. Now and then, forgets those that were dropped: there may be no further
    /// event of their threads.
    pub(crate) fn add(&mut self, thread_id: String, subscription: &Arc<ThreadSubscription>) {
        if self.threads.len() >= self.limit.max(FEW_THREADS) {
            self.threads.retain(|_, subscriptions| {
                subscriptions.retain(|subscription| subscription.strong_count() > 0);
                !subscriptions.is_empty()
            });
            self.limit = 2 * self.threads.len();
        }
        let subscriptions = self.threads.entry(thread_id).or_default();
        subscriptions.push(Arc::downgrade(subscription));
    }

    /// Returns whether the thread has a subscription. Forgets subscriptions that were dropped.
    pub(crate) fn has(&mut self, thread_id: &str) -> bool {
        if self.threads.is_empty() {
            return false;
        }
        let Some(subscriptions) = self.threads.get_mut(thread_id) else {
            return false;
        };
        subscriptions.retain(|subscription| subscription.strong_count() > 0);
        if subscriptions.is_empty() {
            self.threads.remove(thread_id);
            return false;
        }
        true
    }

    pub(crate) fn push_delta(&self, thread_id: &str, delta: &DeltaRef<'_>, wakes: &mut Vec<Waker>) {
        self.push(thread_id, |unread| unread.push_delta(delta), wakes);
    }

    pub(crate) fn push_notification(
        &self,
        thread_id: &str,
        notification: &Arc<RawNotification>,
        wakes: &mut Vec<Waker>,
    ) {
        let push = |unread: &mut DeltaQueue| unread.push_notification(Arc::clone(notification));
        self.push(thread_id, push, wakes);
    }

    pub(crate) fn push_unreadable(
        &self,
        thread_id: &str,
        error: &Arc<DecodeError>,
        wakes: &mut Vec<Waker>,
    ) {
        let push = |unread: &mut DeltaQueue| unread.push_unreadable(Arc::clone(error));
        self.push(thread_id, push, wakes);
    }

    fn push(&self, thread_id: &str, push: impl Fn(&mut DeltaQueue), wakes: &mut Vec<Waker>) {
        let subscriptions = self.threads.get(thread_id).into_iter().flatten();
        for subscription in subscriptions.filter_map(Weak::upgrade) {
            subscription.push(&push, wakes);
        }
    }

    pub(crate) fn close(&mut self, closed: &Arc<ConnectionClosed>) {
        let subscriptions = self.threads.drain().flat_map(|(_, all)| all);
        for subscription in subscriptions.filter_map(|subscription| subscription.upgrade()) {
            subscription.close(Arc::clone(closed));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll};

    use super::*;
    use crate::{
        error::connection_closed::CloseReason,
        routing::{
            delta_queue::Event,
            mailbox::{Received, UNREAD_LIMIT},
        },
        rpc::{delta::DeltaKind, raw_notification::notification},
    };

    fn read(subscription: &ThreadSubscription) -> (Vec<String>, bool) {
        let mut context = Context::from_waker(Waker::noop());
        let mut out = Vec::new();
        loop {
            out.push(match subscription.poll(&mut context) {
                Poll::Ready(Some(Received::Item(Event::Notification(notification)))) => {
                    notification.method().to_owned()
                }
                Poll::Ready(Some(Received::Item(Event::Unreadable(error)))) => error.reason.clone(),
                Poll::Ready(Some(Received::Item(Event::Delta(delta)))) => {
                    format!("{}:{}", delta.turn_id.unwrap_or_default(), delta.text)
                }
                Poll::Ready(Some(Received::Lagged(skipped))) => format!("lagged {skipped}"),
                Poll::Ready(None) => return (out, true),
                Poll::Pending => return (out, false),
            });
        }
    }

    fn push(subscriptions: &mut ThreadSubscriptions, thread_id: &str, size: usize) {
        if subscriptions.has(thread_id) {
            let text = format!(r#"{{"method":"x","params":"{}"}}"#, "x".repeat(size));
            let notification = Arc::new(notification(&text));
            subscriptions.push_notification(thread_id, &notification, &mut Vec::new());
        }
    }

    #[test]
    fn a_subscription_receives_the_events_of_its_thread_with_their_turns() {
        let mut subscriptions = ThreadSubscriptions::default();
        let subscription = Arc::default();
        subscriptions.add("t".to_owned(), &subscription);
        push(&mut subscriptions, "t", 1);
        push(&mut subscriptions, "sub-agent", 1);
        for turn_id in ["u", "v"] {
            let delta = DeltaRef {
                kind: DeltaKind::AgentMessage,
                turn_id: Some(turn_id),
                item_id: "i",
                index: 0,
                text: "x",
                emitted_at_ms: None,
            };
            subscriptions.push_delta("t", &delta, &mut Vec::new());
        }
        let seen = ["x", "u:x", "v:x"].map(String::from).to_vec();
        assert_eq!(read(&subscription), (seen, false));
        subscriptions.close(&Arc::new(ConnectionClosed::new(CloseReason::EndOfStream)));
        assert_eq!(read(&subscription), (vec![], true));
    }

    #[test]
    fn a_slow_subscription_loses_the_oldest_events_and_is_told_how_many() {
        let mut subscriptions = ThreadSubscriptions::default();
        let subscription = Arc::default();
        subscriptions.add("t".to_owned(), &subscription);
        for _ in 0..3 {
            push(&mut subscriptions, "t", UNREAD_LIMIT / 2 - 1000);
        }
        assert_eq!(read(&subscription).0, ["lagged 1", "x", "x"]);
        push(&mut subscriptions, "t", 2 * UNREAD_LIMIT);
        assert_eq!(read(&subscription).0, ["x"]);
    }

    #[test]
    fn a_dropped_subscription_is_forgotten() {
        let mut subscriptions = ThreadSubscriptions::default();
        subscriptions.add("t".to_owned(), &Arc::default());
        assert!(!subscriptions.has("t"));
        assert!(subscriptions.threads.is_empty());
        // Also if no event of its thread follows.
        let kept: [Arc<ThreadSubscription>; 100] = std::array::from_fn(|_| Arc::default());
        for (number, subscription) in kept.iter().enumerate() {
            subscriptions.add(format!("kept {number}"), subscription);
        }
        for number in 0..10_000 {
            subscriptions.add(number.to_string(), &Arc::default());
        }
        assert!(subscriptions.threads.len() <= 300);
        assert!((0..100).all(|number| subscriptions.has(&format!("kept {number}"))));
    }
}
