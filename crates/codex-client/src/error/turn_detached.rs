//! Turns whose end will not be told.

use std::fmt;

use crate::turn::result::TurnResult;

/// The end of a turn will not be told to this client, though the connection goes on.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TurnDetached {
    /// The thread that the turn was, or is, running in.
    pub thread_id: String,
    /// The turn's id.
    pub turn_id: String,
    /// Why nothing more will be heard of it.
    pub reason: DetachReason,
    /// What it had come to until then.
    pub partial: Option<TurnResult>,
}

/// Why nothing more will be heard of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DetachReason {
    /// The server has closed, archived or deleted the thread without ending the turn first.
    ThreadClosed,
    /// This client has unsubscribed from the thread (`thread/unsubscribe`). The turn goes on without it;
    /// [`Codex::thread_resume`](crate::Codex::thread_resume) subscribes again, and
    /// [`Thread::read`](crate::Thread::read) tells what was done meanwhile.
    Unsubscribed,
}

impl fmt::Display for TurnDetached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            thread_id, turn_id, ..
        } = self;
        let reason = self.reason;
        write!(
            f,
            "the end of the turn {turn_id} will not be told: {reason} ({thread_id})"
        )
    }
}

impl fmt::Display for DetachReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ThreadClosed => "the server has closed its thread",
            Self::Unsubscribed => "this client has unsubscribed from its thread",
        })
    }
}

impl std::error::Error for TurnDetached {}
