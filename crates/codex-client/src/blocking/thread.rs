//! Threads of the blocking API.

use codex_types::{ReviewTarget, ThreadGoal, ThreadTokenUsage};

use super::{GoalStartBuilder, ReviewBuilder, RunBuilder, ThreadReadBuilder, TurnStartBuilder};
use crate::{
    blocking::{
        notifications::ThreadEvents, requests::RequestInbox, turn::TurnHandle, worker::wait,
    },
    config::ThreadSettings,
    error::Result,
    input::Input,
    run_input::RunInput,
};

/// A thread on the server. Cheap to clone; all clones refer to the same thread.
///
/// ```no_run
/// use codex_client::{Result, blocking::Thread};
///
/// fn example(thread: &Thread) -> Result<()> {
///     let result = thread.run("Explain this repository in three bullets.").send()?;
///     println!("{}", result.final_response.as_deref().unwrap_or("(no response)"));
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Thread {
    inner: crate::Thread,
}

impl Thread {
    /// Runs a turn to its end and collects its result (`turn/start`).
    ///
    /// ```no_run
    /// use codex_client::{Result, blocking::Thread};
    ///
    /// fn example(thread: &Thread) -> Result<()> {
    ///     let result = thread.run("Explain this repository in three bullets.").send()?;
    ///     println!("{}", result.final_response.as_deref().unwrap_or("(no response)"));
    ///     Ok(())
    /// }
    /// ```
    pub fn run(&self, input: impl Into<RunInput>) -> RunBuilder {
        RunBuilder::new(&self.inner, input.into())
    }

    /// Starts a turn and returns its handle (`turn/start`), to stream its events, steer it or
    /// interrupt it.
    ///
    /// ```no_run
    /// use codex_client::{Result, blocking::Thread};
    ///
    /// fn example(thread: &Thread) -> Result<()> {
    ///     let turn = thread.turn("Refactor the parser.").send()?;
    ///     for event in turn.stream() {
    ///         println!("{:?}", event?);
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn turn(&self, input: impl Into<RunInput>) -> TurnStartBuilder {
        TurnStartBuilder::new(&self.inner, input.into())
    }

