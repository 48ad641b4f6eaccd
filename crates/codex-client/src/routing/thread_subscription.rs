//! The notifications of one thread, for whoever follows the thread rather than a turn.
//!
//! A watch gets what the feeds of the thread's turns get, and what is about the thread itself. It
//! lasts as long as its reader likes, so it is bounded: past a number of bytes the oldest make room,
//! and the reader is told how many it missed.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use crate::{
    error::connection_closed::ConnectionClosed,
    routing::{
        delta_queue::{DeltaQueue, Event},
        subscribers::UNREAD_LIMIT,
    },
    rpc::raw_notification::{DeltaRef, RawNotification},
};

/// Something to be read.
#[derive(Debug)]
pub(crate) enum Sight {
    Event(Event),
    /// So many were dropped here.
    Missed(u64),
}

/// One reader's unread notifications of one thread.
#[derive(Debug)]
pub(crate) struct ThreadSubscription {
    thread_id: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    unread: DeltaQueue,
    missed: u64,
    waker: Option<Waker>,
    closed: Option<Arc<ConnectionClosed>>,
}

impl ThreadSubscription {
    pub(crate) fn new(thread_id: &str) -> Arc<Self> {
        Arc::new(Self {
            thread_id: thread_id.to_owned(),
            state: Mutex::default(),
        })
    }

    pub(crate) fn thread_id(&self) -> &str {
        &self.thread_id
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, push: impl FnOnce(&mut DeltaQueue), wakes: &mut Vec<Waker>) {
        let mut state = self.lock();
        push(&mut state.unread);
        while state.unread.size() > UNREAD_LIMIT && state.unread.len() > 1 {
            state.unread.drop_oldest();
            state.missed += 1;
        }
        wakes.extend(state.waker.take());
    }

    /// The next one; `None` when the connection has ended and all is read.
    pub(crate) fn poll(&self, context: &mut Context<'_>) -> Poll<Option<Sight>> {
        let mut state = self.lock();
        match mem::take(&mut state.missed) {
            0 => {}
            missed => return Poll::Ready(Some(Sight::Missed(missed))),
        }
        if let Some(event) = state.unread.pop() {
            return Poll::Ready(Some(Sight::Event(event)));
        }
        if state.closed.is_some() {
            return Poll::Ready(None);
        }
        match &mut state.waker {
            Some(waker) => waker.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        Poll::Pending
    }

    /// Why there is nothing more to read.
    pub(crate) fn closed(&self) -> Option<Arc<ConnectionClosed>> {
        self.lock().closed.clone()
    }

    pub(crate) fn close(&self, closed: &Arc<ConnectionClosed>) {
        let mut state = self.lock();
        state.closed = Some(Arc::clone(closed));
        let waker = state.waker.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    }
}

/// All watches, by thread.
#[derive(Debug, Default)]
pub(crate) struct ThreadSubscriptions {
    threads: HashMap<String, Vec<Arc<ThreadSubscription>>>,
}

impl ThreadSubscriptions {
    pub(crate) fn add(&mut self, watch: Arc<ThreadSubscription>) {
        let watches = self.threads.entry(watch.thread_id.clone()).or_default();
        watches.push(watch);
    }

    /// Whether anybody watches this thread. ThreadSubscriptions that are gone are forgotten on the way.
    pub(crate) fn has(&mut self, thread_id: &str) -> bool {
        if self.threads.is_empty() {
            return false;
        }
        let Some(watches) = self.threads.get_mut(thread_id) else {
            return false;
        };
        watches.retain(|watch| Arc::strong_count(watch) > 1);
        if watches.is_empty() {
            self.threads.remove(thread_id);
            return false;
        }
        true
    }

    pub(crate) fn push_delta(&self, thread_id: &str, delta: &DeltaRef<'_>, wakes: &mut Vec<Waker>) {
        for watch in self.threads.get(thread_id).into_iter().flatten() {
            watch.push(|unread| unread.push_delta(delta), wakes);
        }
    }

    pub(crate) fn push_notification(
        &self,
        thread_id: &str,
        notification: &Arc<RawNotification>,
        wakes: &mut Vec<Waker>,
    ) {
        for watch in self.threads.get(thread_id).into_iter().flatten() {
            watch.push(
                |unread| unread.push_notification(Arc::clone(notification)),
                wakes,
            );
        }
    }

    pub(crate) fn close(&mut self, closed: &Arc<ConnectionClosed>) {
        let watches = self.threads.drain().flat_map(|(_, watches)| watches);
        watches.for_each(|watch| watch.close(closed));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        error::connection_closed::CloseReason,
        rpc::raw_notification::{DeltaKind, notification},
    };

    fn read(watch: &ThreadSubscription) -> (Vec<String>, bool) {
        let mut context = Context::from_waker(Waker::noop());
        let mut out = Vec::new();
        loop {
            out.push(match watch.poll(&mut context) {
                Poll::Ready(Some(Sight::Event(Event::Notification(notification)))) => {
                    notification.method().to_owned()
                }
                Poll::Ready(Some(Sight::Event(Event::Delta(delta)))) => {
                    format!("{}:{}", delta.turn_id, delta.text)
                }
                Poll::Ready(Some(Sight::Missed(missed))) => format!("missed {missed}"),
                Poll::Ready(None) => return (out, true),
                Poll::Pending => return (out, false),
            });
        }
    }

    fn tell(watches: &mut ThreadSubscriptions, thread_id: &str, size: usize) {
        if watches.has(thread_id) {
            let text = format!(r#"{{"method":"x","params":"{}"}}"#, "x".repeat(size));
            watches.push_notification(thread_id, &Arc::new(notification(&text)), &mut Vec::new());
        }
    }

    #[test]
    fn a_watch_gets_what_is_of_its_thread_and_tells_its_turns_apart() {
        let mut watches = ThreadSubscriptions::default();
        let watch = ThreadSubscription::new("t");
        watches.add(Arc::clone(&watch));
        tell(&mut watches, "t", 1);
        tell(&mut watches, "sub-agent", 1);
        for turn_id in ["u", "v"] {
            let delta = DeltaRef {
                kind: DeltaKind::AgentMessage,
                turn_id,
                item_id: "i",
                index: 0,
                text: "x",
                emitted_at_ms: None,
            };
            watches.push_delta("t", &delta, &mut Vec::new());
        }
        let seen = ["x", "u:x", "v:x"].map(String::from).to_vec();
        assert_eq!(read(&watch), (seen, false));
        watches.close(&Arc::new(ConnectionClosed::new(CloseReason::EndOfStream)));
        assert_eq!(read(&watch), (vec![], true));
    }

    #[test]
    fn a_slow_watch_loses_the_oldest_and_is_told() {
        let mut watches = ThreadSubscriptions::default();
        let watch = ThreadSubscription::new("t");
        watches.add(Arc::clone(&watch));
        for _ in 0..3 {
            tell(&mut watches, "t", UNREAD_LIMIT / 2 - 1000);
        }
        assert_eq!(read(&watch).0, ["missed 1", "x", "x"]);
        tell(&mut watches, "t", 2 * UNREAD_LIMIT);
        assert_eq!(read(&watch).0, ["x"]);
    }

    #[test]
    fn a_watch_that_nobody_reads_is_forgotten() {
        let mut watches = ThreadSubscriptions::default();
        watches.add(ThreadSubscription::new("t"));
        assert!(!watches.has("t"));
        assert!(watches.threads.is_empty());
    }
}
