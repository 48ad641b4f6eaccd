//! The log of one turn: the connection task writes events, and any number of readers read them.
//!
//! Each reader has a buffer of its own in the log and takes its whole contents at once, so the lock
//! is held only for a push or a swap, and never while an event is decoded or while user code runs.
//! Besides the buffers, the log keeps the record from which the result of the turn is made, so a
//! result needs no reader. The record has no items if no handle or stream may ask for the result.

mod agents;
mod end;
mod join;
pub(crate) mod record_claim;

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak, atomic::AtomicBool},
    task::{Context, Poll, Waker},
    time::Duration,
};

use codex_types::TurnCompletedNotification;
use tokio::time::Instant;

use crate::{
    error::{
        connection_closed::ConnectionClosed, decode_error::DecodeError, turn_detached::DetachReason,
    },
    routing::{
        activity::{Origin, TurnActivity},
        agent_feed::AgentFeed,
        delta_queue::{DeltaQueue, Event},
        join_stage::JoinStage,
        mailbox::{Buffer, Unread, WakerSet},
        record_claims::RecordClaims,
        turn_record::TurnRecord,
    },
    rpc::{
        delta::DeltaRef,
        raw_notification::{NotificationKind, RawNotification},
    },
    telemetry::Span,
    turn_result::TurnResult,
};

/// The time that an interrupted turn is given to end.
pub(crate) const INTERRUPT_GRACE: Duration = Duration::from_secs(5);

/// The log of one turn.
#[derive(Debug)]
pub(crate) struct TurnLog {
    thread_id: String,
    /// The id by which the response names the turn.
    turn_id: String,
    join: OnceLock<Box<Join>>,
    state: Mutex<LogState>,
}

/// A running turn that a turn has joined, unless that is disproved.
#[derive(Debug)]
struct Join {
    /// It passes its events on, and is kept so that its events are routed to it.
    running: Arc<TurnLog>,
    is_disproved: AtomicBool,
    /// The turn that was joined after this join was disproved.
    next: OnceLock<Box<Join>>,
}

#[derive(Debug, Default)]
struct LogState {
    /// One slot for each reader; freed slots are reused.
    slots: Vec<Option<Unread<DeltaQueue>>>,
    /// Whether the first slot, which exists from the start, still waits for its reader.
    first_is_free: bool,
    /// Tasks that wait only for the end.
    waiters: WakerSet,
    record: TurnRecord,
    claims: RecordClaims,
    /// The readers of the events of the sub-agents.
    agent_feeds: Vec<Weak<AgentFeed>>,
    /// Whether anything but deltas was received: no turn begins with a delta.
    has_begun: bool,
    /// Whether the `turn/started` of the turn was received. A review that runs under another id
    /// has none.
    has_started: bool,
    activity: TurnActivity,
    /// The idle timeout for which the turn was interrupted.
    interrupted_after: Option<Duration>,
    /// The logs of the turns that have joined this one.
    joined: Vec<Weak<TurnLog>>,
    join_stage: JoinStage,
    end: Option<TurnEnd>,
    span: Span,
}

/// The reason why no more events follow.
#[derive(Debug, Clone)]
pub(crate) enum TurnEnd {
    Completed,
    /// The events end before the turn does.
    Early(EarlyEnd),
    /// The turn has failed, although the server has not reported its end.
    Failed,
    /// The turn exceeded this idle timeout, and did not end after the interrupt either.
    Silent(Duration),
}

/// The reason why events end before their turn or goal does.
#[derive(Debug, Clone)]
pub(crate) enum EarlyEnd {
    /// The connection has ended.
    Closed(Arc<ConnectionClosed>),
    /// The connection continues, without this turn.
    Detached(DetachReason),
}

impl TurnLog {
    pub(crate) fn new(thread_id: &str, turn_id: &str) -> Arc<Self> {
        Arc::new(Self {
            thread_id: thread_id.to_owned(),
            turn_id: turn_id.to_owned(),
            join: OnceLock::new(),
            state: Mutex::new(LogState {
                slots: vec![Some(Unread::new(DeltaQueue::default()))],
                first_is_free: true,
                span: Span::turn(thread_id, turn_id),
                ..LogState::default()
            }),
        })
    }

