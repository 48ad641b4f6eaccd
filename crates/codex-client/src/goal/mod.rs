//! Goals: objectives that the server pursues by itself, in turn after turn, until the model says that
//! they are reached.
//!
//! ```no_run
//! # async fn example(thread: codex_client::Thread) -> codex_client::Result<()> {
//! let goal = thread.goal_start("All tests pass.").token_budget(200_000).await?;
//! let result = goal.run().await?;
//! println!("{:?} after {} turns", result.status(), result.turns.len());
//! # Ok(())
//! # }
//! ```

pub(crate) mod handle;
pub(crate) mod result;
pub(crate) mod start;
pub(crate) mod stream;

use codex_types::{ThreadGoal, ThreadGoalGetParams};

use crate::{error::Result, goal::start::GoalStartBuilder, thread::Thread};

impl Thread {
    /// Gives the thread a goal and begins to pursue it (`thread/goal/set`): the server starts a turn,
    /// and another one whenever one has ended, until the model marks the goal as complete or blocked,
    /// a limit is reached, or somebody pauses or clears it. A goal that the thread has already is
    /// cleared first.
    ///
    /// The thread must not be ephemeral.
    pub fn goal_start(&self, objective: impl Into<String>) -> GoalStartBuilder {
        GoalStartBuilder::new(self, objective.into())
    }

    /// Goes on with the goal that the thread has (`thread/goal/set`), with a handle to follow it: one
    /// that was paused or blocked, or of a thread that was [resumed](crate::Codex::thread_resume).
    pub fn goal_resume(&self) -> GoalStartBuilder {
        GoalStartBuilder::resume(self)
    }

    /// The goal of the thread, if it has one (`thread/goal/get`).
    ///
    /// # Errors
    ///
    /// As [`RequestBuilder::send`](crate::builder::RequestBuilder::send); [`Rpc`](crate::Error::Rpc) also for an ephemeral thread.
    pub async fn goal(&self) -> Result<Option<ThreadGoal>> {
        let params = ThreadGoalGetParams::new(self.id());
        let read = self.codex().request(params).send().await?;
        Ok(read.goal)
    }
}
