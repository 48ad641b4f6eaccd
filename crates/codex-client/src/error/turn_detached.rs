//! Turns whose events end without a completion while the connection stays open.

use std::fmt;

use codex_types::redact;
use serde::{Deserialize, Serialize};

use crate::turn_result::TurnResult;

/// This client receives no more events for a turn, although the connection is still open.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TurnDetached {
    /// The id of the thread.
    pub thread_id: String,
    /// The id of the turn; `None` for a goal that has no turn yet.
    pub turn_id: Option<String>,
    /// The reason.
    pub reason: DetachReason,
    /// The result so far.
    pub partial: Option<TurnResult>,
}

/// The reason why a turn was detached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum DetachReason {
    /// The server closed, archived or deleted the thread before the turn was completed.
    ThreadClosed,
    /// This client unsubscribed from the thread (`thread/unsubscribe`). The turn continues on the
    /// server; [`Codex::thread_resume`](crate::Codex::thread_resume) subscribes again, and
    /// [`Thread::read`](crate::Thread::read) returns the items of the turn.
    Unsubscribed,
    /// The message that ends the turn (`turn/completed`) could not be read, for example because it
    /// was over the limit of [`max_message`](crate::builder::CodexBuilder::max_message) or has no
    /// status. The error is in [`unreadable`](TurnResult::unreadable) of the partial result.
    UnreadableEnd,
    /// The server started another turn in the thread without reporting the end of this one, and
    /// sent no event of this turn for the
    /// [`turn_end_grace`](crate::builder::CodexBuilder::turn_end_grace).
    NextTurnStarted,
    /// The server reported that the thread is inactive (idle, not loaded, or in a system error)
    /// without reporting the end of the turn, and sent no event of the turn for the
    /// [`turn_end_grace`](crate::builder::CodexBuilder::turn_end_grace). If the turn reported an
    /// error before, that is the [`last_error`](TurnResult::last_error) of the partial result. A
    /// goal ends for this reason also if it is active, or has a status that is not recognized, and
    /// the server started no further turn in this time. The partial result is then that of its last
    /// turn.
    ThreadInactive,
}

impl fmt::Display for TurnDetached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (thread_id, reason) = (&self.thread_id, self.reason);
        match &self.turn_id {
            Some(turn_id) => write!(f, "the turn {turn_id} ")?,
            None => f.write_str("the goal ")?,
        }
        write!(f, "of the thread {thread_id} has no more events: {reason}")?;
        let partial = self.partial.as_ref();
        match partial.and_then(|partial| partial.last_error.as_ref()) {
            Some(last) => {
                let message = redact::without_tokens(&last.error.message);
                write!(f, "; the last error was: {message}")
            }
            None => Ok(()),
        }
    }
}

impl fmt::Display for DetachReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ThreadClosed => "the server closed the thread",
            Self::UnreadableEnd => "the message that ends the turn could not be read",
            Self::NextTurnStarted => {
                "the server started another turn without reporting the end of this one"
            }
            Self::ThreadInactive => {
                "the server reported the thread as inactive, but not the end of the turn or goal"
            }
            Self::Unsubscribed => {
                "this client unsubscribed from the thread; resume it to receive events again"
            }
        })
    }
}

impl std::error::Error for TurnDetached {}