    pub(crate) fn thread_id(&self) -> &str {
        &self.thread_id
    }

    /// Returns the id of the turn, which is that of the turn that it has joined.
    pub(crate) fn turn_id(&self) -> &str {
        let running = self.running();
        running.map_or(&self.turn_id, |running| running.turn_id())
    }

    /// No code panics while it holds the lock, so the lock is never poisoned.
    fn lock(&self) -> MutexGuard<'_, LogState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a delta. The wakers of the readers are added to `wakes`.
    pub(crate) fn push_delta(&self, delta: &DeltaRef<'_>, now: Instant, wakes: &mut Vec<Waker>) {
        let joined = {
            let mut state = self.lock();
            state.activity.own.event(now);
            for slot in state.slots.iter_mut().flatten() {
                slot.push(|unread| unread.push_delta(delta), wakes);
            }
            state.joined(self)
        };
        for log in joined {
            let turn_id = Some(self.turn_id());
            log.push_delta(&DeltaRef { turn_id, ..*delta }, now, wakes);
        }
    }

    /// Adds any other notification. A `turn/completed` ends the log.
    pub(crate) fn push_notification(
        &self,
        notification: &Arc<RawNotification>,
        now: Instant,
        wakes: &mut Vec<Waker>,
    ) {
        self.push_own(notification, now, wakes);
        for log in self.joined() {
            log.push_running(notification, now, wakes);
        }
    }

    fn push_own(&self, notification: &Arc<RawNotification>, now: Instant, wakes: &mut Vec<Waker>) {
        let mut state = self.lock();
        state.activity.own.event(now);
        state.has_begun = true;
        state.has_started |= notification.kind() == NotificationKind::TurnStarted;
        state.record.add(notification);
        state.drop_unclaimed_items();
        for slot in state.slots.iter_mut().flatten() {
            let push = |unread: &mut DeltaQueue| unread.push_notification(Arc::clone(notification));
            slot.push(push, wakes);
        }
        if notification.kind() == NotificationKind::TurnCompleted {
            state.end.get_or_insert(TurnEnd::Completed);
            if state.span.is_enabled() {
                let completed = notification.decode_params::<TurnCompletedNotification>();
                let status = completed.as_ref().map(|it| it.turn.status.as_str());
                state.span.end(status.unwrap_or("unreadable"));
            }
            state.waiters.drain_into(wakes);
        }
    }

    /// Adds a report of the token usage of the thread. `before` is the report that precedes it.
    pub(crate) fn add_usage(
        &self,
        before: Option<&Arc<RawNotification>>,
        report: &Arc<RawNotification>,
    ) {
        self.lock().record.add_usage(before, report);
        for log in self.joined() {
            log.add_usage(before, report);
        }
    }

    /// Adds the error for an event that could not be read.
    pub(crate) fn push_unreadable(
        &self,
        error: &Arc<DecodeError>,
        is_recorded: bool,
        now: Instant,
        wakes: &mut Vec<Waker>,
    ) {
        let mut state = self.lock();
        state.activity.own.event(now);
        if is_recorded {
            state.record.add_unreadable(Arc::clone(error));
        }
        for slot in state.slots.iter_mut().flatten() {
            let push = |unread: &mut DeltaQueue| unread.push_unreadable(Arc::clone(error));
            slot.push(push, wakes);
        }
    }

    /// Records an event of a sub-agent.
    pub(crate) fn sub_agent_event(&self, now: Instant) {
        self.lock().activity.sub_agents.event(now);
    }

    /// Records that the server waits for the response to a request.
    pub(crate) fn request_opened(&self, origin: Origin) {
        self.lock().activity.of(origin).request_opened();
    }

    /// Records that the server no longer waits for the response to a request.
    pub(crate) fn request_closed(&self, origin: Origin, now: Instant) {
        self.lock().activity.of(origin).request_closed(now);
    }

