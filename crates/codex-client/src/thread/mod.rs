//! The methods of a thread.

pub(crate) mod directories;
pub(crate) mod events;
pub(crate) mod interrupt;
pub(crate) mod list;
pub(crate) mod read;
pub(crate) mod start;
pub(crate) mod untracked_turn;

use std::sync::Arc;

use codex_types::{
    ReviewTarget, ThreadGoal, ThreadGoalGetParams, ThreadSetNameParams, ThreadTokenUsage,
    ThreadTokenUsageUpdatedNotification, TurnSteerParams,
};

use crate::{
    client::Thread,
    config::ThreadSettings,
    error::Result,
    goal::start::GoalStartBuilder,
    inbox::request_inbox::RequestInbox,
    input::Input,
    run_input::RunInput,
    thread::{events::ThreadEvents, read::ThreadReadBuilder},
    turn::{
        handle::TurnHandle,
        review::ReviewBuilder,
        start::{RunBuilder, TurnStartBuilder},
    },
};
#[cfg(feature = "render")]
use crate::{mode::Async, render};

impl Thread {
    /// Runs a turn to its end and collects its result (`turn/start`).
    ///
    /// ```no_run
    /// use codex_client::{Result, Thread};
    ///
    /// async fn example(thread: &Thread) -> Result<()> {
    ///     let result = thread.run("Explain this repository in three bullets.").await?;
    ///     println!("{}", result.final_response.as_deref().unwrap_or("(no response)"));
    ///     Ok(())
    /// }
    /// ```
    pub fn run(&self, input: impl Into<RunInput>) -> RunBuilder {
        RunBuilder::new(self, input.into())
    }

    /// Starts a turn and returns its handle (`turn/start`), to stream its events, steer it or
    /// interrupt it.
    ///
    /// ```no_run
    /// use codex_client::{Result, Thread};
    ///
    /// async fn example(thread: &Thread) -> Result<()> {
    ///     let turn = thread.turn("Refactor the parser.").await?;
    ///     let mut events = turn.stream();
    ///     while let Some(event) = events.next().await {
    ///         println!("{:?}", event?);
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn turn(&self, input: impl Into<RunInput>) -> TurnStartBuilder {
        TurnStartBuilder::new(self, input.into())
    }

    /// Adds input to the running turn if there is one (`turn/steer`); otherwise, starts a turn
    /// (`turn/start`). Returns the turn that received the input.
    ///
    /// The client knows the running turn from the server's notifications, no matter which client
    /// started that turn. If the turn has ended by the time the input arrives, a new turn is
    /// started instead. If another client started the turn, its events begin at about the point
    /// where this client joined it.
    ///
    /// If the future is dropped, the input may or may not have been sent; nothing more is sent.
    ///
    /// ```no_run
    /// use codex_client::{Result, Thread};
    ///
    /// async fn example(thread: &Thread) -> Result<()> {
    ///     let turn = thread.steer_or_start("And keep the tests green.").await?;
    ///     let result = turn.run().await?;
    ///     println!("{:?}", result.status);
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Same as [`RequestBuilder::send`](crate::builder::RequestBuilder::send); also
    /// [`Rpc`](crate::Error::Rpc) if the running turn cannot be steered, as is the case for a
    /// review.
    pub async fn steer_or_start(&self, input: impl Into<Input>) -> Result<TurnHandle> {
        let input = input.into();
        let connection = self.codex.connection();
        if let Some(active) = connection.active_turn(self.id()).await? {
            let params = TurnSteerParams::new(self.id(), active.id, input.clone());
            let steered = connection.call_for_turn(&params, connection.timeout(), self.id());
            match steered.await {
                Ok((_, log)) => return Ok(TurnHandle::new(self.codex.clone(), log, Ok)),
                Err(error) if error.is_not_running() => {}
                Err(error) => return Err(error),
            }
        }
        self.turn(input).send().await
    }

    /// Interrupts the running turn of the thread if there is one (`turn/interrupt`), no matter
    /// which client started it. Returns when the server has accepted the request or the turn has
    /// ended, whichever comes first.
    ///
    /// The client knows the running turn from the server's notifications. If it knows none, it asks
    /// the server (`thread/turns/list`), because the turn may have begun before this client resumed
    /// the thread. A turn that has not begun yet is interrupted as soon as it begins. A turn whose
    /// start has no response yet is not known:
    /// [`until`](crate::builder::RunBuilder::until) stops that one too.
    ///
    /// ```no_run
    /// use codex_client::{Result, Thread};
    ///
    /// async fn cancel(thread: &Thread) -> Result<()> {
    ///     thread.interrupt().await
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Same as [`TurnHandle::interrupt`].
    pub async fn interrupt(&self) -> Result<()> {
        interrupt::interrupt(self).await
    }

