//! Tracks the turns of a thread that pursues a goal. Performs no I/O.
//!
//! The server starts the turns of a goal by itself, one after another, while the goal is active.
//! Every turn of the thread therefore belongs to the goal and has a log of its own, and the
//! notifications about the goal say whether another turn follows.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use codex_types::{ThreadGoal, ThreadGoalStatus, ThreadGoalUpdatedNotification, TurnStatus};
use tokio::time::Instant;

use crate::{
    error::{Result, turn_detached::DetachReason},
    routing::{
        mailbox::WakerSet,
        turn_log::{EarlyEnd, TurnEnd, TurnLog},
    },
    rpc::raw_notification::{NotificationKind, RawNotification},
};

/// A goal and its turns since the tracker was created.
#[derive(Debug)]
pub(crate) struct GoalTracker {
    thread_id: String,
    state: Mutex<GoalProgress>,
}

#[derive(Debug, Default)]
struct GoalProgress {
    events: Vec<GoalEvent>,
    /// The logs that no other handle owns, until it is known whether their events are kept.
    own: Vec<Arc<TurnLog>>,
    /// Number of events that a stream has delivered.
    delivered: usize,
    /// Whether the events are kept for a stream; `None` until a stream or a result is requested.
    keeps_events: Option<bool>,
    goal_state: GoalState,
    /// The goal as last reported; `None` once it is cleared.
    goal: Option<ThreadGoal>,
    running: Option<Arc<TurnLog>>,
    /// Whether the last turn was interrupted. No turn follows an interrupted one.
    was_interrupted: bool,
    early_end: Option<EarlyEnd>,
    idle_timeout: Option<Duration>,
    /// The time of the last event, apart from those of the running turn.
    last_event: Option<Instant>,
    /// The silence for which the goal is stopped.
    silence: Option<Silence>,
    wakers: WakerSet,
}

/// An entry of the history of a goal.
#[derive(Debug, Clone)]
pub(crate) enum GoalEvent {
    /// A turn, whose events are in its log.
    Turn(Arc<TurnLog>),
    /// A notification about the goal that was received between turns.
    Notification(Arc<RawNotification>),
}

/// The state of a goal, as last reported by the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum GoalState {
    /// Nothing has been reported since the goal was set or resumed.
    #[default]
    Unknown,
    /// The goal is active: turns follow one another.
    Active,
    /// The status is unknown: turns may follow.
    Unrecognized,
    /// The goal is complete, paused, blocked or limited: no turn follows.
    Stopped,
    Cleared,
    /// The thread has a different goal.
    Superseded,
}

/// The state of a goal before an attempt to resume it.
#[derive(Debug)]
pub(crate) struct StateBeforeResume {
    goal_state: GoalState,
    early_end: Option<EarlyEnd>,
    silence: Option<Silence>,
}

/// The reason why no event follows for now.
#[derive(Debug)]
pub(crate) enum GoalEnd {
    AtRest,
    Early(EarlyEnd),
    Silent(Silence),
}

/// A silence of the server that exceeded the idle timeout of a goal.
#[derive(Debug, Clone)]
pub(crate) struct Silence {
    pub(crate) after: Duration,
    /// The turn that was interrupted; `None` if no turn was running, so the goal was paused.
    pub(crate) turn: Option<Arc<TurnLog>>,
}

impl GoalTracker {
    pub(crate) fn new(thread_id: &str) -> Arc<Self> {
        Arc::new(Self {
            thread_id: thread_id.to_owned(),
            state: Mutex::default(),
        })
    }

    pub(crate) fn thread_id(&self) -> &str {
        &self.thread_id
    }

    /// No code panics while it holds the lock, so the lock is never poisoned.
    fn lock(&self) -> MutexGuard<'_, GoalProgress> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and wakes all waiting tasks. A superseded goal does not change.
    fn change(&self, change: impl FnOnce(&mut GoalProgress)) {
        let mut wakes = Vec::new();
        {
            let mut state = self.lock();
            if state.goal_state == GoalState::Superseded {
                return;
            }
            change(&mut state);
            state.wakers.drain_into(&mut wakes);
        }
        wakes.into_iter().for_each(Waker::wake);
    }

    /// Adds a turn of the thread. `is_new` is true if no other handle owns its log.
    pub(crate) fn turn_began(&self, log: &Arc<TurnLog>, is_new: bool) {
        log.keep_for_goal();
        self.change(|state| {
            match state.keeps_events {
                Some(false) if is_new => log.discard_unclaimed(),
                None if is_new => state.own.push(Arc::clone(log)),
                _ => {}
            }
            state.events.push(GoalEvent::Turn(Arc::clone(log)));
            state.running = Some(Arc::clone(log));
            state.was_interrupted = false;
            // The new turn shows that the events of the goal have not ended.
            state.early_end = None;
            state.silence = None;
        });
    }

