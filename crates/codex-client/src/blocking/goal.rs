//! Goals of the blocking API.

use std::time::Duration;

use codex_types::ThreadGoal;

use crate::{
    blocking::{iterator::iterator, turn::TurnHandle, worker::wait},
    error::Result,
    goal::result::GoalResult,
};

/// A goal that the server pursues turn after turn, returned by
/// [`Thread::goal_start`](crate::blocking::Thread::goal_start) and
/// [`Thread::goal_resume`](crate::blocking::Thread::goal_resume).
///
/// Cheap to clone; all clones refer to the same goal. One thread can follow it while another pauses
/// it.
///
/// ```no_run
/// use codex_client::{Result, blocking::Thread};
///
/// fn example(thread: &Thread) -> Result<()> {
///     let goal = thread.goal_start("All tests pass.").token_budget(200_000).send()?;
///     let result = goal.run()?;
///     println!("{:?} after {} turns", result.status(), result.turns.len());
///     Ok(())
/// }
/// ```
///
/// A goal stops when it is complete, blocked, limited, paused or cleared, as soon as the running
/// turn has ended. It also stops when one of its turns is interrupted, since the server then starts
/// no further turn. [`resume`](Self::resume) continues it. A status that this version does not
/// recognize does not stop it. Until the goal stops, all turns of the
/// thread are turns of the goal, including those that this program starts.
///
/// If the handles and iterators are dropped, the server continues to pursue the goal. Another goal
/// in the same thread supersedes this one, which then stops.
///
/// # Memory
///
/// The completed items of all turns are kept as long as a handle or an iterator exists. Events are
/// kept for the first [`stream`](Self::stream), unless [`run`](Self::run) was called before that
/// stream was created.
#[derive(Debug, Clone)]
pub struct GoalHandle {
    inner: crate::GoalHandle,
}

impl GoalHandle {
    /// Waits until the goal stops, and collects the result, which covers the time since this handle
    /// was created. However the goal stops, the outcome is a result, not an error: see its
    /// [status](GoalResult::status), and its last turn in case that turn failed or was interrupted.
    ///
    /// # Errors
    ///
    /// [`Closed`](crate::Error::Closed) if the connection ended first, with the partial result of
    /// the last turn in [`ConnectionClosed::partial`](crate::ConnectionClosed::partial);
    /// [`TurnDetached`](crate::Error::TurnDetached) if the thread was closed or unsubscribed from,
    /// or became inactive without an end of the running turn, or without a further turn although
    /// the goal is active or has a status that is not recognized. The goal continues after a turn
    /// whose end the server does not report if another turn follows. [`resume`](Self::resume)
    /// continues a goal whose thread became inactive. [`TurnTimeout`](crate::Error::TurnTimeout) if
    /// the goal exceeded its [idle timeout](Self::idle_timeout).
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn run(&self) -> Result<GoalResult> {
        wait(self.inner.run())
    }

    /// Stops the goal once the server has been silent about it for `idle_timeout`: interrupts the
    /// running turn or, between two turns, pauses the goal (`thread/goal/set`). All readers of the
    /// goal then end with [`TurnTimeout`](crate::Error::TurnTimeout), and [`resume`](Self::resume)
    /// continues it.
    ///
    /// Every event of the goal and of its turns ends the silence, as it does for a
    /// [turn](crate::blocking::TurnHandle::idle_timeout). A goal that has stopped is not silent.
    /// The interrupted turn has five seconds to end. Replaces an earlier idle timeout of the goal;
    /// there is none by default.
    ///
    /// ```no_run
    /// use std::time::Duration;
    ///
    /// use codex_client::{Result, blocking::Thread};
    ///
    /// fn example(thread: &Thread) -> Result<()> {
    ///     let goal = thread.goal_resume().send()?;
    ///     goal.idle_timeout(Duration::from_secs(300)).run()?;
    ///     Ok(())
    /// }
    /// ```
    pub fn idle_timeout(self, idle_timeout: Duration) -> Self {
        self.inner.idle_timeout(idle_timeout).into()
    }

    /// Streams the events of all turns, in order, until the goal stops.
    ///
    /// The first stream begins with the first event. A stream created after another one has ended
    /// continues where that one ended: to read the events after a [`resume`](Self::resume), create
    /// a new stream.
    pub fn stream(&self) -> GoalStream {
        self.inner.stream().into()
    }

