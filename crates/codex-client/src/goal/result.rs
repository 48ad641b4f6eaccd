//! What a goal has come to.

use codex_types::{ThreadGoal, ThreadGoalStatus, ThreadTokenUsage};

use crate::{error::Result, routing::goal_tracker::GoalTracker, turn::result::TurnResult};

/// What a goal has come to, collected from the events of its turns.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct GoalResult {
    /// The goal as the server has last told, with its status and what it has used; `None` if it was
    /// cleared.
    pub goal: Option<ThreadGoal>,
    /// Its turns, in order. One that has failed or was interrupted is among them, with its status and
    /// its error.
    pub turns: Vec<TurnResult>,
}

impl GoalResult {
    pub(crate) fn collect(tracker: &GoalTracker) -> Result<Self> {
        let goal = tracker.goal();
        let turns = tracker.turns();
        let turns = turns
            .iter()
            .map(|log| TurnResult::partial(log.turn_id(), &log.record()));
        Ok(Self {
            turns: turns.collect::<Result<_>>()?,
            goal,
        })
    }

    /// How the goal stands: complete, paused, blocked, out of a budget; still active if the last turn
    /// was interrupted. `None` if it was cleared.
    pub fn status(&self) -> Option<&ThreadGoalStatus> {
        self.goal.as_ref().map(|goal| &goal.status)
    }

    /// The model's last answer: that of the last turn that has one.
    pub fn final_response(&self) -> Option<&str> {
        let mut turns = self.turns.iter().rev();
        turns.find_map(|turn| turn.final_response.as_deref())
    }

    /// The tokens that were used, as last reported: by the latest call of the model, and by the whole
    /// thread. What the goal has used is in [`goal`](Self::goal).
    pub fn usage(&self) -> Option<&ThreadTokenUsage> {
        let mut turns = self.turns.iter().rev();
        turns.find_map(|turn| turn.usage.as_ref())
    }
}