    /// Whether a turn is among the turns of the goal.
    pub(crate) fn has_turn(&self, turn_id: &str) -> bool {
        let state = self.lock();
        let mut events = state.events.iter().rev();
        events.any(|event| matches!(event, GoalEvent::Turn(log) if log.turn_id() == turn_id))
    }

    /// Records that a turn of the thread has ended.
    pub(crate) fn turn_ended(&self, log: &Arc<TurnLog>) {
        self.change(|state| {
            if let Some(running) = &state.running
                && Arc::ptr_eq(running, log)
            {
                state.running = None;
                state.last_event = state.last_event.max(log.activity().own.last);
                let completed = log.record().completed();
                let status = completed.map(|completed| completed.turn.status);
                state.was_interrupted = status == Some(TurnStatus::Interrupted);
                if status.is_some() && !state.was_interrupted {
                    // The turn had ended on its own before the interrupt.
                    state.silence = None;
                } else if let Some(TurnEnd::Silent(after)) = log.end() {
                    let turn = Some(Arc::clone(log));
                    state.silence.get_or_insert(Silence { after, turn });
                }
            }
        });
    }

    /// Adds a `thread/goal/updated` or `thread/goal/cleared` notification. The wakers of the
    /// readers of the running turn are added to `wakes`.
    pub(crate) fn add(
        &self,
        notification: &Arc<RawNotification>,
        is_of_a_turn: bool,
        now: Instant,
        wakes: &mut Vec<Waker>,
    ) {
        self.change(|state| {
            state.last_event = Some(now);
            if notification.kind() == NotificationKind::GoalCleared {
                // The previous goal is cleared before a new one is set.
                if state.goal_state == GoalState::Unknown {
                    return;
                }
                state.goal_state = GoalState::Cleared;
                state.goal = None;
            } else if let Ok(updated) =
                notification.decode_params::<ThreadGoalUpdatedNotification>()
            {
                // A notification that cannot be decoded is delivered and changes nothing.
                state.goal_state = GoalState::of(&updated.goal.status);
                state.goal = Some(updated.goal);
                // A change between turns means that the goal was resumed.
                state.was_interrupted &= is_of_a_turn;
            }
            match &state.running {
                _ if is_of_a_turn => {}
                Some(running) => running.push_notification(notification, now, wakes),
                None => state
                    .events
                    .push(GoalEvent::Notification(Arc::clone(notification))),
            }
        });
    }

    /// Records that the thread has a different goal. This goal gets no further turns.
    pub(crate) fn supersede(&self) {
        self.change(|state| {
            state.goal_state = GoalState::Superseded;
            state.running = None;
        });
    }

    /// Records that no more events follow.
    pub(crate) fn end_early(&self, early_end: EarlyEnd) {
        self.change(|state| {
            state.early_end.get_or_insert(early_end);
        });
    }

    /// Whether the goal is between two turns: it may continue and has no running turn.
    pub(crate) fn awaits_turn(&self) -> bool {
        let state = self.lock();
        state.goal_state != GoalState::Unknown && state.running.is_none() && state.end().is_none()
    }

    /// Sets the idle timeout, which the connection enforces.
    pub(crate) fn set_idle_timeout(&self, idle_timeout: Duration) {
        self.lock().idle_timeout = Some(idle_timeout);
    }

    pub(crate) fn idle_timeout(&self) -> Option<Duration> {
        self.lock().idle_timeout
    }

    /// Returns the time since which the server has been silent about the goal, `begun` at the
    /// earliest; `None` if nothing is expected of the server.
    pub(crate) fn silent_since(&self, begun: Instant, now: Instant) -> Option<Instant> {
        let state = self.lock();
        if state.end().is_some() {
            return None;
        }
        let since = state.last_event.map_or(begun, |last| last.max(begun));
        Some(match &state.running {
            Some(running) => running.activity().silent_since(since, now),
            None => since,
        })
    }

    /// Records that the goal has exceeded its idle timeout. It ends with its running turn, or at
    /// once if it has none.
    pub(crate) fn end_silent(&self, after: Duration) {
        self.change(|state| {
            let turn = state.running.clone();
            state.silence = Some(Silence { after, turn });
        });
    }

    /// Whether the events of the goal, not only those of one of its turns, ended early.
    pub(crate) fn has_ended_early(&self) -> bool {
        self.lock().early_end.is_some()
    }

    /// Keeps the events for a stream from now on. Returns the number of the first event that no
    /// stream has delivered.
    pub(crate) fn begin_stream(&self) -> usize {
        let mut state = self.lock();
        state.keeps_events.get_or_insert(true);
        state.own = Vec::new();
        state.delivered
    }

