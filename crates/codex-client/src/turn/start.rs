//! Starting a turn, with all of its options.

use std::{future::IntoFuture, time::Duration};

use codex_types::{
    ApprovalsReviewer, AskForApproval, Personality, ReasoningEffort, ReasoningSummary,
    SandboxPolicy, TurnStartParams,
};
use serde_json::Value;

use super::{TurnHandle, TurnResult};
use crate::{
    codex::Codex,
    error::Result,
    external::{self, TurnInput},
    future::{BoxFuture, options},
    thread::Thread,
};

/// Both builders have the same options.
macro_rules! turn_options {
    ($builder:ident) => {
        impl $builder {
            pub(crate) fn new(thread: &Thread, input: TurnInput) -> Self {
                let (input, tool_output) = input.into_parts();
                let mut params = TurnStartParams::new(thread.id(), input);
                params.tool_output = tool_output;
                Self {
                    codex: thread.codex().clone(),
                    params,
                    timeout: thread.codex().connection().timeout(),
                }
            }

            options! {
                /// When the server asks before it acts, from this turn on.
                approval_policy: AskForApproval;
                /// Who is asked, from this turn on.
                approvals_reviewer: ApprovalsReviewer;
                /// The working directory, from this turn on.
                cwd: String;
                /// How much the model reasons, from this turn on.
                effort: ReasoningEffort;
                /// The model, by its id, from this turn on.
                model: String;
                /// The JSON schema of the final answer, for this turn.
                output_schema: Value;
                /// No effect on current servers.
                personality: Personality;
                /// What commands may change, from this turn on: a [`Sandbox`](crate::Sandbox)
                /// preset or a [`SandboxPolicy`].
                sandbox => sandbox_policy: SandboxPolicy;
                /// What has started the turn, for the server's statistics. Ignored when a running
                /// turn is joined.
                source => turn_trigger: String;
                /// How reasoning is summed up, from this turn on.
                summary: ReasoningSummary;
                /// The service tier of this turn alone. Ignored when a running turn is joined.
                turn_service_tier => service_tier_for_turn: String;
            }

            /// The service tier, from this turn on.
            pub fn service_tier(mut self, service_tier: impl Into<String>) -> Self {
                self.params = self.params.service_tier(service_tier);
                self
            }

            /// Changes the params themselves, for what has no setter here.
            pub fn params(
                mut self,
                change: impl FnOnce(TurnStartParams) -> TurnStartParams,
            ) -> Self {
                self.params = change(self.params);
                self
            }

            async fn start(self) -> Result<TurnHandle> {
                external::check(&self.params)?;
                let thread_id = self.params.thread_id.clone();
                let connection = self.codex.connection();
                let started = connection.call_for_turn(&self.params, self.timeout, &thread_id);
                let (_, feed) = started.await?;
                Ok(TurnHandle::new(self.codex, feed))
            }
        }
    };
}

/// Starts a turn (`turn/start`); `.await` or [`send`](Self::send) does it.
#[derive(Debug)]
#[must_use = "nothing is sent until it is awaited"]
pub struct TurnStart {
    codex: Codex,
    params: TurnStartParams,
    timeout: Option<Duration>,
}

turn_options!(TurnStart);

impl TurnStart {
    /// Waits at most so long for the answer to `turn/start`, instead of what the builder of the
    /// client says. The turn itself may take as long as it does.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Starts the turn.
    ///
    /// # Errors
    ///
    /// As [`Call::send`](crate::Call::send). After a timeout the turn may be running.
    pub async fn send(self) -> Result<TurnHandle> {
        self.start().await
    }
}

impl IntoFuture for TurnStart {
    type Output = Result<TurnHandle>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// Runs a turn to its end (`turn/start`); `.await` or [`send`](Self::send) does it.
#[derive(Debug)]
#[must_use = "nothing is sent until it is awaited"]
pub struct Run {
    codex: Codex,
    params: TurnStartParams,
    timeout: Option<Duration>,
}

turn_options!(Run);

impl Run {
    /// Runs the turn. Dropped while the turn is running, the turn goes on without this client.
    ///
    /// # Errors
    ///
    /// As [`TurnStart::send`] and [`TurnHandle::run`].
    pub async fn send(self) -> Result<TurnResult> {
        self.start().await?.run().await
    }
}

impl IntoFuture for Run {
    type Output = Result<TurnResult>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}
