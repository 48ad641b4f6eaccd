//! The handle of a goal.

use std::{future::poll_fn, sync::Arc, time::Duration};

use codex_types::{ThreadGoal, ThreadGoalClearParams, ThreadGoalSetParams, ThreadGoalStatus};
use tokio::time::Instant;

use crate::{
    client::Codex,
    error::{Error, Result},
    goal::{
        result::{GoalResult, early_end_error, outcome},
        stream::GoalStream,
    },
    routing::goal_tracker::{GoalState, GoalTracker},
    turn::handle::TurnHandle,
};

/// A goal that the server pursues turn after turn, returned by
/// [`Thread::goal_start`](crate::Thread::goal_start) and
/// [`Thread::goal_resume`](crate::Thread::goal_resume).
///
/// Cheap to clone; all clones refer to the same goal.
///
/// ```no_run
/// use codex_client::{Result, Thread};
///
/// async fn example(thread: &Thread) -> Result<()> {
///     let goal = thread.goal_start("All tests pass.").token_budget(200_000).await?;
///     let result = goal.run().await?;
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
/// If the handles and streams are dropped, the server continues to pursue the goal. Another goal in
/// the same thread supersedes this one, which then stops.
///
/// # Memory
///
/// The completed items of all turns are kept as long as a handle or a stream exists. Events are
/// kept for the first [`stream`](Self::stream), unless [`run`](Self::run) was called before that
/// stream was created.
#[derive(Debug, Clone)]
pub struct GoalHandle {
    codex: Codex,
    goal: Arc<GoalTracker>,
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
    pub async fn run(&self) -> Result<GoalResult> {
        self.goal.mute();
        let end = poll_fn(|context| self.goal.poll_end(context)).await;
        outcome(&self.goal, end)
    }

    /// Stops the goal once the server has been silent about it for `idle_timeout`: interrupts the
    /// running turn or, between two turns, pauses the goal (`thread/goal/set`). All readers of the
    /// goal then end with [`TurnTimeout`](crate::Error::TurnTimeout), and [`resume`](Self::resume)
    /// continues it.
    ///
    /// Every event of the goal and of its turns ends the silence, as it does for a
    /// [turn](crate::TurnHandle::idle_timeout). A goal that has stopped is not silent. The
    /// interrupted turn has five seconds to end. Replaces an earlier idle timeout of the goal;
    /// there is none by default.
    ///
    /// ```no_run
    /// use std::time::Duration;
    ///
    /// use codex_client::{Result, Thread};
    ///
    /// async fn example(thread: &Thread) -> Result<()> {
    ///     let goal = thread.goal_resume().await?;
    ///     goal.idle_timeout(Duration::from_secs(300)).run().await?;
    ///     Ok(())
    /// }
    /// ```
    pub fn idle_timeout(self, idle_timeout: Duration) -> Self {
        let connection = self.codex.connection();
        connection.limit_goal_silence(&self.goal, idle_timeout);
        self
    }

    /// Streams the events of all turns, in order, until the goal stops.
    ///
    /// The first stream begins with the first event. A stream created after another one has ended
    /// continues where that one ended: to read the events after a [`resume`](Self::resume), create
    /// a new stream.
    pub fn stream(&self) -> GoalStream {
        GoalStream::new(self.codex.clone(), Arc::clone(&self.goal))
    }

    /// Pauses the goal (`thread/goal/set`). The running turn continues to its end, and no further
    /// turn follows. To stop the running turn as well, [interrupt](TurnHandle::interrupt) the
    /// [`turn`](Self::turn). Pausing a goal that is not active is a no-op.
    ///
    /// # Errors
    ///
    /// Same as [`RequestBuilder::send`](crate::builder::RequestBuilder::send).
    pub async fn pause(&self) -> Result<()> {
        if !self.goal.state().may_continue() {
            return Ok(());
        }
        let has_stopped = |state: GoalState| !state.may_continue();
        self.set(ThreadGoalStatus::Paused, has_stopped).await
    }

