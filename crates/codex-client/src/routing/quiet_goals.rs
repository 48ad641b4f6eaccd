//! Goals to end if no turn of them starts for some time. Performs no I/O and reads no clock.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::time::Instant;

use crate::routing::goal_tracker::GoalTracker;

/// The goals that are being watched.
#[derive(Debug)]
pub(crate) struct QuietGoals {
    /// The time that a goal is given to start its next turn; `None` for no limit.
    grace: Option<Duration>,
    watches: Vec<Watch>,
}

#[derive(Debug)]
struct Watch {
    goal: Weak<GoalTracker>,
    due: Instant,
}

impl QuietGoals {
    pub(crate) fn new(grace: Option<Duration>) -> Self {
        Self {
            grace,
            watches: Vec::new(),
        }
    }

    /// Gives a goal the grace period to start its next turn.
    pub(crate) fn watch(&mut self, goal: &Arc<GoalTracker>, now: Instant) {
        // A period that is too long for the clock never ends.
        if let Some(due) = self.grace.and_then(|grace| now.checked_add(grace)) {
            let goal = Arc::downgrade(goal);
            self.watches.push(Watch { goal, due });
        }
    }

    /// Stops watching the goals of a thread, and those that no handle or stream needs.
    pub(crate) fn forget(&mut self, thread_id: &str) {
        self.watches.retain(|watch| {
            let goal = watch.goal.upgrade();
            goal.is_some_and(|goal| goal.thread_id() != thread_id)
        });
    }

    /// Returns the time at which to call [`lapsed`](Self::lapsed).
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.watches.iter().map(|watch| watch.due).min()
    }

    /// Removes the goals whose time is over, and returns those that still have no turn.
    pub(crate) fn lapsed(&mut self, now: Instant) -> Vec<Arc<GoalTracker>> {
        let lapsed = self.watches.extract_if(.., |watch| watch.due <= now);
        let goals = lapsed.filter_map(|watch| watch.goal.upgrade());
        goals.filter(|goal| goal.awaits_turn()).collect()
    }
}
