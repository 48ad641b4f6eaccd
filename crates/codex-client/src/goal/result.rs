//! Results of goals.

use codex_types::{ThreadGoal, ThreadGoalStatus, ThreadTokenUsage};
use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, Result, turn_detached::TurnDetached, turn_timeout::TurnTimeout},
    routing::{
        goal_tracker::{GoalEnd, GoalTracker, Silence},
        turn_log::EarlyEnd,
    },
    tokens::Tokens,
    turn_result::TurnResult,
};

/// The result of a goal, collected from the events of its turns.
///
/// In serde, the fields have these names, and their values are as in the protocol.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct GoalResult {
    /// The goal as last reported, with its status and usage, or `None` if it was cleared.
    pub goal: Option<ThreadGoal>,
    /// The turns, in order. Failed and interrupted turns are included, with their status and error.
    /// A turn whose end the server did not report has the status `inProgress`.
    pub turns: Vec<TurnResult>,
}

impl GoalResult {
    pub(crate) fn collect(goal: &GoalTracker) -> Self {
        let turns = goal.turns();
        let turns = turns.iter().map(|log| log.partial());
        Self {
            turns: turns.collect(),
            goal: goal.goal(),
        }
    }

    /// Returns the status of the goal: complete, paused, blocked or limited, or still active if the
    /// last turn was interrupted. Returns `None` if the goal was cleared.
    pub fn status(&self) -> Option<&ThreadGoalStatus> {
        self.goal.as_ref().map(|goal| &goal.status)
    }

    /// Returns the final response of the last turn that has one.
    pub fn final_response(&self) -> Option<&str> {
        let mut turns = self.turns.iter().rev();
        turns.find_map(|turn| turn.final_response.as_deref())
    }

    /// Returns the tokens of all turns, without those of their sub-agents.
    pub fn tokens(&self) -> Tokens {
        self.turns.iter().map(TurnResult::tokens).sum()
    }

    /// Returns the tokens of all turns and of their sub-agents.
    pub fn tokens_with_agents(&self) -> Tokens {
        self.turns.iter().map(TurnResult::tokens_with_agents).sum()
    }

    /// Returns the token usage as last reported: that of the latest model call and that of the
    /// whole thread. The usage of the goal is in [`goal`](Self::goal).
    pub fn usage(&self) -> Option<&ThreadTokenUsage> {
        let mut turns = self.turns.iter().rev();
        turns.find_map(|turn| turn.usage.as_ref())
    }
}

/// Returns the result of a goal of which no event follows for now.
pub(crate) fn outcome(goal: &GoalTracker, end: GoalEnd) -> Result<GoalResult> {
    match end {
        GoalEnd::AtRest => Ok(GoalResult::collect(goal)),
        GoalEnd::Early(why) => Err(early_end_error(goal, why)),
        GoalEnd::Silent(silence) => Err(silence_error(goal, silence)),
    }
}

/// Returns the error of a goal that exceeded its idle timeout.
fn silence_error(goal: &GoalTracker, silence: Silence) -> Error {
    let Silence { after, turn } = silence;
    match turn {
        Some(turn) => turn.silence_error(after),
        None => Error::TurnTimeout(Box::new(TurnTimeout {
            thread_id: goal.thread_id().to_owned(),
            turn_id: None,
            after,
            was_silent: true,
            partial: goal.turns().pop().map(|last| last.partial()),
        })),
    }
}

/// Returns the error for a goal whose events ended early.
pub(crate) fn early_end_error(goal: &GoalTracker, why: EarlyEnd) -> Error {
    match (goal.turns().pop(), why) {
        (Some(last), why) => last.early_end_error(why),
        (None, EarlyEnd::Closed(closed)) => Error::Closed(closed),
        (None, EarlyEnd::Detached(reason)) => Error::TurnDetached(Box::new(TurnDetached {
            thread_id: goal.thread_id().to_owned(),
            turn_id: None,
            reason,
            partial: None,
        })),
    }
}