    /// Resumes the goal (`thread/goal/set`), no matter what stopped it.
    ///
    /// # Errors
    ///
    /// Same as [`RequestBuilder::send`](crate::builder::RequestBuilder::send); also
    /// [`Rpc`](crate::Error::Rpc) if the goal was cleared, and
    /// [`InvalidInput`](crate::Error::InvalidInput) if the thread now has a different goal.
    pub async fn resume(&self) -> Result<()> {
        self.check_not_superseded()?;
        let before = self.goal.reset_state();
        let resumed = self.set(ThreadGoalStatus::Active, |state| state == GoalState::Active);
        resumed
            .await
            .inspect_err(|_| self.goal.restore_state(before))
    }

    /// Clears the goal of the thread (`thread/goal/clear`). The running turn continues to its end.
    ///
    /// # Errors
    ///
    /// Same as [`RequestBuilder::send`](crate::builder::RequestBuilder::send); also
    /// [`InvalidInput`](crate::Error::InvalidInput) if the thread now has a different goal.
    pub async fn clear(&self) -> Result<()> {
        self.check_not_superseded()?;
        let (connection, begun) = (self.codex.connection(), Instant::now());
        let params = ThreadGoalClearParams::new(self.thread_id());
        let response = connection.call(&params, connection.timeout()).await?;
        let is_cleared = |state, _: Option<&ThreadGoal>| state == GoalState::Cleared;
        match response.cleared {
            true => {
                let timeout = connection.timeout();
                self.reported(begun, timeout, is_cleared).await
            }
            false => Ok(()),
        }
    }

    /// Returns the running turn, if there is one, to stream, steer or interrupt it individually.
    pub fn turn(&self) -> Option<TurnHandle> {
        let log = self.goal.running()?;
        Some(TurnHandle::new(self.codex.clone(), log, Ok))
    }

    /// Returns the goal as last reported, with its usage, or `None` once it has been cleared.
    pub fn goal(&self) -> Option<ThreadGoal> {
        self.goal.goal()
    }

    /// Returns the result so far.
    pub fn partial(&self) -> GoalResult {
        GoalResult::collect(&self.goal)
    }

    /// Returns the id of the thread that has the goal.
    pub fn thread_id(&self) -> &str {
        self.goal.thread_id()
    }
}

impl GoalHandle {
    pub(crate) fn new(codex: Codex, goal: Arc<GoalTracker>) -> Self {
        Self { codex, goal }
    }

    fn check_not_superseded(&self) -> Result<()> {
        match self.goal.state() {
            GoalState::Superseded => Err(Error::InvalidInput(
                "the thread now has a different goal: use the handle of that goal".into(),
            )),
            _ => Ok(()),
        }
    }

    /// Sets the status and waits until the server reports it, so that later notifications concern
    /// only what follows.
    async fn set(
        &self,
        status: ThreadGoalStatus,
        matches: impl Fn(GoalState) -> bool,
    ) -> Result<()> {
        let (connection, begun) = (self.codex.connection(), Instant::now());
        let params = ThreadGoalSetParams::new(self.thread_id()).status(status);
        connection.call(&params, connection.timeout()).await?;
        self.reported(begun, connection.timeout(), |state, _| matches(state))
            .await
    }

    /// Waits until the server reports a goal that matches. `within` began to run at `begun`.
    pub(crate) async fn reported(
        &self,
        begun: Instant,
        within: Option<Duration>,
        matches: impl Fn(GoalState, Option<&ThreadGoal>) -> bool,
    ) -> Result<()> {
        let reported = async {
            let reported = poll_fn(|context| self.goal.poll_goal(&matches, context));
            let reported = reported.await;
            reported.map_err(|why| early_end_error(&self.goal, why))
        };
        let connection = self.codex.connection();
        connection
            .report_within("thread/goal/updated", begun, within, reported)
            .await?
    }
}