    /// Creates a reader of the events.
    ///
    /// The first reader begins with the first event of the turn. A later one begins with the oldest
    /// event that another reader has not taken yet.
    pub(crate) fn reader(self: &Arc<Self>) -> TurnReader {
        let mut state = self.lock();
        if mem::take(&mut state.first_is_free) {
            return TurnReader::new(self, 0);
        }
        let longest = state.longest_unread();
        let slot = state.add(longest);
        TurnReader::new(self, slot)
    }

    /// Creates an additional reader, which begins with the next event.
    pub(crate) fn listener(self: &Arc<Self>) -> TurnReader {
        let slot = self.lock().add(DeltaQueue::default());
        TurnReader::new(self, slot)
    }

    /// Drops the events that were kept for the first reader, and keeps no further ones for it.
    pub(crate) fn discard_unclaimed(&self) {
        let mut state = self.lock();
        if mem::take(&mut state.first_is_free) {
            state.slots[0] = None;
        }
    }

    /// Whether any event but a delta was received.
    pub(crate) fn has_begun(&self) -> bool {
        self.lock().has_begun
    }

    /// Whether the `turn/started` of the turn was received.
    pub(crate) fn has_started(&self) -> bool {
        self.lock().has_started
    }

    /// Returns the notifications for the result that have been received so far.
    pub(crate) fn record(&self) -> TurnRecord {
        self.lock().record.clone()
    }

    /// Returns the result so far.
    pub(crate) fn partial(&self) -> TurnResult {
        self.record().partial_result(self.turn_id())
    }

    /// Whether the server waits for the end of a usage limit.
    pub(crate) fn waits_for_usage_limit(&self) -> bool {
        self.lock().record.waits_for_usage_limit()
    }

    /// Takes the events of a log that no reader will read.
    pub(crate) fn take_unclaimed(&self) -> DeltaQueue {
        let first = self.lock().slots.first_mut().and_then(Option::take);
        first.map(|slot| slot.buffer).unwrap_or_default()
    }
}

impl LogState {
    /// Returns the events that some reader has not taken yet.
    fn longest_unread(&self) -> DeltaQueue {
        let buffers = self.slots.iter().flatten().map(|slot| &slot.buffer);
        let longest = buffers.max_by_key(|buffer| buffer.len());
        longest.cloned().unwrap_or_default()
    }

    fn add(&mut self, buffer: DeltaQueue) -> usize {
        let slot = Some(Unread::new(buffer));
        if let Some(free) = self.slots.iter().position(Option::is_none) {
            self.slots[free] = slot;
            return free;
        }
        self.slots.push(slot);
        self.slots.len() - 1
    }
}

/// One reader of a log.
#[derive(Debug)]
pub(crate) struct TurnReader {
    log: Arc<TurnLog>,
    /// `None` once the reader is muted.
    slot: Option<usize>,
    /// The events that were taken from the log and have not been read yet.
    taken: DeltaQueue,
}

impl TurnReader {
    fn new(log: &Arc<TurnLog>, slot: usize) -> Self {
        Self {
            log: Arc::clone(log),
            slot: Some(slot),
            taken: DeltaQueue::default(),
        }
    }

    pub(crate) fn log(&self) -> &Arc<TurnLog> {
        &self.log
    }

    /// Polls for the next event, or the reason why there is none.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Event, TurnEnd>> {
        if let Some(event) = self.taken.pop() {
            return Poll::Ready(Ok(event));
        }
        let mut state = self.log.lock();
        let state = &mut *state;
        let slot = self.slot.and_then(|slot| state.slots[slot].as_mut());
        if let Some(slot) = slot {
            mem::swap(&mut slot.buffer, &mut self.taken);
            if let Some(event) = self.taken.pop() {
                return Poll::Ready(Ok(event));
            }
            if state.end.is_none() {
                slot.readers.register(context);
            }
        }
        match &state.end {
            Some(end) => Poll::Ready(Err(end.clone())),
            None => Poll::Pending,
        }
    }

    /// Drops the unread events, and takes no further ones.
    pub(crate) fn mute(&mut self) {
        self.taken = DeltaQueue::default();
        if let Some(slot) = self.slot.take() {
            self.log.lock().slots[slot] = None;
        }
    }
}

impl Drop for TurnReader {
    fn drop(&mut self) {
        self.mute();
    }
}

#[cfg(test)]
mod tests;
