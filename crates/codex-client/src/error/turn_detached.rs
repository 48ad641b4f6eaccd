//! Turns whose events end while the connection goes on.

use std::fmt;

use crate::turn_result::TurnResult;

/// The events of a turn have ended before the turn did, though the connection goes on.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TurnDetached {
    /// The id of the thread.
    pub thread_id: String,
    /// The id of the turn; `None` for a goal without a turn so far.
    pub turn_id: Option<String>,
    /// The reason.
    pub reason: DetachReason,
    /// The result so far.
    pub partial: Option<TurnResult>,
}

/// The reason why the events of a turn have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DetachReason {
    /// The server has closed, archived or deleted the thread without completing the turn first.
    ThreadClosed,
    /// This client has unsubscribed from the thread (`thread/unsubscribe`). The turn goes on without it;
    /// [`Codex::thread_resume`](crate::Codex::thread_resume) subscribes again, and
    /// [`Thread::read`](crate::Thread::read) tells what was done meanwhile.
    Unsubscribed,
}

impl fmt::Display for TurnDetached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (thread_id, reason) = (&self.thread_id, self.reason);
        match &self.turn_id {
            Some(turn_id) => write!(f, "the events of the turn {turn_id} have ended: ")?,
            None => f.write_str("the events of the goal have ended: ")?,
        }
        write!(f, "{reason} ({thread_id})")
    }
}

impl fmt::Display for DetachReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ThreadClosed => "the server has closed the thread",
            Self::Unsubscribed => "this client has unsubscribed from the thread",
        })
    }
}

impl std::error::Error for TurnDetached {}
