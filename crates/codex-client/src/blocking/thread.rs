//! Threads of the blocking API.

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

/// A thread on the server. Cheap to clone; all clones are one thread.
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

    /// Adds input to the running turn if there is one (`turn/steer`), or starts a turn
    /// (`turn/start`). Returns the turn that received the input.
    ///
    /// The running turn is known from the notifications from the server, no matter which client
    /// started it. If it has ended by the time the input arrives, a turn is started after all. The
    /// events of a turn that another client started begin about when this client joined it.
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
    /// Same as [`RequestBuilder::send`](crate::blocking::RequestBuilder#method.send);
    /// [`Rpc`](crate::Error::Rpc) also for a turn that cannot be steered, such as a review.
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if this
    /// thread cannot wait.
    pub fn steer_or_start(&self, input: impl Into<Input>) -> Result<TurnHandle> {
        wait(self.inner.steer_or_start(input)).map(Into::into)
    }

    /// Reviews code in this thread (`review/start`): the uncommitted changes, the changes since a
    /// branch, the changes of a commit, or what custom instructions describe.
    ///
    /// The model does not see the history of the thread. The review becomes part of it and is
    /// known to later turns. To keep it out, review in a new thread.
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

    /// Sets a goal and begins to pursue it (`thread/goal/set`). The server starts turn after turn
    /// until the model marks the goal as complete or blocked, a limit is reached, or a client
    /// pauses or clears the goal. A previous goal of the thread is cleared first.
    ///
    /// The thread must not be ephemeral.
    pub fn goal_start(&self, objective: impl Into<String>) -> GoalStartBuilder {
        GoalStartBuilder::new(&self.inner, objective.into())
    }

    /// Resumes the goal of the thread (`thread/goal/set`): a goal that was paused or blocked, or
    /// one of a thread that was [resumed](crate::blocking::Codex::thread_resume).
    pub fn goal_resume(&self) -> GoalStartBuilder {
        GoalStartBuilder::resume(&self.inner)
    }

    /// Returns the goal of the thread, if there is one (`thread/goal/get`).
    ///
    /// # Errors
    ///
    /// Same as [`RequestBuilder::send`](crate::blocking::RequestBuilder#method.send);
    /// [`Rpc`](crate::Error::Rpc) also for an ephemeral thread.
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if this
    /// thread cannot wait.
    pub fn goal(&self) -> Result<Option<ThreadGoal>> {
        wait(self.inner.goal())
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

    /// Opens an inbox for the requests from the server about this thread, to respond to them in
    /// your own time. Such requests do not reach a handler or
    /// [`Codex::server_requests`](crate::blocking::Codex::server_requests).
    ///
    /// Requests from sub-agents, which have threads of their own, and calls to a
    /// [`Tool`](crate::Tool) of the thread are not included.
    pub fn server_requests(&self) -> RequestInbox {
        self.inner.server_requests().into()
    }

    /// Compacts the history of the thread (`thread/compact/start`), so that it takes less of the
    /// context window. A running turn is interrupted.
    ///
    /// Returns the turn of the compaction as soon as it begins. The compaction is complete when
    /// that turn has ended: wait for it with [`TurnHandle::run`]. If the handle is dropped, the
    /// server compacts all the same.
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
    /// Same as [`RequestBuilder::send`](crate::blocking::RequestBuilder#method.send);
    /// [`Timeout`](crate::Error::Timeout) also if the server accepts the request and the compaction
    /// does not begin within the [request timeout](crate::blocking::CodexBuilder::request_timeout).
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if this
    /// thread cannot wait.
    pub fn compact(&self) -> Result<TurnHandle> {
        wait(self.inner.compact()).map(Into::into)
    }

    /// Runs a command that the *user* typed, in the user's shell and directory, and adds its output
    /// to the history (`thread/shellCommand`). There is no sandbox and no approval: never pass a
    /// command that a model wrote. For commands of the program itself use
    /// [`Codex::exec`](crate::blocking::Codex::exec).
    ///
    /// Returns the turn as soon as the command begins: the running turn, or a turn that the server
    /// starts for the command, without the model. The command is an item of that turn, with the
    /// source [`UserShell`](crate::types::CommandExecutionSource::UserShell), its output and its
    /// exit code. [Interrupting](TurnHandle::interrupt) the turn ends the command; the server ends
    /// it after an hour. If the handle is dropped, the command continues.
    ///
    /// Wait for the turn to end before the next prompt: a prompt that joins the turn of a
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
    /// Same as [`RequestBuilder::send`](crate::blocking::RequestBuilder#method.send);
    /// [`Timeout`](crate::Error::Timeout) also if the server accepts the request and the command
    /// does not begin within the [request timeout](crate::blocking::CodexBuilder::request_timeout).
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if this
    /// thread cannot wait.
    pub fn shell_command(&self, command: impl Into<String>) -> Result<TurnHandle> {
        wait(self.inner.shell_command(command)).map(Into::into)
    }

    /// Sets the name of the thread, which lists show (`thread/name/set`).
    ///
    /// # Errors
    ///
    /// Same as [`RequestBuilder::send`](crate::blocking::RequestBuilder#method.send).
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if this
    /// thread cannot wait.
    pub fn set_name(&self, name: impl Into<String>) -> Result<()> {
        wait(self.inner.set_name(name))
    }

    /// Reads the saved thread, optionally with its turns (`thread/read`).
    pub fn read(&self) -> ThreadReadBuilder {
        ThreadReadBuilder::new(&self.inner)
    }

    /// Returns the id of the thread, which
    /// [`Codex::thread_resume`](crate::blocking::Codex::thread_resume) takes.
    pub fn id(&self) -> &str {
        self.inner.id()
    }
}

/// Converts to the blocking API.
impl From<crate::Thread> for Thread {
    fn from(inner: crate::Thread) -> Self {
        Self { inner }
    }
}
