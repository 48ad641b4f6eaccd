//! Starting, resuming and forking threads, with all of their options.

use std::sync::Arc;

use codex_types::{
    ApprovalsReviewer, AskForApproval, Personality, SandboxMode, ThreadForkParams,
    ThreadResumeParams, ThreadSource, ThreadStartParams, ThreadStartSource,
};

use crate::{
    approval_mode::approval_mode,
    blocking,
    builder_macros::{options, sends, timeouts},
    codex::Codex,
    connection::command::ThreadTools,
    error::{Error, Result},
    mode::Async,
    request_builder::RequestBuilder,
    thread::Thread,
    tool::set::{ToolSet, tools},
};

/// The options of all three, and those that only one of them has.
macro_rules! thread_options {
    ($params:ty { $($more:tt)* }) => {
        options! { $params {
            /// When the server asks before it acts.
            approval_policy: AskForApproval;
            /// Who is asked.
            approvals_reviewer: ApprovalsReviewer;
            /// Replaces the instructions that codex comes with.
            base_instructions: String;
            /// Overrides of configuration values for this thread, by their dotted keys:
            /// `.config([("model_reasoning_effort", "high")])`, or a JSON object.
            config: {Value};
            /// The working directory.
            cwd: Path;
            /// Instructions in addition to the base ones.
            developer_instructions: String;
            /// The model, by its id.
            model: String;
            /// Who serves the model.
            model_provider: String;
            /// What commands may change: a [`Sandbox`](crate::Sandbox) preset or a [`SandboxMode`].
            sandbox: SandboxMode;
            /// The service tier of the thread's turns.
            service_tier: String;
            $($more)*
        } }

        approval_mode! {
            /// Who decides on what the sandbox does not allow. Sets both
            /// [`approval_policy`](Self::approval_policy) and
            /// [`approvals_reviewer`](Self::approvals_reviewer). Without any of the three, the
            /// configuration of the server decides.
        }

        timeouts!();
    };
}

/// Whether the answer has the turns of the thread.
macro_rules! include_turns {
    () => {
        /// Whether the server sends the thread's history with its answer, which costs time when it
        /// is long and is not used here; `false` keeps it out. It concerns the answer only, not what
        /// the model knows. For the history there is [`Thread::read`].
        pub fn include_turns(self, include: bool) -> Self {
            self.params(|params| params.exclude_turns(!include))
        }
    };
}

/// OnResponse a thread (`thread/start`); `.await` or `send` does it. From [`Codex::thread_start`].
#[derive(Debug)]
#[must_use = "nothing is sent until it is awaited, or `send` is called"]
pub struct ThreadStartBuilder<M = Async> {
    request: RequestBuilder<ThreadStartParams, M>,
    tools: ToolSet,
}

impl<M> ThreadStartBuilder<M> {
    pub(crate) fn new(codex: &Codex) -> Self {
        Self {
            request: RequestBuilder::new(codex, ThreadStartParams::default()),
            tools: ToolSet::default(),
        }
    }

    thread_options! { ThreadStartParams {
        /// Whether the thread is never saved.
        ephemeral: bool;
        /// No effect on current servers.
        personality: Personality;
        /// The name of the service that this thread is for.
        service_name: String;
        /// What the session is started from.
        session_start_source: ThreadStartSource;
        /// What this thread is for, in the server's statistics.
        thread_source: ThreadSource;
    } }

    tools! {
        /// It is saved with the thread, and so the model is offered it also when the thread is resumed
        /// or forked, in this program or another one. There it has to be given again: see
        /// [`ThreadResumeBuilder::tool`]. Experimental.
    }

    async fn perform(self) -> Result<Thread> {
        let Self { mut request, tools } = self;
        if tools.is_empty() {
            let started = request.perform().await?;
            return Ok(Thread::new(request.codex, &started.thread.id));
        }
        if !request.codex.is_experimental() {
            let message = "tools need the experimental API, which this client was built without";
            return Err(Error::InvalidInput(message.into()));
        }
        let specs = tools.specs()?;
        let tools = tools.toolbox()?;
        request
            .params
            .dynamic_tools
            .get_or_insert_default()
            .extend(specs);
        let tools = ThreadTools {
            tools: Arc::new(tools),
            resumes: None,
            forks: None,
        };
        let connection = request.codex.connection();
        let started = connection.call_for_thread(&request.params, request.timeout, tools);
        let started = started.await?;
        Ok(Thread::new(request.codex, &started.thread.id))
    }
}