    /// Reviews code in this thread (`review/start`): the uncommitted changes, the changes since a
    /// branch, the changes in a commit, or whatever custom instructions describe.
    ///
    /// The model does not see the history of the thread. The review becomes part of the history, so
    /// later turns know about it. To keep the review out of the history, run it in a new thread.
    ///
    /// ```no_run
    /// use codex_client::{
    ///     Result, Thread,
    ///     types::{BaseBranchReviewTarget, ReviewTarget},
    /// };
    ///
    /// async fn example(thread: &Thread) -> Result<()> {
    ///     let result = thread.review(ReviewTarget::UncommittedChanges).await?;
    ///     println!("{}", result.review().unwrap_or("(no review)"));
    ///
    ///     let turn = thread.review(BaseBranchReviewTarget::new("main")).start().await?;
    ///     let mut events = turn.stream();
    ///     while let Some(event) = events.next().await {
    ///         println!("{:?}", event?);
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn review(&self, target: impl Into<ReviewTarget>) -> ReviewBuilder {
        ReviewBuilder::new(self, target.into())
    }

    /// Sets a goal and begins to pursue it (`thread/goal/set`). The server starts one turn after
    /// another until the model marks the goal as complete or blocked, a limit is reached, or a
    /// client pauses or clears the goal. A previous goal of the thread is cleared first.
    ///
    /// The thread must not be ephemeral.
    pub fn goal_start(&self, objective: impl Into<String>) -> GoalStartBuilder {
        GoalStartBuilder::new(self, objective.into())
    }

    /// Resumes the goal of the thread (`thread/goal/set`): a goal that was paused or blocked, or
    /// the goal of a thread that was [resumed](crate::Codex::thread_resume).
    pub fn goal_resume(&self) -> GoalStartBuilder {
        GoalStartBuilder::resume(self)
    }

    /// Returns the goal of the thread, if there is one (`thread/goal/get`).
    ///
    /// # Errors
    ///
    /// Same as [`RequestBuilder::send`](crate::builder::RequestBuilder::send); also
    /// [`Rpc`](crate::Error::Rpc) if the thread is ephemeral.
    pub async fn goal(&self) -> Result<Option<ThreadGoal>> {
        let params = ThreadGoalGetParams::new(self.id());
        let connection = self.codex.connection();
        let response = connection.call(&params, connection.timeout()).await?;
        Ok(response.goal)
    }

    /// Returns the token usage of the thread, as last reported by the server
    /// (`thread/tokenUsage/updated`): that of the latest model call, that of the thread over its
    /// lifetime, and the size of the context window. Sends nothing. `None` if this client has
    /// received no report: the server sends one after each model call, and when a thread with
    /// earlier turns is resumed.
    ///
    /// The lifetime of a fork includes that of the thread it was made from. The tokens of a single
    /// turn are in its [result](crate::TurnResult::tokens).
    ///
    /// # Errors
    ///
    /// [`Closed`](crate::Error::Closed) if the connection has ended;
    /// [`Decode`](crate::Error::Decode) if the report cannot be read.
    pub async fn token_usage(&self) -> Result<Option<ThreadTokenUsage>> {
        let report = self.codex.connection().token_usage(self.id()).await?;
        let Some(report) = report else {
            return Ok(None);
        };
        let report: ThreadTokenUsageUpdatedNotification = report.decode_params()?;
        Ok(Some(report.token_usage))
    }

    /// Returns the settings of the thread, which apply to its next turn: its model, sandbox,
    /// approval policy, working directory and more. Sends nothing.
    ///
    /// The settings are those that the server has reported in the response that loaded the thread
    /// (`thread/start`, `thread/resume`, `thread/fork`), with the changes that it has reported
    /// since (`thread/settings/updated`): the options of a turn also apply to later turns. The
    /// server reports changes only to clients with the
    /// [experimental API](crate::builder::CodexBuilder::experimental_api), which is enabled by
    /// default. All members are `None` if this client has not loaded the thread, or if it has been
    /// closed.
    ///
    /// ```no_run
    /// use codex_client::{Result, Thread};
    ///
    /// async fn example(thread: &Thread) -> Result<()> {
    ///     let settings = thread.settings().await?;
    ///     println!("{:?} in {:?}", settings.model, settings.cwd);
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Closed`](crate::Error::Closed) if the connection has ended.
    pub async fn settings(&self) -> Result<ThreadSettings> {
        let settings = self.codex.connection().thread_settings(self.id()).await?;
        Ok(settings.map(Arc::unwrap_or_clone).unwrap_or_default())
    }

    /// Subscribes to everything that happens in this thread: the events of all its turns, no matter
    /// which client started them, and the notifications about the thread itself, such as its name
    /// and its status. Events of sub-agents, which have threads of their own, are not included.
    ///
    /// The events are delivered in addition to the streams of the turns and to
    /// [`Codex::notifications`](crate::Codex::notifications).
    ///
    /// ```no_run
    /// use codex_client::{Result, Thread, types::ServerNotification};
    ///
    /// async fn example(thread: &Thread) -> Result<()> {
    ///     let mut events = thread.events();
    ///     while let Some(event) = events.next().await {
    ///         if let ServerNotification::ThreadStatusChanged(changed) = event? {
    ///             println!("now {:?}", changed.status);
    ///         }
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn events(&self) -> ThreadEvents {
        ThreadEvents::new(self)
    }

