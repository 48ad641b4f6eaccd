//! What one turn's events go through: the connection task writes, any number of readers read.
//!
//! A reader has a queue of its own and takes it over whole, so the lock is held for a push or a
//! swap, never while an event is decoded or while user code runs. Beside the queues the feed keeps
//! what a turn's result is made of, so that a result can be had without reading the events.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use crate::{
    error::{connection_closed::ConnectionClosed, turn_detached::DetachReason},
    routing::delta_queue::{DeltaQueue, Event},
    rpc::raw_notification::{DeltaRef, RawNotification},
};

/// One turn's events.
#[derive(Debug)]
pub(crate) struct TurnLog {
    thread_id: String,
    turn_id: String,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// One for each reader; freed places are used again.
    slots: Vec<Option<Slot>>,
    /// Whether the first slot, which exists from the start, still waits for its reader.
    first_is_free: bool,
    record: TurnRecord,
    /// Whether anything but deltas has come: no turn begins with a delta.
    has_shown: bool,
    end: Option<End>,
}

#[derive(Debug, Default)]
struct Slot {
    /// `None` for a reader that only waits for the end.
    queue: Option<DeltaQueue>,
    waker: Option<Waker>,
}

/// What a turn's result is made of.
#[derive(Debug, Clone, Default)]
pub(crate) struct TurnRecord {
    /// Each `item/completed`, in order.
    pub(crate) items: Vec<Arc<RawNotification>>,
    /// The last `thread/tokenUsage/updated`.
    pub(crate) usage: Option<Arc<RawNotification>>,
    /// The `turn/completed`.
    pub(crate) completed: Option<Arc<RawNotification>>,
}

/// Why no more events will come.
#[derive(Debug, Clone)]
pub(crate) enum End {
    Completed,
    EarlyEnd(EarlyEnd),
}

/// What keeps a turn's end from being told.
#[derive(Debug, Clone)]
pub(crate) enum EarlyEnd {
    /// The connection has ended.
    Closed(Arc<ConnectionClosed>),
    /// The connection goes on, without this turn.
    Lost(DetachReason),
}

impl TurnLog {
    pub(crate) fn new(thread_id: &str, turn_id: &str) -> Arc<Self> {
        Arc::new(Self {
            thread_id: thread_id.to_owned(),
            turn_id: turn_id.to_owned(),
            state: Mutex::new(State {
                slots: vec![Some(Slot {
                    queue: Some(DeltaQueue::default()),
                    waker: None,
                })],
                first_is_free: true,
                record: TurnRecord::default(),
                has_shown: false,
                end: None,
            }),
        })
    }

    pub(crate) fn thread_id(&self) -> &str {
        &self.thread_id
    }

    pub(crate) fn turn_id(&self) -> &str {
        &self.turn_id
    }

    /// No code panics while it holds the lock, so a poisoned one is as good as any.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a delta; readers to be woken go to `wakes`.
    pub(crate) fn push_delta(&self, delta: &DeltaRef<'_>, wakes: &mut Vec<Waker>) {
        let mut state = self.lock();
        for slot in state.slots.iter_mut().flatten() {
            if let Some(queue) = &mut slot.queue {
                queue.push_delta(delta);
                wakes.extend(slot.waker.take());
            }
        }
    }

    /// Adds any other notification; a `turn/completed` ends the feed.
    pub(crate) fn push_notification(
        &self,
        notification: &Arc<RawNotification>,
        wakes: &mut Vec<Waker>,
    ) {
        let mut state = self.lock();
        state.has_shown = true;
        let mut ended = false;
        match notification.method() {
            "item/completed" => state.record.items.push(Arc::clone(notification)),
            "thread/tokenUsage/updated" => state.record.usage = Some(Arc::clone(notification)),
            "turn/completed" => {
                state.record.completed = Some(Arc::clone(notification));
                state.end = Some(End::Completed);
                ended = true;
            }
            _ => {}
        }
        for slot in state.slots.iter_mut().flatten() {
            if let Some(queue) = &mut slot.queue {
                queue.push_notification(Arc::clone(notification));
            } else if !ended {
                continue;
            }
            wakes.extend(slot.waker.take());
        }
    }

    /// Takes over the events and the end of another turn: all of them if nobody has read them, or
    /// else what its result is made of.
    pub(crate) fn inherit(&self, from: &Self, wakes: &mut Vec<Waker>) {
        for notification in from.told() {
            self.push_notification(&notification, wakes);
        }
    }

    fn told(&self) -> Vec<Arc<RawNotification>> {
        let state = self.lock();
        let unread = state.slots.first().and_then(Option::as_ref);
        match unread.and_then(|slot| slot.queue.as_ref()) {
            Some(queue) if state.first_is_free => {
                let mut queue = queue.clone();
                let notification = |event| match event {
                    Event::Notification(notification) => notification,
                    Event::Delta(delta) => {
                        Arc::new(delta.to_notification(&self.thread_id, &self.turn_id))
                    }
                };
                std::iter::from_fn(|| queue.pop())
                    .map(notification)
                    .collect()
            }
            _ => {
                let TurnRecord {
                    items,
                    usage,
                    completed,
                } = state.record.clone();
                items.into_iter().chain(usage).chain(completed).collect()
            }
        }
    }

