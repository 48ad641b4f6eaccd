//! Turns whose events end while the connection stays open.

use std::fmt;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DetachReason {
    /// The server closed, archived or deleted the thread before the turn was completed.
    ThreadClosed,
    /// This client unsubscribed from the thread (`thread/unsubscribe`). The turn continues on the
    /// server; [`Codex::thread_resume`](crate::Codex::thread_resume) subscribes again, and
    /// [`Thread::read`](crate::Thread::read) returns the items of the turn.
    Unsubscribed,
    /// The message that ends the turn (`turn/completed`) could not be read, for example because it
    /// was over the limit of [`max_message`](crate::builder::CodexBuilder::max_message).
    /// [`Codex::notifications`](crate::Codex::notifications) reports the error.
    UnreadableEnd,
}

impl fmt::Display for TurnDetached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (thread_id, reason) = (&self.thread_id, self.reason);
        match &self.turn_id {
            Some(turn_id) => write!(f, "the turn {turn_id} ")?,
            None => f.write_str("the goal ")?,
        }
        write!(f, "of the thread {thread_id} has no more events: {reason}")
    }
}

impl fmt::Display for DetachReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ThreadClosed => "the server closed the thread",
            Self::UnreadableEnd => "the message that ends the turn could not be read",
            Self::Unsubscribed => {
                "this client unsubscribed from the thread; resume it to receive events again"
            }
        })
    }
}

impl std::error::Error for TurnDetached {}