    /// Records that a stream has delivered all events before this number.
    pub(crate) fn delivered(&self, next: usize) {
        let mut state = self.lock();
        state.delivered = state.delivered.max(next);
    }

    /// Keeps no events from now on, unless a stream was requested.
    pub(crate) fn mute(&self) {
        let mut state = self.lock();
        if state.keeps_events.is_none() {
            state.keeps_events = Some(false);
            for log in mem::take(&mut state.own) {
                log.discard_unclaimed();
            }
        }
    }

    /// Polls for the event with this number, or the reason why there is none yet.
    pub(crate) fn poll_event(
        &self,
        number: usize,
        context: &mut Context<'_>,
    ) -> Poll<Result<GoalEvent, GoalEnd>> {
        let mut state = self.lock();
        match state.events.get(number) {
            Some(event) => Poll::Ready(Ok(event.clone())),
            None => state.poll_end(context).map(Err),
        }
    }

    /// Polls until no event follows for now.
    pub(crate) fn poll_end(&self, context: &mut Context<'_>) -> Poll<GoalEnd> {
        self.lock().poll_end(context)
    }

    /// Polls until the reported goal matches, or the goal is superseded.
    pub(crate) fn poll_goal(
        &self,
        matches: impl Fn(GoalState, Option<&ThreadGoal>) -> bool,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), EarlyEnd>> {
        let mut state = self.lock();
        // A superseded goal receives no further notifications.
        if matches(state.goal_state, state.goal.as_ref())
            || state.goal_state == GoalState::Superseded
        {
            return Poll::Ready(Ok(()));
        }
        if let Some(early_end) = &state.early_end {
            return Poll::Ready(Err(early_end.clone()));
        }
        state.wakers.register(context);
        Poll::Pending
    }

    pub(crate) fn state(&self) -> GoalState {
        self.lock().goal_state
    }

    /// Resets the state before the goal is resumed. Returns the previous state.
    pub(crate) fn reset_state(&self) -> StateBeforeResume {
        let mut before = StateBeforeResume {
            goal_state: self.state(),
            early_end: None,
            silence: None,
        };
        self.change(|state| {
            before.goal_state = mem::take(&mut state.goal_state);
            before.silence = state.silence.take();
            // The events of an inactive thread continue once it is active again.
            let inactive = |end: &mut EarlyEnd| {
                matches!(end, EarlyEnd::Detached(DetachReason::ThreadInactive))
            };
            before.early_end = state.early_end.take_if(inactive);
        });
        before
    }

    /// Restores the state after a failed attempt to resume the goal.
    pub(crate) fn restore_state(&self, before: StateBeforeResume) {
        self.change(|state| {
            if state.goal_state == GoalState::Unknown {
                state.goal_state = before.goal_state;
                state.early_end = state.early_end.take().or(before.early_end);
                state.silence = state.silence.take().or(before.silence);
            }
        });
    }

    /// Returns the goal as last reported.
    pub(crate) fn goal(&self) -> Option<ThreadGoal> {
        self.lock().goal.clone()
    }

    /// Returns the logs of all turns so far.
    pub(crate) fn turns(&self) -> Vec<Arc<TurnLog>> {
        let state = self.lock();
        let turns = state.events.iter().filter_map(|event| match event {
            GoalEvent::Turn(log) => Some(Arc::clone(log)),
            GoalEvent::Notification(_) => None,
        });
        turns.collect()
    }

    /// Returns the log of the running turn.
    pub(crate) fn running(&self) -> Option<Arc<TurnLog>> {
        self.lock().running.clone()
    }
}

impl GoalProgress {
    /// Returns the reason why no event follows for now; `None` if one may follow.
    fn end(&self) -> Option<GoalEnd> {
        if self.running.is_none() {
            if let Some(silence) = &self.silence {
                return Some(GoalEnd::Silent(silence.clone()));
            }
            if !self.goal_state.may_continue() || self.was_interrupted {
                return Some(GoalEnd::AtRest);
            }
        }
        self.early_end.clone().map(GoalEnd::Early)
    }

    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<GoalEnd> {
        if let Some(end) = self.end() {
            return Poll::Ready(end);
        }
        self.wakers.register(context);
        Poll::Pending
    }
}

impl GoalState {
    fn of(status: &ThreadGoalStatus) -> Self {
        match status {
            ThreadGoalStatus::Active => Self::Active,
            ThreadGoalStatus::Unrecognized(_) => Self::Unrecognized,
            _ => Self::Stopped,
        }
    }

    /// Whether turns may follow.
    pub(crate) fn may_continue(self) -> bool {
        matches!(self, Self::Unknown | Self::Active | Self::Unrecognized)
    }
}