    /// Adds input to the running turn if there is one (`turn/steer`); otherwise, starts a turn
    /// (`turn/start`). Returns the turn that received the input.
    ///
    /// The client knows the running turn from the server's notifications, no matter which client
    /// started that turn. If the turn has ended by the time the input arrives, a new turn is
    /// started instead. If another client started the turn, its events begin at about the point
    /// where this client joined it.
    ///
    /// ```no_run
    /// use codex_client::{Result, blocking::Thread};
    ///
    /// fn example(thread: &Thread) -> Result<()> {
    ///     let turn = thread.steer_or_start("And keep the tests green.")?;
    ///     let result = turn.run()?;
    ///     println!("{:?}", result.status);
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Same as [`RequestBuilder::send`](crate::blocking::RequestBuilder#method.send); also
    /// [`Rpc`](crate::Error::Rpc) if the running turn cannot be steered, as is the case for a
    /// review.
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn steer_or_start(&self, input: impl Into<Input>) -> Result<TurnHandle> {
        wait(self.inner.steer_or_start(input)).map(Into::into)
    }

    /// Interrupts the running turn of the thread if there is one (`turn/interrupt`), no matter
    /// which client started it. Returns when the server has accepted the request or the turn has
    /// ended, whichever comes first.
    ///
    /// The client knows the running turn from the server's notifications. If it knows none, it asks
    /// the server (`thread/turns/list`), because the turn may have begun before this client resumed
    /// the thread. A turn that has not begun yet is interrupted as soon as it begins. A turn whose
    /// start has no response yet is not known:
    /// [`until`](crate::blocking::RunBuilder::until) stops that one too.
    ///
    /// ```no_run
    /// use codex_client::{Result, blocking::Thread};
    ///
    /// fn cancel(thread: &Thread) -> Result<()> {
    ///     thread.interrupt()
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Same as [`TurnHandle::interrupt`].
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn interrupt(&self) -> Result<()> {
        wait(self.inner.interrupt())
    }

    /// Reviews code in this thread (`review/start`): the uncommitted changes, the changes since a
    /// branch, the changes in a commit, or whatever custom instructions describe.
    ///
    /// The model does not see the history of the thread. The review becomes part of the history, so
    /// later turns know about it. To keep the review out of the history, run it in a new thread.
    ///
    /// ```no_run
    /// use codex_client::{
    ///     Result,
    ///     blocking::Thread,
    ///     types::{BaseBranchReviewTarget, ReviewTarget},
    /// };
    ///
    /// fn example(thread: &Thread) -> Result<()> {
    ///     let result = thread.review(ReviewTarget::UncommittedChanges).send()?;
    ///     println!("{}", result.review().unwrap_or("(no review)"));
    ///
    ///     let turn = thread.review(BaseBranchReviewTarget::new("main")).start()?;
    ///     for event in turn.stream() {
    ///         println!("{:?}", event?);
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn review(&self, target: impl Into<ReviewTarget>) -> ReviewBuilder {
        ReviewBuilder::new(&self.inner, target.into())
    }

    /// Sets a goal and begins to pursue it (`thread/goal/set`). The server starts one turn after
    /// another until the model marks the goal as complete or blocked, a limit is reached, or a
    /// client pauses or clears the goal. A previous goal of the thread is cleared first.
    ///
    /// The thread must not be ephemeral.
    pub fn goal_start(&self, objective: impl Into<String>) -> GoalStartBuilder {
        GoalStartBuilder::new(&self.inner, objective.into())
    }

    /// Resumes the goal of the thread (`thread/goal/set`): a goal that was paused or blocked, or
    /// the goal of a thread that was [resumed](crate::blocking::Codex::thread_resume).
    pub fn goal_resume(&self) -> GoalStartBuilder {
        GoalStartBuilder::resume(&self.inner)
    }

    /// Returns the goal of the thread, if there is one (`thread/goal/get`).
    ///
    /// # Errors
    ///
    /// Same as [`RequestBuilder::send`](crate::blocking::RequestBuilder#method.send); also
    /// [`Rpc`](crate::Error::Rpc) if the thread is ephemeral.
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn goal(&self) -> Result<Option<ThreadGoal>> {
        wait(self.inner.goal())
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
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn token_usage(&self) -> Result<Option<ThreadTokenUsage>> {
        wait(self.inner.token_usage())
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
    /// use codex_client::{Result, blocking::Thread};
    ///
    /// fn example(thread: &Thread) -> Result<()> {
    ///     let settings = thread.settings()?;
    ///     println!("{:?} in {:?}", settings.model, settings.cwd);
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Closed`](crate::Error::Closed) if the connection has ended.
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn settings(&self) -> Result<ThreadSettings> {
        wait(self.inner.settings())
    }

    /// Subscribes to everything that happens in this thread: the events of all its turns, no matter
    /// which client started them, and the notifications about the thread itself, such as its name
    /// and its status. Events of sub-agents, which have threads of their own, are not included.
    ///
    /// The events are delivered in addition to the streams of the turns and to
    /// [`Codex::notifications`](crate::blocking::Codex::notifications).
    ///
    /// ```no_run
    /// use codex_client::{Result, blocking::Thread, types::ServerNotification};
    ///
    /// fn example(thread: &Thread) -> Result<()> {
    ///     for event in thread.events() {
    ///         if let ServerNotification::ThreadStatusChanged(changed) = event? {
    ///             println!("now {:?}", changed.status);
    ///         }
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn events(&self) -> ThreadEvents {
        self.inner.events().into()
    }

    /// Opens an inbox for the requests from the server about this thread, so that you can respond
    /// to them in your own time. Such requests reach neither a handler nor
    /// [`Codex::server_requests`](crate::blocking::Codex::server_requests).
    ///
    /// The requests from its sub-agents are included, with the ids of their own threads, unless
    /// there is an inbox for the thread of the sub-agent. Calls to a [`Tool`](crate::Tool) of the
    /// thread are not included.
    pub fn server_requests(&self) -> RequestInbox {
        self.inner.server_requests().into()
    }

    /// Compacts the history of the thread (`thread/compact/start`), so that it takes up less of the
    /// context window. A running turn is interrupted.
    ///
    /// Returns the turn that performs the compaction as soon as that turn begins. The compaction is
    /// complete when that turn has ended: wait for it with [`TurnHandle::run`]. If the handle is
    /// dropped, the server still compacts the history.
    ///
    /// ```no_run
    /// use codex_client::{Result, blocking::Thread};
    ///
    /// fn example(thread: &Thread) -> Result<()> {
    ///     thread.compact()?.run()?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Same as [`RequestBuilder::send`](crate::blocking::RequestBuilder#method.send); also
    /// [`Timeout`](crate::Error::Timeout) if the server accepts the request but the compaction does
    /// not begin within the [request timeout](crate::blocking::CodexBuilder::request_timeout).
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn compact(&self) -> Result<TurnHandle> {
        wait(self.inner.compact()).map(Into::into)
    }

    /// Runs a command that the *user* typed, in the user's shell and directory, and adds its output
    /// to the history (`thread/shellCommand`). There is no sandbox and no approval: never pass a
    /// command that a model wrote. For the program's own commands, use
    /// [`Codex::exec`](crate::blocking::Codex::exec).
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
    /// use codex_client::{Result, blocking::Thread, types::ThreadItem};
    ///
    /// fn example(thread: &Thread) -> Result<()> {
    ///     let result = thread.shell_command("git status | head")?.run()?;
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
    /// Same as [`RequestBuilder::send`](crate::blocking::RequestBuilder#method.send); also
    /// [`Timeout`](crate::Error::Timeout) if the server accepts the request but the command does
    /// not begin within the [request timeout](crate::blocking::CodexBuilder::request_timeout).
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn shell_command(&self, command: impl Into<String>) -> Result<TurnHandle> {
        wait(self.inner.shell_command(command)).map(Into::into)
    }

    /// Sets the name of the thread, which is shown in lists of threads (`thread/name/set`).
    ///
    /// # Errors
    ///
    /// Same as [`RequestBuilder::send`](crate::blocking::RequestBuilder#method.send).
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn set_name(&self, name: impl Into<String>) -> Result<()> {
        wait(self.inner.set_name(name))
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
    /// Same as [`RequestBuilder::send`](crate::blocking::RequestBuilder#method.send); also
    /// [`Rpc`](crate::Error::Rpc) if the thread has no turn yet, or is ephemeral.
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    #[cfg(feature = "render")]
    pub fn transcript(&self) -> Result<String> {
        wait(self.inner.transcript())
    }

    /// Reads the saved thread, optionally with its turns (`thread/read`).
    pub fn read(&self) -> ThreadReadBuilder {
        ThreadReadBuilder::new(&self.inner)
    }

    /// Returns the id of the thread, for use with
    /// [`Codex::thread_resume`](crate::blocking::Codex::thread_resume).
    pub fn id(&self) -> &str {
        self.inner.id()
    }
}

/// Converts the async type into the blocking one.
impl From<crate::Thread> for Thread {
    fn from(inner: crate::Thread) -> Self {
        Self { inner }
    }
}
