//! The turns of a thread that pursues a goal, as they come, and whether more are to come.
//!
//! The server begins the turns of a goal by itself, one after the other, as long as the goal is
//! active. So all turns that show in the thread belong to whoever pursues the goal, each with a feed of
//! its own, and the goal's own notifications say when that is over.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use codex_types::{
    ThreadGoal, ThreadGoalStatus, ThreadGoalUpdatedNotification, TurnCompletedNotification,
    TurnStatus,
};

use crate::{
    error::Result,
    routing::{
        client_id_stream::remember,
        decode,
        turn_log::{EarlyEnd, TurnLog},
    },
    rpc::raw_notification::RawNotification,
};

/// What was seen of a goal and its turns since somebody began to pursue it.
#[derive(Debug)]
pub(crate) struct GoalTracker {
    thread_id: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    events: Vec<GoalEvent>,
    /// The turns that nobody else has a handle of, until it is known whether their events are kept.
    own: Vec<Arc<TurnLog>>,
    /// How many events a stream has brought to its reader.
    told: usize,
    /// Whether the events are kept for a stream: `None` as long as nobody has asked for any.
    kept: Option<bool>,
    standing: GoalState,
    /// What was last said of the goal, unless it was cleared after that.
    goal: Option<ThreadGoal>,
    /// The turn that runs.
    running: Option<Arc<TurnLog>>,
    /// Whether the last turn was interrupted, which a goal does not go on after.
    interrupted: bool,
    end_early: Option<EarlyEnd>,
    wakers: Vec<Waker>,
}

/// What there is to tell, in order.
#[derive(Debug, Clone)]
pub(crate) enum GoalEvent {
    /// A turn, whose events are in its feed.
    Turn(Arc<TurnLog>),
    /// A notification about the goal that came between turns.
    Notification(Arc<RawNotification>),
}

/// How things are with the goal, as far as the server has said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum GoalState {
    /// Nothing was said since it was set.
    #[default]
    Unknown,
    /// Turns follow one another.
    Active,
    /// It was completed, paused, blocked or limited: no turn follows.
    Stopped,
    Cleared,
    /// Another goal of the thread has taken its place.
    Superseded,
}

/// Why nothing more is to come for now.
#[derive(Debug)]
pub(crate) enum GoalEnd {
    Ended,
    EarlyEnd(EarlyEnd),
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

    /// No code panics while it holds the lock, so a poisoned one is as good as any.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and wakes all who wait for that.
    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        if state.standing == GoalState::Superseded {
            return;
        }
        change(&mut state);
        let wakers = mem::take(&mut state.wakers);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// A turn of the thread has shown. `is_new` if nobody else knows of it.
    pub(crate) fn turn_began(&self, log: &Arc<TurnLog>, is_new: bool) {
        self.change(|state| {
            match state.kept {
                Some(false) if is_new => drop(log.end_only()),
                None if is_new => state.own.push(Arc::clone(log)),
                _ => {}
            }
            state.events.push(GoalEvent::Turn(Arc::clone(log)));
            state.running = Some(Arc::clone(log));
            state.interrupted = false;
        });
    }

    /// Whether a turn is among those that have shown.
    pub(crate) fn has_turn(&self, turn_id: &str) -> bool {
        let state = self.lock();
        let mut events = state.events.iter().rev();
        events.any(|event| matches!(event, GoalEvent::Turn(log) if log.turn_id() == turn_id))
    }

    /// A turn of the thread has ended.
    pub(crate) fn turn_ended(&self, log: &Arc<TurnLog>) {
        self.change(|state| {
            let completed = log.record().completed;
            let completed: Option<TurnCompletedNotification> =
                completed.and_then(|notification| decode::params(&notification).ok());
            if let Some(running) = &state.running
                && Arc::ptr_eq(running, log)
            {
                state.running = None;
                state.interrupted =
                    completed.is_some_and(|it| it.turn.status == TurnStatus::Interrupted);
            }
        });
    }