    /// Opens an inbox for the requests from the server about this thread, so that you can respond
    /// to them in your own time. Such requests reach neither a handler nor
    /// [`Codex::server_requests`](crate::Codex::server_requests).
    ///
    /// The requests from its sub-agents are included, with the ids of their own threads, unless
    /// there is an inbox for the thread of the sub-agent. Calls to a [`Tool`](crate::Tool) of the
    /// thread are not included.
    pub fn server_requests(&self) -> RequestInbox {
        RequestInbox::new(self.codex.dispatch().open_inbox(Some(self.id())))
    }

    /// Compacts the history of the thread (`thread/compact/start`), so that it takes up less of the
    /// context window. A running turn is interrupted.
    ///
    /// Returns the turn that performs the compaction as soon as that turn begins. The compaction is
    /// complete when that turn has ended: wait for it with [`TurnHandle::run`]. If the future or
    /// the handle is dropped, the server still compacts the history.
    ///
    /// ```no_run
    /// use codex_client::{Result, Thread};
    ///
    /// async fn example(thread: &Thread) -> Result<()> {
    ///     thread.compact().await?.run().await?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Same as [`RequestBuilder::send`](crate::builder::RequestBuilder::send); also
    /// [`Timeout`](crate::Error::Timeout) if the server accepts the request but the compaction does
    /// not begin within the [request timeout](crate::builder::CodexBuilder::request_timeout).
    pub async fn compact(&self) -> Result<TurnHandle> {
        untracked_turn::compact(self).await
    }

    /// Runs a command that the *user* typed, in the user's shell and directory, and adds its output
    /// to the history (`thread/shellCommand`). There is no sandbox and no approval: never pass a
    /// command that a model wrote. For the program's own commands, use
    /// [`Codex::exec`](crate::Codex::exec).
    ///
    /// Returns the turn as soon as the command begins: either the running turn, or a turn that the
    /// server starts only for the command, without the model. The command is an item of that turn,
    /// with the source [`UserShell`](crate::types::CommandExecutionSource::UserShell), its output
    /// and its exit code. [Interrupting](TurnHandle::interrupt) the turn ends the command;
    /// otherwise, the server ends the command after an hour. If the handle is dropped, the command
    /// continues.
    ///
    /// Wait for the turn to end before you send the next prompt: a prompt that joins the turn of a
    /// command gets no response, because the model does not work in that turn.
    ///
    /// ```no_run
    /// use codex_client::{Result, Thread, types::ThreadItem};
    ///
    /// async fn example(thread: &Thread) -> Result<()> {
    ///     let result = thread.shell_command("git status | head").await?.run().await?;
    ///     for item in result.items {
    ///         if let ThreadItem::CommandExecution(command) = item {
    ///             println!("{}", command.aggregated_output.unwrap_or_default());
    ///         }
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Same as [`RequestBuilder::send`](crate::builder::RequestBuilder::send); also
    /// [`Timeout`](crate::Error::Timeout) if the server accepts the request but the command does
    /// not begin within the [request timeout](crate::builder::CodexBuilder::request_timeout).
    pub async fn shell_command(&self, command: impl Into<String>) -> Result<TurnHandle> {
        untracked_turn::shell_command(self, command.into()).await
    }

    /// Sets the name of the thread, which is shown in lists of threads (`thread/name/set`).
    ///
    /// # Errors
    ///
    /// Same as [`RequestBuilder::send`](crate::builder::RequestBuilder::send).
    pub async fn set_name(&self, name: impl Into<String>) -> Result<()> {
        let params = ThreadSetNameParams::new(self.id(), name);
        let connection = self.codex.connection();
        let named = connection.call(&params, connection.timeout());
        named.await.map(drop)
    }

    /// Reads the thread with its turns (`thread/read`) and returns its transcript as Markdown: the
    /// prompts, the responses, the commands with their output, and the diffs of the changed files.
    ///
    /// The transcript shows at most 100 lines of each output and diff. For other settings, pass the
    /// thread that [`read`](Self::read) returns to [`render::thread`](crate::render::thread). The
    /// server saves the items of a thread without the output of some tools.
    ///
    /// # Errors
    ///
    /// Same as [`RequestBuilder::send`](crate::builder::RequestBuilder::send); also
    /// [`Rpc`](crate::Error::Rpc) if the thread has no turn yet, or is ephemeral.
    #[cfg(feature = "render")]
    pub async fn transcript(&self) -> Result<String> {
        let read = ThreadReadBuilder::<Async>::new(self).include_turns(true);
        let read = read.execute().await?;
        Ok(render::thread(&read.thread).to_string())
    }

    /// Reads the saved thread, optionally with its turns (`thread/read`).
    pub fn read(&self) -> ThreadReadBuilder {
        ThreadReadBuilder::new(self)
    }

    /// Returns the id of the thread, for use with
    /// [`Codex::thread_resume`](crate::Codex::thread_resume).
    pub fn id(&self) -> &str {
        &self.id
    }
}
