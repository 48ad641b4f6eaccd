//! Starting a turn, with all of its options.

use std::time::Duration;

use codex_types::{
    ApprovalsReviewer, AskForApproval, Personality, ReasoningEffort, ReasoningSummary,
    SandboxPolicy, TurnStartParams,
};
use serde_json::Value;
use tokio::time::Instant;

use crate::{
    approval_mode::approval_mode,
    builder_macros::{options, timeouts},
    client::Thread,
    error::Result,
    mode::Async,
    output::{OutputSpec, output, wire::TurnStartBody},
    request_builder::RequestBuilder,
    run_input,
    run_input::RunInput,
    turn::handle::TurnHandle,
    turn_result::TurnResult,
};

/// Both builders have the same options.
macro_rules! turn_options {
    ($builder:ident $(, $limit:ident)?) => {
        impl<M> $builder<TurnResult, M> {
            pub(crate) fn new(thread: &Thread, input: RunInput) -> Self {
                let (input, tool_output) = input.into_parts();
                let mut params = TurnStartParams::new(thread.id(), input);
                params.tool_output = tool_output;
                Self {
                    request: RequestBuilder::new(&thread.codex, params),
                    output: OutputSpec::result(),
                    $($limit: None,)?
                }
            }
        }

        impl<R, M> $builder<R, M> {
            output! { $builder $($limit)? }

            options! { TurnStartParams {
                /// When the server asks before it acts, from this turn on.
                approval_policy: AskForApproval;
                /// Who is asked, from this turn on.
                approvals_reviewer: ApprovalsReviewer;
                /// The working directory, from this turn on.
                cwd: Path;
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
                /// The service tier, from this turn on.
                service_tier: String;
                /// How reasoning is summed up, from this turn on.
                summary: ReasoningSummary;
                /// The service tier of this turn alone. Ignored when a running turn is joined.
                turn_service_tier => service_tier_for_turn: String;
            } }

            approval_mode! {
                /// Who decides on what the sandbox does not allow, from this turn on. Sets both
                /// [`approval_policy`](Self::approval_policy) and
                /// [`approvals_reviewer`](Self::approvals_reviewer).
            }

            async fn start(self) -> Result<TurnHandle<R>> {
                self.request.check()?;
                let RequestBuilder {
                    codex,
                    params,
                    timeout,
                    ..
                } = self.request;
                let schema = self.output.schema?;
                run_input::check(&params)?;
                let connection = codex.connection();
                let asking = TurnStartBody {
                    params: &params,
                    schema: schema.as_ref(),
                };
                let started = connection.call_for_turn(&asking, timeout, &params.thread_id);
                let (_, log) = started.await?;
                Ok(TurnHandle::new(codex, log, self.output.read))
            }
        }
    };
}

/// Starts a turn (`turn/start`); `.await` or `send` does it. From [`Thread::turn`].
#[derive(Debug)]
#[must_use = "nothing is sent until it is awaited, or `send` is called"]
pub struct TurnStartBuilder<R = TurnResult, M = Async> {
    request: RequestBuilder<TurnStartParams, M>,
    output: OutputSpec<R>,
}

turn_options!(TurnStartBuilder);

impl<R, M> TurnStartBuilder<R, M> {
    // The turn itself may take as long as it does.
    timeouts!();

    pub(crate) async fn perform(self) -> Result<TurnHandle<R>> {
        self.start().await
    }
}

/// Runs a turn to its end (`turn/start`); `.await` or `send` does it. From [`Thread::run`].
#[derive(Debug)]
#[must_use = "nothing is sent until it is awaited, or `send` is called"]
pub struct RunBuilder<R = TurnResult, M = Async> {
    request: RequestBuilder<TurnStartParams, M>,
    output: OutputSpec<R>,
    limit: Option<Duration>,
}

turn_options!(RunBuilder, limit);

impl<R, M> RunBuilder<R, M> {
    /// Gives the turn so long, from the call to its end. One that takes longer is stopped, see
    /// [`TurnHandle::run_within`]. If not even `turn/start` is answered by then, that is a
    /// [`Timeout`](crate::Error::Timeout), and the turn may be running.
    ///
    /// Without it, a turn may take as long as it does.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    pub(crate) async fn perform(mut self) -> Result<R> {
        let Some(limit) = self.limit else {
            return self.start().await?.run().await;
        };
        let patience = self.request.timeout;
        self.request.timeout = Some(patience.map_or(limit, |patience| patience.min(limit)));
        let begun = Instant::now();
        self.start().await?.run_since(begun, limit).await
    }
}
