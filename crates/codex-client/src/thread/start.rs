//! Starts, resumes and forks threads.

use codex_types::{
    ApprovalsReviewer, AskForApproval, Personality, Request, SandboxMode, ThreadForkParams,
    ThreadResumeParams, ThreadSource, ThreadStartParams, ThreadStartSource,
};
use semver::Version;

use crate::{
    approval_mode::approval_mode,
    builder_macros::{options, timeouts},
    client::{Codex, Thread, WeakCodex},
    config::overrides::{Override, config_options},
    error::{Error, Result},
    mode::Async,
    request_builder::RequestBuilder,
    server_requests::tool_registry::ThreadTools,
    tool::set::{ToolSet, tools},
};

/// Defines the setters that all three builders share, and the given ones.
macro_rules! thread_options {
    ($params:ty { $($more:tt)* }) => {
        options! { $params {
            /// Sets when the server requests approval.
            approval_policy: AskForApproval;
            /// Sets who reviews approval requests: the user, or a model.
            approvals_reviewer: ApprovalsReviewer;
            /// Replaces Codex's built-in instructions.
            base_instructions: String;
            /// Sets the working directory. The default is the server's working directory.
            cwd: Path;
            /// Adds developer instructions to the base instructions.
            developer_instructions: String;
            /// Sets the model, by its id.
            model: String;
            /// Sets the model provider, by its id in the configuration.
            model_provider: String;
            /// Sets the sandbox for commands: a [`Sandbox`](crate::Sandbox) preset or a
            /// [`SandboxMode`].
            sandbox: SandboxMode;
            /// Sets the service tier for the thread's turns.
            service_tier: String;
            $($more)*
        } }

        approval_mode! {
            /// Sets who approves actions that the sandbox does not allow. This sets both
            /// [`approval_policy`](Self::approval_policy) and
            /// [`approvals_reviewer`](Self::approvals_reviewer). The default comes from the
            /// server's configuration.
        }

        config_options! {
            /// The value is sent over the connection, and applies to this thread. It has no effect
            /// on a thread that the server has already loaded.
        }

        fn add_override(mut self, value: Result<Override>) -> Self {
            match value {
                Ok(value) => {
                    value.add_to(self.request.params.config.get_or_insert_default());
                }
                Err(error) => self.request = self.request.fail(error),
            }
            self
        }

        timeouts!();
    };
}

/// Defines the setter that selects whether the response includes the turns of the thread.
macro_rules! include_turns {
    () => {
        /// Sets whether the response includes the history of the thread. By default it does not: this
        /// client does not use the history of the response, and a long one takes time to transfer.
        /// The model sees the history in either case. To read the history, use [`Thread::read`].
        ///
        /// Servers older than 0.163.0 always include the history if the client does not declare the
        /// [`experimentalApi`](crate::builder::CodexBuilder::experimental_api) capability.
        pub fn include_turns(self, include: bool) -> Self {
            self.params(|params| params.exclude_turns(!include))
        }
    };
}

/// The oldest release that is known to accept `excludeTurns` without the `experimentalApi` capability.
const EXCLUDES_TURNS: Version = Version::new(0, 163, 0);

/// Leaves the history out of the response, unless it is asked for or the server would refuse that.
fn exclude_turns(codex: &Codex, exclude_turns: &mut Option<bool>) {
    let version = codex.connection().server_version();
    let is_new = version.is_some_and(|version| *version >= EXCLUDES_TURNS);
    if exclude_turns.is_none() && (codex.is_experimental() || is_new) {
        *exclude_turns = Some(true);
    }
}

/// Sends a request that loads a thread with tools. The tools are registered before any message that
/// follows the response is processed.
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

/// A request to start a thread (`thread/start`), returned by [`Codex::thread_start`].
#[derive(Debug)]
#[must_use = "nothing is sent until this is awaited or `send` is called"]
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
        /// Sets whether the thread is ephemeral, that is, not saved.
        ephemeral: bool;
        /// Sets the personality of the model. Current servers ignore it.
        personality: Personality;
        /// Sets the name of the service that uses the thread.
        service_name: String;
        /// Sets the event after which the thread starts.
        session_start_source: ThreadStartSource;
        /// Sets the purpose of the thread, for the server's statistics.
        thread_source: ThreadSource;
    } }

    tools! {
        /// The definition of the tool is saved with the thread: the model still sees the tool after
        /// the thread is resumed or forked, by this program or another one. That program must then
        /// pass the tool again: see [`ThreadResumeBuilder::tool`]. Experimental.
    }

    pub(crate) async fn execute(self) -> Result<Thread> {
        let Self { mut request, tools } = self;
        if tools.is_empty() {
            let started = request.execute().await?;
            return Ok(Thread::new(request.codex, &started.thread.id));
        }
        if !request.codex.is_experimental() {
            let message = "tools require the experimental API, which is disabled in this client";
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

/// A request to resume a saved thread (`thread/resume`), returned by [`Codex::thread_resume`].
#[derive(Debug)]
#[must_use = "nothing is sent until this is awaited or `send` is called"]
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
        /// Sets the personality of the model. Current servers ignore it.
        personality: Personality;
    } }

    include_turns!();

    tools! {
        /// The server offers the model the tools that the thread was started with; the tools passed
        /// here serve the calls to them. A call that no tool serves fails, and the model sees the
        /// failure. Tools cannot be added to a thread.
    }

    pub(crate) async fn execute(self) -> Result<Thread> {
        let Self { mut request, tools } = self;
        exclude_turns(&request.codex, &mut request.params.exclude_turns);
        let tools = ThreadTools {
            toolbox: tools.toolbox()?,
            resumes: Some(request.params.thread_id.clone()),
            forks: None,
        };
        let resumed = call_with_tools(&request, tools).await?;
        Ok(Thread::new(request.codex, &resumed.thread.id))
    }
}

/// A request to create a thread that begins with the history of another one (`thread/fork`),
/// returned by [`Codex::thread_fork`].
#[derive(Debug)]
#[must_use = "nothing is sent until this is awaited or `send` is called"]
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
        /// Ends the history before this turn. Experimental.
        before_turn_id: String;
        /// Sets whether the new thread is ephemeral, that is, not saved.
        ephemeral: bool;
        /// Ends the history after this turn.
        last_turn_id: String;
        /// Sets the purpose of the new thread, for the server's statistics.
        thread_source: ThreadSource;
    } }

    include_turns!();

    tools! {
        /// The server offers the model the tools that the original thread was started with. If this
        /// client serves these tools in the original thread, it also serves them in the fork. A
        /// tool passed here replaces the one with the same name.
    }

    pub(crate) async fn execute(self) -> Result<Thread> {
        let Self { mut request, tools } = self;
        exclude_turns(&request.codex, &mut request.params.exclude_turns);
        let tools = ThreadTools {
            toolbox: tools.toolbox()?,
            resumes: None,
            forks: Some(request.params.thread_id.clone()),
        };
        let forked = call_with_tools(&request, tools).await?;
        Ok(Thread::new(request.codex, &forked.thread.id))
    }
}
