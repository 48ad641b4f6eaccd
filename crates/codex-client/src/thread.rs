//! Threads: conversations in which turns are run.

use std::{future::IntoFuture, sync::Arc, time::Duration};

use codex_types::{
    ApprovalsReviewer, AskForApproval, Personality, SandboxMode, ThreadSource, ThreadStartParams,
    ThreadStartResponse, ThreadStartSource,
};
use serde_json::{Map, Value};

use crate::{
    codex::Codex,
    error::Result,
    external::TurnInput,
    future::{BoxFuture, options},
    turn::{Run, TurnStart},
};

/// A thread on the server. Cheap to clone; all clones are one thread.
#[derive(Debug, Clone)]
pub struct Thread {
    codex: Codex,
    id: Arc<str>,
}

impl Thread {
    pub(crate) fn new(codex: Codex, id: &str) -> Self {
        Self {
            codex,
            id: id.into(),
        }
    }

    /// The id, by which the thread can be resumed later.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn codex(&self) -> &Codex {
        &self.codex
    }

    /// Runs a turn to its end and collects its result (`turn/start`).
    ///
    /// ```no_run
    /// # async fn example(thread: codex_client::Thread) -> codex_client::Result<()> {
    /// let result = thread.run("Explain this repository in three bullets.").await?;
    /// println!("{}", result.final_response.as_deref().unwrap_or("(no answer)"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn run(&self, input: impl Into<TurnInput>) -> Run {
        Run::new(self, input.into())
    }

    /// Starts a turn and returns at once, to follow its events (`turn/start`).
    pub fn turn(&self, input: impl Into<TurnInput>) -> TurnStart {
        TurnStart::new(self, input.into())
    }
}

/// Starts a thread (`thread/start`); `.await` or [`send`](Self::send) does it.
#[derive(Debug)]
#[must_use = "nothing is sent until it is awaited"]
pub struct ThreadStart {
    codex: Codex,
    params: ThreadStartParams,
    timeout: Option<Duration>,
}

impl ThreadStart {
    pub(crate) fn new(codex: &Codex) -> Self {
        Self {
            codex: codex.clone(),
            params: ThreadStartParams::default(),
            timeout: codex.connection().timeout(),
        }
    }

    options! {
        /// When the server asks before it acts.
        approval_policy: AskForApproval;
        /// Who is asked.
        approvals_reviewer: ApprovalsReviewer;
        /// Replaces the instructions that codex comes with.
        base_instructions: String;
        /// Overrides of configuration values for this thread.
        config: Map<String, Value>;
        /// The working directory.
        cwd: String;
        /// Instructions in addition to the base ones.
        developer_instructions: String;
        /// Whether the thread is never saved.
        ephemeral: bool;
        /// The model, by its id.
        model: String;
        /// Who serves the model.
        model_provider: String;
        /// No effect on current servers.
        personality: Personality;
        /// What commands may change: a [`Sandbox`](crate::Sandbox) preset or a [`SandboxMode`].
        sandbox: SandboxMode;
        /// The name of the service that this thread is for.
        service_name: String;
        /// What the session is started from.
        session_start_source: ThreadStartSource;
        /// What this thread is for, in the server's statistics.
        thread_source: ThreadSource;
    }

    /// The service tier of the thread's turns.
    pub fn service_tier(mut self, service_tier: impl Into<String>) -> Self {
        self.params = self.params.service_tier(service_tier);
        self
    }

    /// Changes the params themselves, for what has no setter here.
    pub fn params(mut self, change: impl FnOnce(ThreadStartParams) -> ThreadStartParams) -> Self {
        self.params = change(self.params);
        self
    }

    /// Waits at most so long for the answer, instead of what the builder of the client says.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// As [`Call::send`](crate::Call::send).
    pub async fn send(self) -> Result<Thread> {
        let connection = self.codex.connection();
        let started: ThreadStartResponse = connection.call(&self.params, self.timeout).await?;
        Ok(Thread::new(self.codex, &started.thread.id))
    }
}

impl IntoFuture for ThreadStart {
    type Output = Result<Thread>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}
