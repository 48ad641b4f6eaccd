//! A goal that is pursued.

use std::{future::poll_fn, sync::Arc, time::Duration};

use codex_types::{ThreadGoal, ThreadGoalClearParams, ThreadGoalSetParams, ThreadGoalStatus};
use tokio::time::timeout;

use crate::{
    codex::Codex,
    error::{Error, Result, turn_detached::TurnDetached},
    goal::{result::GoalResult, stream::GoalStream},
    routing::{
        goal_tracker::{GoalEnd, GoalState, GoalTracker},
        turn_log::EarlyEnd,
    },
    turn,
    turn::handle::TurnHandle,
};

/// A goal that is pursued: its turns, one after the other, as if they were one. Cheap to clone; all
/// clones are one goal.
///
/// It comes to rest when it is complete, blocked, out of its budget, paused or cleared, as soon as the
/// turn that runs then has ended; and when a turn of it is interrupted, which the server does not go
/// on after. [`resume`](Self::resume) sets it going again. All turns of the thread in the meantime are
/// turns of the goal, also one that this program starts.
///
/// Dropping the handles and streams ends nothing: the server pursues the goal on. A further goal in
/// the same thread takes the place of this one, which is at rest then.
///
/// # Memory
///
/// The completed items of all turns are kept as long as a handle or a stream is. Events are kept for
/// the first [`stream`](Self::stream), unless [`run`](Self::run) was called before there was one.
#[derive(Debug, Clone)]
pub struct GoalHandle {
    codex: Codex,
    tracker: Arc<GoalTracker>,
}

impl GoalHandle {
    pub(crate) fn new(codex: Codex, tracker: Arc<GoalTracker>) -> Self {
        Self { codex, tracker }
    }

    /// The id of the thread that has the goal.
    pub fn thread_id(&self) -> &str {
        self.tracker.thread_id()
    }

    /// The goal, with what it has used, as the server has last told; `None` once it is cleared.
    pub fn goal(&self) -> Option<ThreadGoal> {
        self.tracker.goal()
    }

    /// The turn that runs: to steer it, to interrupt it, to follow it alone.
    pub fn turn(&self) -> Option<TurnHandle> {
        let log = self.tracker.running()?;
        Some(TurnHandle::new(self.codex.clone(), log, Ok))
    }

    /// The events of all turns, in order, until the goal comes to rest.
    ///
    /// The first stream begins with the first event; one that is made after another has ended goes on
    /// from there, so that what follows a [`resume`](Self::resume) is read with a new one.
    pub fn stream(&self) -> GoalStream {
        GoalStream::new(self.codex.clone(), Arc::clone(&self.tracker))
    }

    /// Waits until the goal comes to rest and collects what it has come to, since this handle was
    /// made. However it ended is a result: its [status](GoalResult::status) says, and the last of its
    /// turns if that failed or was interrupted.
    ///
    /// # Errors
    ///
    /// [`ConnectionClosed`](crate::Error::Closed) if the connection ended before, with what the last turn had
    /// come to in [`ConnectionClosed::partial`](crate::Closed::partial); [`TurnDetached`](crate::Error::TurnDetached) if
    /// nothing more will be told of the thread; [`Decode`](crate::Error::Decode) if what the result is
    /// made of cannot be understood.
    pub async fn run(&self) -> Result<GoalResult> {
        self.tracker.mute();
        match poll_fn(|context| self.tracker.poll_end(context)).await {
            GoalEnd::Ended => self.partial(),
            GoalEnd::EarlyEnd(why) => Err(lost(&self.tracker, why)),
        }
    }

    /// What the goal has come to so far, at any time.
    ///
    /// # Errors
    ///
    /// [`Decode`](crate::Error::Decode) if what it is made of cannot be understood.
    pub fn partial(&self) -> Result<GoalResult> {
        GoalResult::collect(&self.tracker)
    }