    /// Pauses the goal (`thread/goal/set`). The running turn continues to its end, and no further
    /// turn follows. To stop the running turn as well, [interrupt](TurnHandle::interrupt) the
    /// [`turn`](Self::turn). Pausing a goal that is not active is a no-op.
    ///
    /// # Errors
    ///
    /// Same as [`RequestBuilder::send`](crate::blocking::RequestBuilder#method.send).
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn pause(&self) -> Result<()> {
        wait(self.inner.pause())
    }

    /// Resumes the goal (`thread/goal/set`), no matter what stopped it.
    ///
    /// # Errors
    ///
    /// Same as [`RequestBuilder::send`](crate::blocking::RequestBuilder#method.send); also
    /// [`Rpc`](crate::Error::Rpc) if the goal was cleared, and
    /// [`InvalidInput`](crate::Error::InvalidInput) if the thread now has a different goal.
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn resume(&self) -> Result<()> {
        wait(self.inner.resume())
    }

    /// Clears the goal of the thread (`thread/goal/clear`). The running turn continues to its end.
    ///
    /// # Errors
    ///
    /// Same as [`RequestBuilder::send`](crate::blocking::RequestBuilder#method.send); also
    /// [`InvalidInput`](crate::Error::InvalidInput) if the thread now has a different goal.
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn clear(&self) -> Result<()> {
        wait(self.inner.clear())
    }

    /// Returns the running turn, if there is one, to stream, steer or interrupt it individually.
    pub fn turn(&self) -> Option<TurnHandle> {
        self.inner.turn().map(Into::into)
    }

    /// Returns the goal as last reported, with its usage, or `None` once it has been cleared.
    pub fn goal(&self) -> Option<ThreadGoal> {
        self.inner.goal()
    }

    /// Returns the result so far.
    pub fn partial(&self) -> GoalResult {
        self.inner.partial()
    }

    /// Returns the id of the thread that has the goal.
    pub fn thread_id(&self) -> &str {
        self.inner.thread_id()
    }
}

/// Converts the async type into the blocking one.
impl From<crate::GoalHandle> for GoalHandle {
    fn from(inner: crate::GoalHandle) -> Self {
        Self { inner }
    }
}

iterator! {
    /// The events of all turns of a goal, returned by [`GoalHandle::stream`].
    ///
    /// ```no_run
    /// use codex_client::{Result, blocking::Thread, types::ServerNotification};
    ///
    /// fn example(thread: &Thread) -> Result<()> {
    ///     let goal = thread.goal_start("All tests pass.").send()?;
    ///     let mut events = goal.stream();
    ///     for event in events.by_ref() {
    ///         match event? {
    ///             ServerNotification::TurnStarted(started) => println!("turn {}", started.turn.id),
    ///             ServerNotification::AgentMessageDelta(delta) => print!("{}", delta.delta),
    ///             _ => {}
    ///         }
    ///     }
    ///     let result = events.result()?;
    ///     println!("{:?} after {} turns", result.status(), result.turns.len());
    ///     Ok(())
    /// }
    /// ```
    ///
    /// Notifications about the goal itself (`thread/goal/updated`, `thread/goal/cleared`) are
    /// included. The iterator ends when the goal stops, or with [`Closed`](crate::Error::Closed) if
    /// the connection ended first, or with [`TurnDetached`](crate::Error::TurnDetached) if the
    /// thread was closed or unsubscribed from, or became inactive without an end of the running
    /// turn, or without a further turn although the goal is active or has a status that is not
    /// recognized, or with [`TurnTimeout`](crate::Error::TurnTimeout) if the goal exceeded its
    /// [idle timeout](crate::blocking::GoalHandle::idle_timeout). A
    /// [`Decode`](crate::Error::Decode) does not end the iterator: it reports that a part of the
    /// previous event, or a whole message, could not be decoded, and the next event follows.
    ///
    /// A reader that falls behind loses nothing; it receives adjacent deltas of an item merged into
    /// one.
    GoalStream(crate::goal::stream::GoalStream) => codex_types::ServerNotification
}

impl GoalStream {
    /// Waits until the goal stops, skips the unread events, and collects the result.
    ///
    /// # Errors
    ///
    /// Same as [`GoalHandle::run`](crate::blocking::GoalHandle::run).
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn result(self) -> Result<GoalResult> {
        wait(self.inner.result())
    }
}
