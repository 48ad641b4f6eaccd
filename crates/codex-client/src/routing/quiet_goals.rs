//! Goals to act on if the server starts no turn of them, or sends no event of them, for some time.
//! Performs no I/O and reads no clock.

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
    action: GoalAction,
    begun: Instant,
    /// The end of the limit, or an earlier time.
    due: Instant,
}

/// The action to take on a quiet goal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum GoalAction {
    /// End a goal that is over, as far as the server has shown.
    Detach,
    /// Stop a goal that has exceeded this idle timeout.
    Stop(Duration),
}

impl QuietGoals {
    pub(crate) fn new(grace: Option<Duration>) -> Self {
        Self {
            grace,
            watches: Vec::new(),
        }
    }

    /// Gives a goal the grace period to start its next turn.
    pub(crate) fn watch_end(&mut self, goal: &Arc<GoalTracker>, now: Instant) {
        if let Some(grace) = self.grace {
            self.push(goal, GoalAction::Detach, grace, now);
        }
    }

    /// Gives a goal the grace period no longer. Stops watching the goals that no handle or stream
    /// needs.
    pub(crate) fn cancel_end(&mut self, thread_id: &str) {
        self.watches.retain(|watch| {
            let goal = watch.goal.upgrade();
            goal.is_some_and(|goal| {
                watch.action != GoalAction::Detach || goal.thread_id() != thread_id
            })
        });
    }

    /// Stops a goal once the server has been silent about it for `idle_timeout`, counted from now
    /// at the earliest. Replaces an earlier idle timeout.
    pub(crate) fn watch_silence(
        &mut self,
        goal: &Arc<GoalTracker>,
        idle_timeout: Duration,
        now: Instant,
    ) {
        self.watches.retain(|watch| !watch.limits_silence_of(goal));
        self.push(goal, GoalAction::Stop(idle_timeout), idle_timeout, now);
    }

    /// Watches the silence about a goal again that has been resumed.
    pub(crate) fn resume(&mut self, goal: &Arc<GoalTracker>, now: Instant) {
        if let Some(idle_timeout) = goal.idle_timeout()
            && goal.silent_since(now, now).is_some()
            && !self
                .watches
                .iter()
                .any(|watch| watch.limits_silence_of(goal))
        {
            self.push(goal, GoalAction::Stop(idle_timeout), idle_timeout, now);
        }
    }

    fn push(&mut self, goal: &Arc<GoalTracker>, action: GoalAction, limit: Duration, now: Instant) {
        // A limit that is too long for the clock never ends.
        if let Some(due) = now.checked_add(limit) {
            self.watches.push(Watch {
                goal: Arc::downgrade(goal),
                action,
                begun: now,
                due,
            });
        }
    }

    /// Whether any goal is stopped for silence.
    pub(crate) fn limits_silence(&self) -> bool {
        let mut watches = self.watches.iter();
        watches.any(|watch| watch.action != GoalAction::Detach)
    }

    /// Returns the time at which to call [`lapsed`](Self::lapsed).
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.watches.iter().map(|watch| watch.due).min()
    }

    /// Removes and returns the goals whose action is due.
    pub(crate) fn lapsed(&mut self, now: Instant) -> Vec<(Arc<GoalTracker>, GoalAction)> {
        let mut lapsed = Vec::new();
        self.watches.retain_mut(|watch| {
            if watch.due > now {
                return true;
            }
            let Some(goal) = watch.goal.upgrade() else {
                return false;
            };
            let Some(due) = watch.due_after(&goal, now) else {
                return false;
            };
            watch.due = due;
            if due <= now {
                lapsed.push((goal, watch.action));
            }
            due > now
        });
        lapsed
    }
}

impl Watch {
    fn limits_silence_of(&self, goal: &Arc<GoalTracker>) -> bool {
        self.action != GoalAction::Detach && std::ptr::eq(self.goal.as_ptr(), Arc::as_ptr(goal))
    }

    /// Returns the time at which the action is due if no further event is received.
    fn due_after(&self, goal: &GoalTracker, now: Instant) -> Option<Instant> {
        match self.action {
            GoalAction::Detach => goal.awaits_turn().then_some(self.due),
            GoalAction::Stop(limit) => goal.silent_since(self.begun, now)?.checked_add(limit),
        }
    }
}

#[cfg(test)]
mod tests {
    use codex_types::ThreadGoal;
    use serde_json::json;

    use super::*;
    use crate::{
        routing::{activity::Origin, turn_log::TurnLog},
        rpc::raw_notification::notification,
    };

