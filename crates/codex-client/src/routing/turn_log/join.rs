//! The logs of turns that may have joined a running turn, whose log passes its events on to them.

use std::{
    iter,
    sync::{Arc, OnceLock, atomic::Ordering},
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::time::Instant;

use super::{Join, LogState, TurnLog};
use crate::{
    routing::{
        activity::TurnActivity,
        delta_queue::DeltaQueue,
        join_stage::{JoinEffect, JoinStage},
        turn_record::TurnRecord,
    },
    rpc::raw_notification::RawNotification,
};

impl Join {
    fn new(running: &Arc<TurnLog>) -> Box<Self> {
        Box::new(Self {
            running: Arc::clone(running),
            is_disproved: false.into(),
            next: OnceLock::new(),
        })
    }

    fn is_disproved(&self) -> bool {
        self.is_disproved.load(Ordering::Relaxed)
    }
}

impl TurnLog {
    /// Creates the log of a turn that is assumed to join a running turn. It has what the log of the
    /// running turn has.
    pub(crate) fn joining(running: &Arc<Self>, turn_id: &str) -> Arc<Self> {
        let log = Self::new(&running.thread_id, turn_id);
        log.follow(running);
        log.lock().join_stage = JoinStage::assumed();
        log
    }

    /// Joins a turn that has taken the input, unless the turn has begun itself.
    pub(crate) fn join(self: &Arc<Self>, running: &Arc<Self>) {
        let has_joined = self.running().is_some_and(|it| Arc::ptr_eq(it, running));
        if has_joined || self.end().is_some() {
            return;
        }
        self.separate();
        if !self.has_begun() {
            self.follow(running);
        }
    }

    /// Copies what the log of a running turn has, and receives its events from now on.
    fn follow(self: &Arc<Self>, running: &Arc<Self>) {
        let mut wakes = Vec::new();
        {
            // No other code locks two logs.
            let mut source = running.lock();
            let mut state = self.lock();
            let unread = source.longest_unread();
            for slot in state.slots.iter_mut().flatten() {
                slot.push(|buffer| *buffer = unread.clone(), &mut wakes);
            }
            state.record = source.record.clone();
            state.drop_unclaimed_items();
            (state.has_begun, state.has_started) = (source.has_begun, source.has_started);
            state.interrupted_after = source.interrupted_after;
            source.joined.push(Arc::downgrade(self));
            let last = self.joins().last();
            let _ = last
                .map_or(&self.join, |join| &join.next)
                .set(Join::new(running));
        }
        wakes.into_iter().for_each(Waker::wake);
    }

    /// Returns the joins, of which all but the last one are disproved.
    fn joins(&self) -> impl Iterator<Item = &Join> {
        iter::successors(self.join.get(), |join| join.next.get()).map(|join| &**join)
    }

    /// Returns the log of the running turn that the turn has joined, unless that is disproved.
    pub(super) fn running(&self) -> Option<&Arc<Self>> {
        let join = self.joins().last().filter(|join| !join.is_disproved());
        join.map(|join| &join.running)
    }

    /// Returns the id by which the response names the turn.
    pub(crate) fn response_id(&self) -> &str {
        &self.turn_id
    }

    /// Whether the turn may never begin once the running turn has ended: its response came while
    /// that turn was running, and no event has named it since.
    pub(crate) fn may_be_left_behind(&self) -> bool {
        self.join.get().is_some() && (self.running().is_some() || !self.has_begun())
    }

    /// Returns the logs of the turns that have joined this one.
    pub(crate) fn joined(&self) -> Vec<Arc<Self>> {
        self.lock().joined(self)
    }

    /// Returns the activity in the turn, and in the running turn that it has joined.
    pub(crate) fn activity(&self) -> TurnActivity {
        let own = self.lock().activity;
        match self.running() {
            Some(running) => own.and(&running.activity()),
            None => own,
        }
    }

    /// Records that the turn is interrupted because it exceeded this idle timeout. Returns false if
    /// it was interrupted before.
    pub(crate) fn interrupted_after(&self, idle_timeout: Duration) -> bool {
        for log in self.joined() {
            log.interrupted_after(idle_timeout);
        }
        let interrupted = &mut self.lock().interrupted_after;
        interrupted.replace(idle_timeout).is_none()
    }

    /// Whether the turn is interrupted because it exceeded an idle timeout. The interrupt of a
    /// running turn is none of a turn that has not joined it.
    pub(crate) fn is_interrupted(&self) -> bool {
        self.lock().interrupted_after.is_some()
    }

    /// Receives a notification of the running turn.
    pub(super) fn push_running(
        &self,
        notification: &Arc<RawNotification>,
        now: Instant,
        wakes: &mut Vec<Waker>,
    ) {
        let effect = self.lock().join_stage.update(notification);
        match effect {
            JoinEffect::Add => self.push_own(notification, now, wakes),
            JoinEffect::Withhold => {}
            JoinEffect::Separate => self.separate(),
        }
    }

    /// Records that this client asks for an interrupt of the turn.
    pub(crate) fn interrupt_requested(&self) {
        self.lock().join_stage.interrupt_requested();
    }

    /// Ends the log of a turn that has joined an interrupted turn and has not begun since. Returns
    /// whether it is such a log.
    pub(crate) fn end_interrupted(&self, now: Instant) -> bool {
        let completed = self.lock().join_stage.settle_interrupted();
        let Some(completed) = completed else {
            return false;
        };
        let mut wakes = Vec::new();
        self.push_own(&completed, now, &mut wakes);
        wakes.into_iter().for_each(Waker::wake);
        true
    }

    /// Whether it is not known yet whether the turn has joined the running turn.
    pub(crate) fn may_have_joined(&self) -> bool {
        self.lock().join_stage.is_assumed()
    }

    /// Polls until it is known whether the turn has joined the running turn, or the log has ended.
    pub(crate) fn poll_settled(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.end.is_some() || !state.join_stage.is_assumed() {
            return Poll::Ready(());
        }
        state.waiters.register(context);
        Poll::Pending
    }

    /// Whether the turn may have joined a turn that was interrupted, and has not begun since.
    pub(crate) fn follows_interrupt(&self) -> bool {
        self.lock().join_stage.follows_interrupt()
    }

    /// Records that the running turn has taken the input.
    pub(crate) fn show_join(&self) {
        self.settle(|_| {});
    }

    /// Disproves the join, if it is assumed: an event names the turn itself, or the running turn
    /// has ended without its input. The log drops what it has of the running turn.
    pub(crate) fn separate(&self) {
        self.settle(|state| {
            if let Some(join) = self.joins().last() {
                join.is_disproved.store(true, Ordering::Relaxed);
            }
            for slot in state.slots.iter_mut().flatten() {
                slot.buffer = DeltaQueue::default();
            }
            state.record = TurnRecord::default();
            (state.has_begun, state.has_started) = (false, false);
            state.interrupted_after = None;
        });
    }

    /// Settles the stage of the join. If the join was assumed, changes the state, and wakes the tasks
    /// that wait for this.
    fn settle(&self, change: impl FnOnce(&mut LogState)) {
        let mut wakes = Vec::new();
        {
            let mut state = self.lock();
            if state.join_stage.settle() {
                change(&mut state);
                state.waiters.drain_into(&mut wakes);
            }
        }
        wakes.into_iter().for_each(Waker::wake);
    }
}

impl LogState {
    /// Returns the logs that this log passes its events on to.
    pub(super) fn joined(&mut self, own: &TurnLog) -> Vec<Arc<TurnLog>> {
        let has_joined = |log: &Arc<TurnLog>| {
            let running = log.running();
            running.is_some_and(|running| std::ptr::eq(Arc::as_ptr(running), own))
        };
        let mut joined = Vec::new();
        self.joined.retain(|log| {
            joined.extend(log.upgrade().filter(has_joined));
            log.strong_count() > 0
        });
        joined
    }
}
