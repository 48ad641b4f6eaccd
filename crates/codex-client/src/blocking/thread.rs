//! Threads, blocking.

use codex_types::{ReviewTarget, ThreadGoal};

use super::{GoalStartBuilder, ReviewBuilder, RunBuilder, ThreadReadBuilder, TurnStartBuilder};
use crate::{
    blocking::{
        notifications::ThreadEvents, requests::RequestInbox, turn::TurnHandle, worker::wait,
    },
    error::Result,
    input::Input,
    run_input::RunInput,
};

/// A thread on the server, as [`crate::Thread`]. Cheap to clone; all clones are one thread.
#[derive(Debug, Clone)]
pub struct Thread {
    inner: crate::Thread,
}

impl Thread {
    /// The id, by which the thread can be resumed later.
    pub fn id(&self) -> &str {
        self.inner.id()
    }

    /// As [`crate::Thread::run`].
    pub fn run(&self, input: impl Into<RunInput>) -> RunBuilder {
        RunBuilder::new(&self.inner, input.into())
    }

    /// As [`crate::Thread::turn`].
    pub fn turn(&self, input: impl Into<RunInput>) -> TurnStartBuilder {
        TurnStartBuilder::new(&self.inner, input.into())
    }

    /// As [`crate::Thread::steer_or_start`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn steer_or_start(&self, input: impl Into<Input>) -> Result<TurnHandle> {
        wait(self.inner.steer_or_start(input)).map(Into::into)
    }

    /// As [`crate::Thread::review`].
    pub fn review(&self, target: impl Into<ReviewTarget>) -> ReviewBuilder {
        ReviewBuilder::new(&self.inner, target.into())
    }

    /// As [`crate::Thread::goal_start`].
    pub fn goal_start(&self, objective: impl Into<String>) -> GoalStartBuilder {
        GoalStartBuilder::new(&self.inner, objective.into())
    }

    /// As [`crate::Thread::goal_resume`].
    pub fn goal_resume(&self) -> GoalStartBuilder {
        GoalStartBuilder::resume(&self.inner)
    }

    /// As [`crate::Thread::goal`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn goal(&self) -> Result<Option<ThreadGoal>> {
        wait(self.inner.goal())
    }

    /// As [`crate::Thread::read`].
    pub fn read(&self) -> ThreadReadBuilder {
        ThreadReadBuilder::new(&self.inner)
    }

    /// As [`crate::Thread::server_requests`].
    pub fn server_requests(&self) -> RequestInbox {
        self.inner.server_requests().into()
    }

    /// As [`crate::Thread::events`].
    pub fn events(&self) -> ThreadEvents {
        self.inner.events().into()
    }

    /// As [`crate::Thread::set_name`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn set_name(&self, name: impl Into<String>) -> Result<()> {
        wait(self.inner.set_name(name))
    }

    /// As [`crate::Thread::compact`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn compact(&self) -> Result<TurnHandle> {
        wait(self.inner.compact()).map(Into::into)
    }

    /// As [`crate::Thread::shell_command`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn shell_command(&self, command: impl Into<String>) -> Result<TurnHandle> {
        wait(self.inner.shell_command(command)).map(Into::into)
    }
}

/// The same thread, for threads of this program that may wait.
impl From<crate::Thread> for Thread {
    fn from(inner: crate::Thread) -> Self {
        Self { inner }
    }
}