    /// Says that there will be no more events; a turn that was complete stays so.
    pub(crate) fn end_early(&self, why: EarlyEnd) {
        let mut state = self.lock();
        state.end.get_or_insert(End::EarlyEnd(why));
        let wakers: Vec<Waker> = state
            .slots
            .iter_mut()
            .flatten()
            .filter_map(|slot| slot.waker.take())
            .collect();
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// A reader of the events.
    ///
    /// The first one begins with the turn's first event. A later one begins with the oldest event
    /// that another reader has not taken yet.
    pub(crate) fn reader(self: &Arc<Self>) -> TurnReader {
        let mut state = self.lock();
        if mem::take(&mut state.first_is_free) {
            return TurnReader::new(self, 0);
        }
        let unread = state
            .slots
            .iter()
            .flatten()
            .filter_map(|slot| slot.queue.as_ref())
            .max_by_key(|queue| queue.len())
            .cloned();
        let slot = state.add(Slot {
            queue: Some(unread.unwrap_or_default()),
            waker: None,
        });
        TurnReader::new(self, slot)
    }

    /// A reader that takes no events and waits for the end. If nobody asked for the events so far,
    /// they are not kept from here on.
    pub(crate) fn end_only(self: &Arc<Self>) -> TurnReader {
        let mut state = self.lock();
        let slot = if mem::take(&mut state.first_is_free) {
            state.slots[0] = Some(Slot::default());
            0
        } else {
            state.add(Slot::default())
        };
        TurnReader::new(self, slot)
    }

    /// A reader that waits for the end beside all others.
    pub(crate) fn bystander(self: &Arc<Self>) -> TurnReader {
        let slot = self.lock().add(Slot::default());
        TurnReader::new(self, slot)
    }

    /// A reader beside all others that begins with the next event.
    pub(crate) fn listener(self: &Arc<Self>) -> TurnReader {
        let slot = Slot {
            queue: Some(DeltaQueue::default()),
            waker: None,
        };
        let slot = self.lock().add(slot);
        TurnReader::new(self, slot)
    }

    /// Whether any event of it has come.
    pub(crate) fn has_shown(&self) -> bool {
        self.lock().has_shown
    }

    /// Whether there will be no more events.
    pub(crate) fn has_ended(&self) -> bool {
        self.end().is_some()
    }

    /// Why there will be no more events, if so.
    pub(crate) fn end(&self) -> Option<End> {
        self.lock().end.clone()
    }

    /// What the result is made of, as far as it has come.
    pub(crate) fn record(&self) -> TurnRecord {
        self.lock().record.clone()
    }

    /// All events that nobody has read, when nobody ever will.
    pub(crate) fn into_unread(self: Arc<Self>) -> DeltaQueue {
        let mut state = self.lock();
        let queue = state.slots[0].as_mut().and_then(|slot| slot.queue.take());
        queue.unwrap_or_default()
    }
}

impl State {
    fn add(&mut self, slot: Slot) -> usize {
        if let Some(free) = self.slots.iter().position(Option::is_none) {
            self.slots[free] = Some(slot);
            return free;
        }
        self.slots.push(Some(slot));
        self.slots.len() - 1
    }
}

/// One reader of a feed.
#[derive(Debug)]
pub(crate) struct TurnReader {
    log: Arc<TurnLog>,
    slot: usize,
    /// The events that were taken over and not read yet.
    taken: DeltaQueue,
}

impl TurnReader {
    fn new(log: &Arc<TurnLog>, slot: usize) -> Self {
        Self {
            log: Arc::clone(log),
            slot,
            taken: DeltaQueue::default(),
        }
    }

    pub(crate) fn log(&self) -> &Arc<TurnLog> {
        &self.log
    }

    /// The next event, or why there will be none.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Event, End>> {
        if let Some(event) = self.taken.pop() {
            return Poll::Ready(Ok(event));
        }
        let mut state = self.log.lock();
        let state = &mut *state;
        let end = state.end.clone();
        let Some(slot) = state.slots[self.slot].as_mut() else {
            return Poll::Pending;
        };
        if let Some(queue) = &mut slot.queue
            && !queue.is_empty()
        {
            mem::swap(queue, &mut self.taken);
        }
        if let Some(event) = self.taken.pop() {
            return Poll::Ready(Ok(event));
        }
        if let Some(end) = end {
            return Poll::Ready(Err(end));
        }
        match &mut slot.waker {
            Some(waker) => waker.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        Poll::Pending
    }

