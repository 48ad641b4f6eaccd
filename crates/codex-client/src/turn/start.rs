//! Starts turns.

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

/// Implements the setters that both builders share.
macro_rules! turn_options {
    ($builder:ident $(, $timeout:ident)?) => {
        impl<M> $builder<TurnResult, M> {
            pub(crate) fn new(thread: &Thread, input: RunInput) -> Self {
                let (input, tool_output) = input.into_parts();
                let mut params = TurnStartParams::new(thread.id(), input);
                params.tool_output = tool_output;
                Self {
                    request: RequestBuilder::new(&thread.codex, params),
                    output: OutputSpec::untyped(),
                    idle_timeout: None,
                    $($timeout: None,)?
                }
            }
        }

        impl<R, M> $builder<R, M> {
            output! { $builder idle_timeout $($timeout)? }

            options! { TurnStartParams {
                /// Sets when the server requests approval, from this turn on.
                approval_policy: AskForApproval;
                /// Sets who reviews approval requests, from this turn on: the user, or a model.
                approvals_reviewer: ApprovalsReviewer;
                /// Sets the working directory, from this turn on.
                cwd: Path;
                /// Sets the reasoning effort, from this turn on.
                effort: ReasoningEffort;
                /// Sets the model, by its id, from this turn on.
                model: String;
                /// Sets the JSON schema for the final response of this turn.
                output_schema: Value;
                /// Sets the personality of the model. Current servers ignore it.
                personality: Personality;
                /// Sets the sandbox for commands, from this turn on: a [`Sandbox`](crate::Sandbox)
                /// preset or a [`SandboxPolicy`].
                sandbox => sandbox_policy: SandboxPolicy;
                /// Sets what triggered the turn, for the server's statistics. Ignored if the turn
                /// joins a running one.
                source => turn_trigger: String;
                /// Sets the service tier, from this turn on.
                service_tier: String;
                /// Sets how reasoning is summarized, from this turn on.
                summary: ReasoningSummary;
                /// Sets the service tier for this turn only. Ignored if the turn joins a running
                /// one.
                turn_service_tier => service_tier_for_turn: String;
            } }

            approval_mode! {
                /// Sets who approves actions that the sandbox does not allow, from this turn on.
                /// This sets both [`approval_policy`](Self::approval_policy) and
                /// [`approvals_reviewer`](Self::approvals_reviewer).
            }

            /// Sets the longest silence of the server about the turn. A turn that exceeds it is
            /// interrupted, and all of its readers end with
            /// [`TurnTimeout`](crate::Error::TurnTimeout): see
            /// [`TurnHandle::idle_timeout`](crate::TurnHandle::idle_timeout).
            ///
            /// There is no idle timeout by default.
            pub fn idle_timeout(mut self, idle_timeout: Duration) -> Self {
                self.idle_timeout = Some(idle_timeout);
                self
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
                let connection = codex.connection();
                run_input::check(&params, connection.server_version())?;
                let body = TurnStartBody {
                    params: &params,
                    schema: schema.as_ref(),
                };
                let started = connection.call_for_turn(&body, timeout, &params.thread_id);
                let (_, log) = started.await?;
                let turn = TurnHandle::new(codex, log, self.output.convert);
                Ok(match self.idle_timeout {
                    Some(idle_timeout) => turn.idle_timeout(idle_timeout),
                    None => turn,
                })
            }
        }
    };
}

/// A request to start a turn (`turn/start`), returned by [`Thread::turn`].
#[derive(Debug)]
#[must_use = "nothing is sent until this is awaited or `send` is called"]
pub struct TurnStartBuilder<R = TurnResult, M = Async> {
    request: RequestBuilder<TurnStartParams, M>,
    output: OutputSpec<R>,
    idle_timeout: Option<Duration>,
}

turn_options!(TurnStartBuilder);

impl<R, M> TurnStartBuilder<R, M> {
    // This timeout applies to the response: the turn itself has none.
    timeouts!();

    pub(crate) async fn execute(self) -> Result<TurnHandle<R>> {
        self.start().await
    }
}

/// A request to run a turn to its end (`turn/start`), returned by [`Thread::run`].
#[derive(Debug)]
#[must_use = "nothing is sent until this is awaited or `send` is called"]
pub struct RunBuilder<R = TurnResult, M = Async> {
    request: RequestBuilder<TurnStartParams, M>,
    output: OutputSpec<R>,
    idle_timeout: Option<Duration>,
    timeout: Option<Duration>,
}

turn_options!(RunBuilder, timeout);

impl<R, M> RunBuilder<R, M> {
    /// Sets the timeout for the turn, measured from the request to the end of the turn. A turn that
    /// exceeds it is interrupted: see [`TurnHandle::run_within`]. If the server does not respond to
    /// `turn/start` in time, the error is [`Timeout`](crate::Error::Timeout), and the turn may
    /// still be running.
    ///
    /// There is no timeout by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    pub(crate) async fn execute(mut self) -> Result<R> {
        let Some(timeout) = self.timeout else {
            return self.start().await?.run().await;
        };
        let response = self.request.timeout;
        self.request.timeout = Some(response.map_or(timeout, |response| response.min(timeout)));
        let begun = Instant::now();
        self.start().await?.run_since(begun, timeout).await
    }
}
