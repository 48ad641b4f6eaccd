//! The logs of turns that may have joined a running turn, whose log passes its events on to them.

use std::{
    sync::{Arc, atomic::Ordering},
    task::Waker,
    time::Duration,
};

use tokio::time::Instant;

use super::{Join, LogState, TurnLog};
use crate::{
    routing::{
        activity::TurnActivity,
        delta_queue::DeltaQueue,
        join_stage::{JoinEffect, JoinStage},
        mailbox::Unread,
        turn_record::TurnRecord,
    },
    rpc::raw_notification::RawNotification,
};

impl Join {
    /// Returns the id of the running turn, unless the join is disproved.
    pub(super) fn turn_id(&self) -> Option<&str> {
        (!self.is_disproved()).then(|| self.running.turn_id())
    }

    fn is_disproved(&self) -> bool {
        self.is_disproved.load(Ordering::Relaxed)
    }
}

impl TurnLog {
    /// Creates the log of a turn that is assumed to join a running turn. It has what the log of the
    /// running turn has.
    pub(crate) fn joining(running: &Arc<Self>, turn_id: &str) -> Arc<Self> {
        let mut state = running.lock();
        let log = Arc::new(Self {
            thread_id: running.thread_id.clone(),
            turn_id: turn_id.to_owned(),
            join: Some(Join {
                running: Arc::clone(running),
                is_disproved: false.into(),
            }),
            state: LogState {
                slots: vec![Some(Unread::new(state.longest_unread()))],
                first_is_free: true,
                record: state.record.clone(),
                has_begun: state.has_begun,
                has_started: state.has_started,
                interrupted_after: state.interrupted_after,
                join_stage: JoinStage::assumed(),
                ..LogState::default()
            }
            .into(),
        });
        state.joined.push(Arc::downgrade(&log));
        log
    }

    /// Returns the id by which the response names the turn.
    pub(crate) fn response_id(&self) -> &str {
        &self.turn_id
    }

    /// Whether the turn may never begin once the running turn has ended: its response came while
    /// that turn was running, and no event has named it since.
    pub(crate) fn may_be_left_behind(&self) -> bool {
        let join = self.join.as_ref();
        join.is_some_and(|join| !join.is_disproved() || !self.has_begun())
    }

    /// Returns the logs of the turns that have joined this one.
    pub(crate) fn joined(&self) -> Vec<Arc<Self>> {
        self.lock().joined()
    }

    /// Returns the activity in the turn, and in the running turn that it has joined.
    pub(crate) fn activity(&self) -> TurnActivity {
        let own = self.lock().activity;
        match self.join.as_ref().filter(|join| !join.is_disproved()) {
            Some(join) => own.and(&join.running.activity()),
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

    /// Disproves the join, if it is assumed: an event names the turn itself, or the running turn
    /// has ended without its input. The log drops what it has of the running turn.
    pub(crate) fn separate(&self) {
        let mut state = self.lock();
        if !state.join_stage.settle() {
            return;
        }
        if let Some(join) = &self.join {
            join.is_disproved.store(true, Ordering::Relaxed);
        }
        for slot in state.slots.iter_mut().flatten() {
            slot.buffer = DeltaQueue::default();
        }
        state.record = TurnRecord::default();
        (state.has_begun, state.has_started) = (false, false);
        state.interrupted_after = None;
    }
}

impl LogState {
    /// Returns the logs that this log passes its events on to.
    pub(super) fn joined(&mut self) -> Vec<Arc<TurnLog>> {
        let has_joined = |log: &Arc<TurnLog>| {
            let join = log.join.as_ref();
            join.is_some_and(|join| join.turn_id().is_some())
        };
        let mut joined = Vec::new();
        self.joined.retain(|log| {
            joined.extend(log.upgrade().filter(has_joined));
            log.strong_count() > 0
        });
        joined
    }
}