sends! {
    /// OnResponse the thread.
    ///
    /// # Errors
    ///
    /// As [`RequestBuilder::send`](crate::builder::RequestBuilder::send). [`InvalidInput`](crate::Error::InvalidInput) for tools
    /// whose names do not do or are there twice, whose arguments have no schema, or which the client
    /// was built without; nothing is sent then.
    ThreadStartBuilder -> Thread, blocking blocking::Thread
}

/// Takes up a saved thread (`thread/resume`); `.await` or `send` does it. From
/// [`Codex::thread_resume`].
#[derive(Debug)]
#[must_use = "nothing is sent until it is awaited, or `send` is called"]
pub struct ThreadResumeBuilder<M = Async> {
    request: RequestBuilder<ThreadResumeParams, M>,
    tools: ToolSet,
}

impl<M> ThreadResumeBuilder<M> {
    pub(crate) fn new(codex: &Codex, id: String) -> Self {
        Self {
            request: RequestBuilder::new(codex, ThreadResumeParams::new(id)),
            tools: ToolSet::default(),
        }
    }

    thread_options! { ThreadResumeParams {
        /// No effect on current servers.
        personality: Personality;
    } }

    include_turns!();

    tools! {
        /// The server is told nothing of it: it offers the tools that the thread was started with, and
        /// this is who serves them. A call of one that nobody serves is refused, and the model told so.
        /// Tools cannot be added to a thread.
    }

    async fn perform(self) -> Result<Thread> {
        let Self { request, tools } = self;
        let tools = ThreadTools {
            tools: Arc::new(tools.toolbox()?),
            resumes: Some(request.params.thread_id.clone()),
            forks: None,
        };
        let connection = request.codex.connection();
        let resumed = connection.call_for_thread(&request.params, request.timeout, tools);
        let resumed = resumed.await?;
        Ok(Thread::new(request.codex, &resumed.thread.id))
    }
}

sends! {
    /// Takes up the thread.
    ///
    /// # Errors
    ///
    /// As [`RequestBuilder::send`](crate::builder::RequestBuilder::send); [`Rpc`](crate::Error::Rpc) also for a thread that has
    /// not had a turn yet, which there is no rollout of.
    ThreadResumeBuilder -> Thread, blocking blocking::Thread
}

/// Makes a new thread that begins with the history of another one (`thread/fork`); `.await` or
/// `send` does it. From [`Codex::thread_fork`].
#[derive(Debug)]
#[must_use = "nothing is sent until it is awaited, or `send` is called"]
pub struct ThreadForkBuilder<M = Async> {
    request: RequestBuilder<ThreadForkParams, M>,
    tools: ToolSet,
}

impl<M> ThreadForkBuilder<M> {
    pub(crate) fn new(codex: &Codex, id: String) -> Self {
        Self {
            request: RequestBuilder::new(codex, ThreadForkParams::new(id)),
            tools: ToolSet::default(),
        }
    }

    thread_options! { ThreadForkParams {
        /// The history ends before this turn. Experimental.
        before_turn_id: String;
        /// Whether the new thread is never saved.
        ephemeral: bool;
        /// The history ends with this turn.
        last_turn_id: String;
        /// What the new thread is for, in the server's statistics.
        thread_source: ThreadSource;
    } }

    include_turns!();

    tools! {
        /// The server is told nothing of it: it offers the tools that the first thread was started
        /// with. If that has its tools from this client, the fork has them, too, and need not be given
        /// them; what it is given takes the place of one of the same name.
    }

    async fn perform(self) -> Result<Thread> {
        let Self { request, tools } = self;
        let tools = ThreadTools {
            tools: Arc::new(tools.toolbox()?),
            resumes: None,
            forks: Some(request.params.thread_id.clone()),
        };
        let connection = request.codex.connection();
        let forked = connection.call_for_thread(&request.params, request.timeout, tools);
        let forked = forked.await?;
        Ok(Thread::new(request.codex, &forked.thread.id))
    }
}

sends! {
    /// Makes the new thread.
    ///
    /// # Errors
    ///
    /// As [`RequestBuilder::send`](crate::builder::RequestBuilder::send); [`Rpc`](crate::Error::Rpc) also for a thread that has
    /// not had a turn yet, which there is no rollout of.
    ThreadForkBuilder -> Thread, blocking blocking::Thread
}
