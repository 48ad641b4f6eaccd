//! Turns that exceeded a time limit.

use std::{fmt, time::Duration};

use crate::turn_result::TurnResult;

/// A turn exceeded a time limit and was interrupted.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TurnTimeout {
    /// The id of the thread that the turn runs in.
    pub thread_id: String,
    /// The id of the turn.
    pub turn_id: String,
    /// The limit that the turn exceeded.
    pub after: Duration,
    /// Whether the limit is an `idle_timeout`, so the server was silent about the turn for `after`.
    /// Otherwise, it is a `timeout`, which limits the whole turn.
    pub was_silent: bool,
    /// The result so far. Its status is `interrupted` if the turn ended after the interrupt, and
    /// `inProgress` if the turn did not end within five seconds of the interrupt.
    pub partial: Option<TurnResult>,
}

impl fmt::Display for TurnTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, after) = (&self.turn_id, self.after.as_secs_f32());
        match self.was_silent {
            true => write!(
                f,
                "the server sent nothing about the turn {id} for {after} s, and the turn was \
                 interrupted"
            ),
            false => write!(
                f,
                "the turn {id} did not end within {after} s and was interrupted"
            ),
        }
    }
}

impl std::error::Error for TurnTimeout {}
