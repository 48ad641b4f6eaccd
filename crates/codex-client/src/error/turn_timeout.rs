//! Turns and goals that exceeded a time limit.

use std::{fmt, time::Duration};

use crate::turn_result::TurnResult;

/// A turn exceeded a time limit and was interrupted, or a goal exceeded its idle timeout and was
/// stopped.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TurnTimeout {
    /// The id of the thread that the turn runs in.
    pub thread_id: String,
    /// The id of the turn; `None` for a goal that had no running turn.
    pub turn_id: Option<String>,
    /// The limit that the turn exceeded.
    pub after: Duration,
    /// Whether the limit is an `idle_timeout`, so the server was silent about the turn or goal for
    /// `after`. Otherwise, it is a `timeout`, which limits the whole turn.
    pub was_silent: bool,
    /// The result so far. That of a goal without a running turn is the result of its last turn. Its
    /// status is `interrupted` if the turn ended after the interrupt, and `inProgress` if the turn
    /// did not end within five seconds of the interrupt.
    pub partial: Option<TurnResult>,
}

impl fmt::Display for TurnTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (thread_id, after) = (&self.thread_id, self.after.as_secs_f32());
        match (&self.turn_id, self.was_silent) {
            (Some(id), true) => write!(
                f,
                "the server sent nothing about the turn {id} for {after} s, and the turn was \
                 interrupted"
            ),
            (Some(id), false) => write!(
                f,
                "the turn {id} did not end within {after} s and was interrupted"
            ),
            (None, _) => write!(
                f,
                "the server sent nothing about the goal of the thread {thread_id} for {after} s, \
                 and the goal was paused"
            ),
        }
    }
}

impl std::error::Error for TurnTimeout {}