    /// Throws away what is unread and takes no further events; the end can still be waited for.
    pub(crate) fn mute(&mut self) {
        self.taken = DeltaQueue::default();
        if let Some(slot) = self.log.lock().slots[self.slot].as_mut() {
            slot.queue = None;
        }
    }
}

impl Drop for TurnReader {
    fn drop(&mut self) {
        self.log.lock().slots[self.slot] = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        error::connection_closed::CloseReason,
        rpc::raw_notification::{DeltaKind, notification},
    };

    fn delta(log: &TurnLog, text: &str) -> usize {
        let mut wakes = Vec::new();
        let delta = DeltaRef {
            kind: DeltaKind::AgentMessage,
            turn_id: "",
            item_id: "i",
            index: 0,
            text,
            emitted_at_ms: None,
        };
        log.push_delta(&delta, &mut wakes);
        wakes.len()
    }

    fn complete(log: &TurnLog) -> usize {
        let mut wakes = Vec::new();
        let completed = notification(r#"{"method":"turn/completed"}"#);
        log.push_notification(&Arc::new(completed), &mut wakes);
        wakes.len()
    }

    /// What there is to read now, and whether that was all.
    fn read(reader: &mut TurnReader) -> (Vec<String>, bool) {
        let mut context = Context::from_waker(Waker::noop());
        let mut events = Vec::new();
        loop {
            match reader.poll(&mut context) {
                Poll::Ready(Ok(Event::Delta(delta))) => events.push(delta.text),
                Poll::Ready(Ok(Event::Notification(notification))) => {
                    events.push(notification.method().to_owned())
                }
                Poll::Ready(Err(_)) => return (events, true),
                Poll::Pending => return (events, false),
            }
        }
    }

    #[test]
    fn each_reader_reads_all_from_where_it_began() {
        let log = TurnLog::new("t", "u");
        delta(&log, "a");
        let mut first = log.reader();
        assert_eq!(read(&mut first), (vec!["a".into()], false));
        delta(&log, "b");
        let mut second = log.reader();
        delta(&log, "c");
        complete(&log);
        let rest = ["b", "c", "turn/completed"].map(String::from).to_vec();
        assert_eq!(read(&mut first), (rest.clone(), true));
        assert_eq!(read(&mut second), (rest, true));
    }

    #[test]
    fn one_who_waits_for_the_end_alone_is_woken_once_and_nothing_is_kept() {
        let log = TurnLog::new("t", "u");
        let mut reader = log.end_only();
        assert_eq!(read(&mut reader), (vec![], false));
        assert_eq!(delta(&log, "a"), 0);
        assert_eq!(complete(&log), 1);
        assert_eq!(read(&mut reader), (vec![], true));
        assert!(log.record().completed.is_some());
    }

    #[test]
    fn a_reader_is_woken_once_for_all_that_comes_before_it_reads() {
        let log = TurnLog::new("t", "u");
        let mut reader = log.reader();
        assert_eq!(read(&mut reader), (vec![], false));
        assert_eq!(delta(&log, "a"), 1);
        assert_eq!(delta(&log, "b"), 0);
        assert_eq!(read(&mut reader).0, ["a", "b"]);
    }

    #[test]
    fn what_another_turn_had_is_inherited_with_its_end() {
        let (from, heir) = (TurnLog::new("t", "u"), TurnLog::new("t", "v"));
        let mut reader = heir.reader();
        delta(&from, "a");
        complete(&from);
        heir.inherit(&from, &mut Vec::new());
        let all = ["item/agentMessage/delta", "turn/completed"];
        assert_eq!(read(&mut reader), (all.map(String::from).to_vec(), true));
        assert!(heir.has_ended() && heir.record().completed.is_some());
        // Of what was read already, what makes the result is left.
        drop(from.reader());
        let heir = TurnLog::new("t", "w");
        heir.inherit(&from, &mut Vec::new());
        let left = vec!["turn/completed".to_owned()];
        assert_eq!(read(&mut heir.reader()), (left, true));
    }

    #[test]
    fn a_bystander_takes_nothing_from_the_first_reader() {
        let log = TurnLog::new("t", "u");
        let mut bystander = log.bystander();
        assert_eq!(read(&mut bystander), (vec![], false));
        delta(&log, "a");
        assert_eq!(complete(&log), 1);
        assert_eq!(read(&mut bystander), (vec![], true));
        let all = ["a", "turn/completed"].map(String::from).to_vec();
        assert_eq!(read(&mut log.reader()), (all, true));
    }

    #[test]
    fn a_turn_that_was_complete_when_the_connection_ended_stays_so() {
        let closed = Arc::new(ConnectionClosed::new(CloseReason::EndOfStream));
        let (done, cut) = (TurnLog::new("t", "u"), TurnLog::new("t", "v"));
        complete(&done);
        for log in [&done, &cut] {
            log.end_early(EarlyEnd::Closed(Arc::clone(&closed)));
        }
        assert!(matches!(done.lock().end, Some(End::Completed)));
        assert!(matches!(cut.lock().end, Some(End::EarlyEnd(_))));
    }
}