    /// Takes a `thread/goal/updated` or `thread/goal/cleared`. Readers of the running turn to be woken
    /// go to `wakes`.
    pub(crate) fn notification(
        &self,
        notification: &Arc<RawNotification>,
        is_of_a_turn: bool,
        wakes: &mut Vec<Waker>,
    ) {
        self.change(|state| {
            match notification.method() {
                // Before the goal is set, what was there is cleared away.
                "thread/goal/cleared" if state.standing == GoalState::Unknown => return,
                "thread/goal/cleared" => {
                    state.standing = GoalState::Cleared;
                    state.goal = None;
                }
                _ => {
                    let updated = decode::params::<ThreadGoalUpdatedNotification>(notification);
                    // One that cannot be read is shown as what it is, and changes nothing.
                    if let Ok(updated) = updated {
                        state.standing = GoalState::of(&updated.goal.status);
                        state.goal = Some(updated.goal);
                        // It is set going again.
                        state.interrupted &= is_of_a_turn;
                    }
                }
            }
            match &state.running {
                _ if is_of_a_turn => {}
                Some(running) => running.push_notification(notification, wakes),
                None => state
                    .events
                    .push(GoalEvent::Notification(Arc::clone(notification))),
            }
        });
    }

    /// Another goal takes its place: it gets no further turns.
    pub(crate) fn supersede(&self) {
        self.change(|state| {
            state.standing = GoalState::Superseded;
            state.running = None;
        });
    }

    /// Nothing more will be told of it.
    pub(crate) fn end_early(&self, why: EarlyEnd) {
        self.change(|state| {
            state.end_early.get_or_insert(why);
        });
    }

    /// A stream is made: where it begins.
    pub(crate) fn begin_stream(&self) -> usize {
        let mut state = self.lock();
        state.kept.get_or_insert(true);
        state.own = Vec::new();
        state.told
    }

    /// A stream has told all before this event.
    pub(crate) fn told(&self, next: usize) {
        let mut state = self.lock();
        state.told = state.told.max(next);
    }

    /// If nobody has asked for the events so far, they are not kept from here on.
    pub(crate) fn mute(&self) {
        let mut state = self.lock();
        if state.kept.is_none() {
            state.kept = Some(false);
            for log in mem::take(&mut state.own) {
                drop(log.end_only());
            }
        }
    }

    /// The event of this number, or why there is none for now.
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

    /// Waits until nothing more is to come.
    pub(crate) fn poll_end(&self, context: &mut Context<'_>) -> Poll<GoalEnd> {
        self.lock().poll_end(context)
    }

    /// Waits until it was told that things are so with the goal, or another one has taken its place.
    pub(crate) fn poll_goal(
        &self,
        is: impl Fn(GoalState, Option<&ThreadGoal>) -> bool,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), EarlyEnd>> {
        let mut state = self.lock();
        // Of a goal that another one has taken the place of, nothing is told any more.
        if is(state.standing, state.goal.as_ref()) || state.standing == GoalState::Superseded {
            return Poll::Ready(Ok(()));
        }
        if let Some(why) = &state.end_early {
            return Poll::Ready(Err(why.clone()));
        }
        remember(&mut state.wakers, context);
        Poll::Pending
    }

    pub(crate) fn standing(&self) -> GoalState {
        self.lock().standing
    }

    /// The goal is about to be set going again: what stood until now does not count.
    pub(crate) fn expect(&self) -> GoalState {
        let mut before = self.standing();
        self.change(|state| before = mem::take(&mut state.standing));
        before
    }

    /// It was not set going after all.
    pub(crate) fn expect_no_more(&self, before: GoalState) {
        self.change(|state| {
            if state.standing == GoalState::Unknown {
                state.standing = before;
            }
        });
    }

    /// What was last said of the goal.
    pub(crate) fn goal(&self) -> Option<ThreadGoal> {
        self.lock().goal.clone()
    }

    /// All turns so far.
    pub(crate) fn turns(&self) -> Vec<Arc<TurnLog>> {
        let state = self.lock();
        let turns = state.events.iter().filter_map(|event| match event {
            GoalEvent::Turn(log) => Some(Arc::clone(log)),
            GoalEvent::Notification(_) => None,
        });
        turns.collect()
    }

    /// The turn that runs.
    pub(crate) fn running(&self) -> Option<Arc<TurnLog>> {
        self.lock().running.clone()
    }
}

impl State {
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<GoalEnd> {
        let goes_on = matches!(self.standing, GoalState::Unknown | GoalState::Active);
        if self.running.is_none() && (!goes_on || self.interrupted) {
            return Poll::Ready(GoalEnd::Ended);
        }
        if let Some(why) = &self.end_early {
            return Poll::Ready(GoalEnd::EarlyEnd(why.clone()));
        }
        remember(&mut self.wakers, context);
        Poll::Pending
    }
}

impl GoalState {
    fn of(status: &ThreadGoalStatus) -> Self {
        match status {
            ThreadGoalStatus::Active => Self::Active,
            // A status that is not known is none that turns are known to follow.
            _ => Self::Stopped,
        }
    }
}