    const LIMIT: Duration = Duration::from_secs(10);

    /// A goal of the thread `t`, and a clock that starts at 0.
    struct Goal {
        goals: QuietGoals,
        tracker: Arc<GoalTracker>,
        begun: Instant,
    }

    impl Goal {
        /// Creates an active goal, with an idle timeout from now on.
        fn new() -> Self {
            let mut goal = Self {
                goals: QuietGoals::new(Some(LIMIT)),
                tracker: GoalTracker::new("t"),
                begun: Instant::now(),
            };
            goal.status(0, "active");
            goal.tracker.set_idle_timeout(LIMIT);
            goal.goals.watch_silence(&goal.tracker, LIMIT, goal.begun);
            goal
        }

        fn at(&self, second: u64) -> Instant {
            self.begun + Duration::from_secs(second)
        }

        /// Receives the status of the goal at this second.
        fn status(&mut self, second: u64, status: &str) {
            let goal: ThreadGoal = serde_json::from_value(json!({
                "threadId": "t", "createdAt": 1, "objective": "Sing.", "status": status,
                "timeUsedSeconds": 0, "tokensUsed": 0, "updatedAt": 2,
            }))
            .unwrap();
            let params = json!({"threadId": "t", "turnId": null, "goal": goal});
            let updated = json!({"method": "thread/goal/updated", "params": params});
            let updated = Arc::new(notification(&updated.to_string()));
            let now = self.at(second);
            self.tracker.add(&updated, false, now, &mut Vec::new());
            self.goals.resume(&self.tracker, now);
        }

        /// Returns whether the goal is stopped at this second.
        fn is_stopped(&mut self, second: u64) -> bool {
            let lapsed = self.goals.lapsed(self.at(second));
            lapsed
                .iter()
                .any(|(_, action)| *action == GoalAction::Stop(LIMIT))
        }
    }

    #[test]
    fn a_goal_without_a_turn_is_stopped_after_its_idle_timeout() {
        let mut goal = Goal::new();
        assert!(!goal.is_stopped(9));
        assert!(goal.is_stopped(10));
        assert!(!goal.is_stopped(99));
        assert_eq!(goal.goals.next_due(), None);
    }

    #[test]
    fn the_events_of_its_turns_and_sub_agents_and_open_requests_end_the_silence_of_a_goal() {
        let mut goal = Goal::new();
        let log = TurnLog::new("t", "u");
        goal.tracker.turn_began(&log, true);
        let event = Arc::new(notification(r#"{"method":"item/started"}"#));
        log.push_notification(&event, goal.at(8), &mut Vec::new());
        assert!(!goal.is_stopped(17));
        log.sub_agent_event(goal.at(17));
        assert!(!goal.is_stopped(26));
        log.request_opened(Origin::SubAgent);
        assert!(!goal.is_stopped(99));
        log.request_closed(Origin::SubAgent, goal.at(100));
        goal.status(105, "active");
        assert!(!goal.is_stopped(114));
        // The next turn does not begin.
        let completed = Arc::new(notification(r#"{"method":"turn/completed"}"#));
        log.push_notification(&completed, goal.at(114), &mut Vec::new());
        goal.tracker.turn_ended(&log);
        assert!(!goal.is_stopped(123));
        assert!(goal.is_stopped(124));
    }

    #[test]
    fn a_goal_at_rest_is_not_silent_until_it_is_resumed() {
        let mut goal = Goal::new();
        goal.status(1, "paused");
        assert!(!goal.is_stopped(99));
        assert_eq!(goal.goals.next_due(), None);
        goal.status(100, "active");
        assert!(!goal.is_stopped(109));
        assert!(goal.is_stopped(110));
    }

    #[test]
    fn a_goal_in_an_unknown_state_is_silent_and_over_like_an_active_one() {
        let mut goal = Goal::new();
        goal.status(1, "dreaming");
        goal.goals.watch_end(&goal.tracker, goal.begun);
        assert!(goal.tracker.awaits_turn());
        let lapsed = goal.goals.lapsed(goal.at(11));
        let actions: Vec<_> = lapsed.iter().map(|(_, action)| *action).collect();
        assert_eq!(actions, [GoalAction::Stop(LIMIT), GoalAction::Detach]);
    }

    #[test]
    fn a_dropped_goal_is_not_watched() {
        let mut goal = Goal::new();
        goal.tracker = GoalTracker::new("t");
        assert!(!goal.is_stopped(10));
        assert!(!goal.goals.limits_silence());
    }
}