    /// Pauses the goal (`thread/goal/set`): the turn that runs goes on to its end, and no other one
    /// follows. To stop that turn, too, [interrupt](TurnHandle::interrupt) the [`turn`](Self::turn).
    /// A goal that is not active is left as it is.
    ///
    /// # Errors
    ///
    /// As [`RequestBuilder::send`](crate::builder::RequestBuilder::send).
    pub async fn pause(&self) -> Result<()> {
        if !matches!(
            self.tracker.standing(),
            GoalState::Active | GoalState::Unknown
        ) {
            return Ok(());
        }
        self.set(ThreadGoalStatus::Paused, |state| {
            !matches!(state, GoalState::Active | GoalState::Unknown)
        })
        .await
    }

    /// Goes on with the goal (`thread/goal/set`), whatever it was stopped by.
    ///
    /// # Errors
    ///
    /// As [`RequestBuilder::send`](crate::builder::RequestBuilder::send); [`Rpc`](crate::Error::Rpc) also if it was cleared, and
    /// [`InvalidInput`](crate::Error::InvalidInput) if the thread has another goal now.
    pub async fn resume(&self) -> Result<()> {
        self.is_ours()?;
        let before = self.tracker.expect();
        let set = self.set(ThreadGoalStatus::Active, |state| state == GoalState::Active);
        set.await
            .inspect_err(|_| self.tracker.expect_no_more(before))
    }

    /// Takes the goal away from the thread (`thread/goal/clear`). The turn that runs goes on to its
    /// end.
    ///
    /// # Errors
    ///
    /// As [`RequestBuilder::send`](crate::builder::RequestBuilder::send), and
    /// [`InvalidInput`](crate::Error::InvalidInput) if the thread has another goal now.
    pub async fn clear(&self) -> Result<()> {
        self.is_ours()?;
        let connection = self.codex.connection();
        let params = ThreadGoalClearParams::new(self.thread_id());
        let response = connection.call(&params, connection.timeout()).await?;
        let is_cleared = |state, _: Option<&ThreadGoal>| state == GoalState::Cleared;
        match response.cleared {
            true => self.until(connection.timeout(), is_cleared).await,
            false => Ok(()),
        }
    }

    fn is_ours(&self) -> Result<()> {
        match self.tracker.standing() {
            GoalState::Superseded => Err(Error::InvalidInput(
                "the thread has another goal now: use the handle of that one".into(),
            )),
            _ => Ok(()),
        }
    }

    /// Sets the status, and waits until that has been told: what comes after is about what follows.
    async fn set(&self, status: ThreadGoalStatus, is: impl Fn(GoalState) -> bool) -> Result<()> {
        let connection = self.codex.connection();
        let params = ThreadGoalSetParams::new(self.thread_id()).status(status);
        connection.call(&params, connection.timeout()).await?;
        self.until(connection.timeout(), |state, _| is(state)).await
    }

    /// Waits until it was told that things are so with the goal.
    pub(crate) async fn until(
        &self,
        limit: Option<Duration>,
        is: impl Fn(GoalState, Option<&ThreadGoal>) -> bool,
    ) -> Result<()> {
        let told = async {
            let told = poll_fn(|context| self.tracker.poll_goal(&is, context));
            told.await.map_err(|why| lost(&self.tracker, why))
        };
        let Some(after) = limit else {
            return told.await;
        };
        let method = "thread/goal/updated";
        let in_time = timeout(after, told).await;
        in_time.unwrap_or(Err(Error::Timeout { method, after }))
    }
}

/// The error of a goal whose end will not be told.
pub(crate) fn lost(tracker: &GoalTracker, why: EarlyEnd) -> Error {
    match (tracker.turns().pop(), why) {
        (Some(last), why) => turn::stream::lost(&last, why),
        (None, EarlyEnd::Closed(closed)) => Error::Closed(closed),
        (None, EarlyEnd::Lost(reason)) => Error::TurnDetached(Box::new(TurnDetached {
            thread_id: tracker.thread_id().to_owned(),
            turn_id: String::new(),
            reason,
            partial: None,
        })),
    }
}
