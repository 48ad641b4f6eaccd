//! Starting, resuming and forking threads, with all of their options.

use codex_types::{
    ApprovalsReviewer, AskForApproval, Personality, Request, SandboxMode, ThreadForkParams,
    ThreadResumeParams, ThreadSource, ThreadStartParams, ThreadStartSource,
};

use crate::{
    approval_mode::approval_mode,
    builder_macros::{options, timeouts},
    client::{Codex, Thread, WeakCodex},
    error::{Error, Result},
    mode::Async,
    request_builder::RequestBuilder,
    server_requests::tool_registry::ThreadTools,
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

/// Sends a request that loads a thread with tools. The thread has them before any message that follows
/// the response is processed.
async fn call_with_tools<R: Request, M>(
    request: &RequestBuilder<R, M>,
    tools: ThreadTools<WeakCodex>,
) -> Result<R::Response> {
    request.check()?;
    let reservation = request.codex.dispatch().tools().reserve(tools);
    let connection = request.codex.connection();
    let claim = move |result: &str| reservation.claim(result);
    connection
        .call_with(&request.params, request.timeout, claim)
        .await
}

/// Starts a thread (`thread/start`); `.await` or `send` does it. From [`Codex::thread_start`].
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

    pub(crate) async fn perform(self) -> Result<Thread> {
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
            toolbox: tools,
            resumes: None,
            forks: None,
        };
        let started = call_with_tools(&request, tools).await?;
        Ok(Thread::new(request.codex, &started.thread.id))
    }
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

    pub(crate) async fn perform(self) -> Result<Thread> {
        let Self { request, tools } = self;
        let tools = ThreadTools {
            toolbox: tools.toolbox()?,
            resumes: Some(request.params.thread_id.clone()),
            forks: None,
        };
        let resumed = call_with_tools(&request, tools).await?;
        Ok(Thread::new(request.codex, &resumed.thread.id))
    }
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

    pub(crate) async fn perform(self) -> Result<Thread> {
        let Self { request, tools } = self;
        let tools = ThreadTools {
            toolbox: tools.toolbox()?,
            resumes: None,
            forks: Some(request.params.thread_id.clone()),
        };
        let forked = call_with_tools(&request, tools).await?;
        Ok(Thread::new(request.codex, &forked.thread.id))
    }
}
