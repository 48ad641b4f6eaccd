//! Starts and resumes goals.

use std::time::Duration;

use codex_types::{ThreadGoal, ThreadGoalClearParams, ThreadGoalSetParams, ThreadGoalStatus};
use tokio::time::Instant;

use crate::{
    builder_macros::{options, timeouts},
    client::Thread,
    error::Result,
    goal::handle::GoalHandle,
    mode::Async,
    request_builder::RequestBuilder,
    routing::goal_tracker::GoalState,
};

/// A request to pursue a goal (`thread/goal/set`), returned by [`Thread::goal_start`] and
/// [`Thread::goal_resume`].
#[derive(Debug)]
#[must_use = "nothing is sent until this is awaited or `send` is called"]
pub struct GoalStartBuilder<M = Async> {
    request: RequestBuilder<ThreadGoalSetParams, M>,
    idle_timeout: Option<Duration>,
}

impl<M> GoalStartBuilder<M> {
    pub(crate) fn new(thread: &Thread, objective: String) -> Self {
        let mut start = Self::resume(thread);
        start.request.params.objective = Some(objective);
        start
    }

    pub(crate) fn resume(thread: &Thread) -> Self {
        let params = ThreadGoalSetParams::new(thread.id()).status(ThreadGoalStatus::Active);
        Self {
            request: RequestBuilder::new(&thread.codex, params),
            idle_timeout: None,
        }
    }

    options! { ThreadGoalSetParams {} }

    timeouts!();

    /// Sets the number of tokens that the goal may use. Once they are used up, the server stops the
    /// goal with the status `budgetLimited`.
    pub fn token_budget(self, tokens: i64) -> Self {
        self.params(|params| params.token_budget(tokens))
    }

    /// Sets the longest silence of the server about the goal. A goal that exceeds it is stopped,
    /// and all of its readers end with [`TurnTimeout`](crate::Error::TurnTimeout): see
    /// [`GoalHandle::idle_timeout`].
    ///
    /// There is no idle timeout by default.
    pub fn idle_timeout(mut self, idle_timeout: Duration) -> Self {
        self.idle_timeout = Some(idle_timeout);
        self
    }

    pub(crate) async fn execute(self) -> Result<GoalHandle> {
        let RequestBuilder {
            codex,
            params,
            timeout,
            ..
        } = self.request;
        let begun = Instant::now();
        let remaining = || timeout.map(|timeout| timeout.saturating_sub(begun.elapsed()));
        let connection = codex.connection();
        // Fails if the thread was unsubscribed from, because its notifications would not be
        // received.
        drop(connection.reserve_thread(&params.thread_id).await?);
        // The tracker must exist before the first turn can begin.
        let goal = connection.follow_goal(&params.thread_id)?;
        if params.objective.is_some() {
            // Otherwise, the usage of the previous goal would count toward the new one.
            let clear = ThreadGoalClearParams::new(&params.thread_id);
            connection.call(&clear, remaining()).await?;
        }
        let set = connection.call(&params, remaining()).await?.goal;
        let handle = GoalHandle::new(codex, goal);
        // After this, no further notification about an earlier goal arrives.
        let is_set = |_: GoalState, goal: Option<&ThreadGoal>| {
            goal.is_some_and(|goal| {
                goal.objective == set.objective
                    && goal.created_at == set.created_at
                    && goal.updated_at >= set.updated_at
            })
        };
        handle.reported(begun, timeout, is_set).await?;
        Ok(match self.idle_timeout {
            Some(idle_timeout) => handle.idle_timeout(idle_timeout),
            None => handle,
        })
    }
}
