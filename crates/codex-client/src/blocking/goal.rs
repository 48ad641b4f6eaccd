//! Goals, blocking.

use codex_types::ThreadGoal;

use crate::{
    blocking::{iterator::iterator, turn::TurnHandle, worker::wait},
    error::Result,
    goal::result::GoalResult,
};

/// A goal that is pursued, as [`crate::GoalHandle`]. Cheap to clone; all clones are one goal, which
/// one thread can follow while another pauses it.
#[derive(Debug, Clone)]
pub struct GoalHandle {
    inner: crate::GoalHandle,
}

impl GoalHandle {
    /// The id of the thread that has the goal.
    pub fn thread_id(&self) -> &str {
        self.inner.thread_id()
    }

    /// As [`crate::GoalHandle::goal`].
    pub fn goal(&self) -> Option<ThreadGoal> {
        self.inner.goal()
    }

    /// As [`crate::GoalHandle::turn`].
    pub fn turn(&self) -> Option<TurnHandle> {
        self.inner.turn().map(Into::into)
    }

    /// As [`crate::GoalHandle::stream`].
    pub fn stream(&self) -> GoalStream {
        self.inner.stream().into()
    }

    /// As [`crate::GoalHandle::run`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn run(&self) -> Result<GoalResult> {
        wait(self.inner.run())
    }

    /// As [`crate::GoalHandle::partial`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn partial(&self) -> Result<GoalResult> {
        self.inner.partial()
    }

    /// As [`crate::GoalHandle::pause`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn pause(&self) -> Result<()> {
        wait(self.inner.pause())
    }

    /// As [`crate::GoalHandle::resume`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn resume(&self) -> Result<()> {
        wait(self.inner.resume())
    }

    /// As [`crate::GoalHandle::clear`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn clear(&self) -> Result<()> {
        wait(self.inner.clear())
    }
}

/// The same goal, for threads that may wait.
impl From<crate::GoalHandle> for GoalHandle {
    fn from(inner: crate::GoalHandle) -> Self {
        Self { inner }
    }
}

iterator! {
    /// The events of all turns of a goal; from [`GoalHandle::stream`].
    ///
    /// Ends and yields errors as [`GoalStream`](crate::GoalStream) does.
    GoalStream(crate::goal::stream::GoalStream) => codex_types::ServerNotification
}

impl GoalStream {
    /// As [`crate::GoalStream::result`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn result(self) -> Result<GoalResult> {
        wait(self.inner.result())
    }
}
