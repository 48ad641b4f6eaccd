//! Starts turns.

use std::{
    fmt,
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};

use codex_types::{
    ApprovalsReviewer, AskForApproval, Personality, ReasoningEffort, ReasoningSummary,
    SandboxPolicy, ServerNotification, TurnStartParams,
};
use serde_json::Value;
use tokio::time::Instant;

use crate::{
    approval_mode::approval_mode,
    builder_macros::{options, timeouts},
    client::Thread,
    error::{Error, Result},
    future::BoxFuture,
    mode::Async,
    output::{OutputSpec, output, wire::TurnStartBody},
    request_builder::RequestBuilder,
    run_input,
    run_input::RunInput,
    turn::{handle::TurnHandle, stream::TurnStream},
    turn_result::TurnResult,
};

/// The conditions under which the client interrupts a turn.
#[derive(Debug, Default)]
struct Watch {
    idle_timeout: Option<Duration>,
    interrupt_on_drop: bool,
}

/// A future that stops a turn when it is ready.
struct Stop(BoxFuture<()>);

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stop").finish_non_exhaustive()
    }
}

/// A closure that gets the events of a turn.
struct Observer(Box<dyn FnMut(&ServerNotification) + Send>);

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observer").finish_non_exhaustive()
    }
}

/// Implements the setters that both builders share.
macro_rules! turn_options {
    ($builder:ident $(, $option:ident)*) => {
        impl<M> $builder<TurnResult, M> {
            pub(crate) fn new(thread: &Thread, input: RunInput) -> Self {
                let (input, tool_output) = input.into_parts();
                let mut params = TurnStartParams::new(thread.id(), input);
                params.tool_output = tool_output;
                Self {
                    request: RequestBuilder::new(&thread.codex, params),
                    output: OutputSpec::untyped(),
                    watch: Watch::default(),
                    $($option: None,)*
                }
            }
        }

        impl<R, M> $builder<R, M> {
            output! { $builder watch $($option)* }

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
                self.watch.idle_timeout = Some(idle_timeout);
                self
            }

            /// Interrupts the turn if its caller is gone: see
            /// [`TurnHandle::interrupt_on_drop`](crate::TurnHandle::interrupt_on_drop). This
            /// includes a future that is dropped before the server has responded.
            ///
            /// By default, the turn continues.
            pub fn interrupt_on_drop(mut self) -> Self {
                self.watch.interrupt_on_drop = true;
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
                    schema: schema.as_deref(),
                };
                let Watch {
                    idle_timeout,
                    interrupt_on_drop,
                } = self.watch;
                let thread_id = &params.thread_id;
                let started = connection.start_turn(&body, timeout, thread_id, interrupt_on_drop);
                let (_, log, guard) = started.await?;
                let turn = TurnHandle::new(codex, log, self.output.convert).with_guard(guard);
                Ok(match idle_timeout {
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
    watch: Watch,
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
    watch: Watch,
    timeout: Option<Duration>,
    stop: Option<Stop>,
    observer: Option<Observer>,
}

turn_options!(RunBuilder, timeout, stop, observer);

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

    /// Interrupts the turn once `stop` is ready: see [`TurnHandle::run_until`]. A turn that has not
    /// started by then is not started, or is interrupted as soon as the server has started it, and
    /// the error is [`Stopped`](crate::Error::Stopped). Implies
    /// [`interrupt_on_drop`](Self::interrupt_on_drop).
    ///
    /// ```no_run
    /// use codex_client::{Error, Result, Thread, types::TurnStatus};
    /// use tokio::sync::oneshot;
    ///
    /// async fn example(thread: &Thread, stop: oneshot::Receiver<()>) -> Result<()> {
    ///     match thread.run("Fix the failing test.").until(stop).await {
    ///         Ok(result) if result.status == TurnStatus::Interrupted => println!("stopped"),
    ///         Ok(result) => println!("{}", result.final_response.unwrap_or_default()),
    ///         Err(Error::Stopped) => println!("stopped before it started"),
    ///         Err(error) => return Err(error),
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn until<F>(mut self, stop: F) -> Self
    where
        F: Future + Send + 'static,
    {
        self.stop = Some(Stop(Box::pin(async move {
            stop.await;
        })));
        self
    }

    /// Calls a closure with each event of the turn, in order, up to and including its completion.
    /// Parts of events that cannot be read are listed in the
    /// [result](crate::TurnResult::unreadable).
    ///
    /// The closure runs where the caller waits for the turn, so it delays that caller and nothing
    /// else. For more control, read the [stream](crate::TurnHandle::stream) of a turn.
    ///
    /// ```no_run
    /// use codex_client::{Result, Thread, types::ServerNotification};
    ///
    /// async fn example(thread: &Thread) -> Result<()> {
    ///     let run = thread.run("Fix the failing test.").on_event(|event| match event {
    ///         ServerNotification::AgentMessageDelta(delta) => print!("{}", delta.delta),
    ///         ServerNotification::ItemCompleted(done) => eprintln!("{:?}", done.item),
    ///         _ => {}
    ///     });
    ///     println!("{:?}", run.await?.status);
    ///     Ok(())
    /// }
    /// ```
    pub fn on_event<F>(mut self, observe: F) -> Self
    where
        F: FnMut(&ServerNotification) + Send + 'static,
    {
        self.observer = Some(Observer(Box::new(observe)));
        self
    }

    pub(crate) async fn execute(mut self) -> Result<R> {
        let begun = Instant::now();
        let (timeout, mut stop) = (self.timeout, self.stop.take());
        let observer = self.observer.take();
        if let Some(timeout) = timeout {
            let response = self.request.timeout;
            self.request.timeout = Some(response.map_or(timeout, |response| response.min(timeout)));
        }
        self.watch.interrupt_on_drop |= stop.is_some();
        let Some(started) = or_stop(&mut stop, self.start()).await else {
            return Err(Error::Stopped);
        };
        let turn = started?;
        let end = async {
            let ended = or_stop(&mut stop, turn.result_within(begun, timeout)).await;
            turn.run_or_stop(ended).await
        };
        match observer {
            Some(observer) => observed(turn.stream(), observer, end).await,
            None => end.await,
        }
    }
}

/// Waits for the end of a turn, and calls a closure with each of its events.
async fn observed<F: Future>(mut events: TurnStream, mut observer: Observer, end: F) -> F::Output {
    let mut end = pin!(end);
    poll_fn(|context| {
        // The end comes first, so that all events that precede it are read.
        let end = end.as_mut().poll(context);
        while let Poll::Ready(Some(event)) = events.poll(context) {
            // The result reports what cannot be read.
            if let Ok(event) = event {
                (observer.0)(&event);
            }
        }
        end
    })
    .await
}

/// Waits for a future. Returns `None` if the turn is stopped first.
async fn or_stop<F: Future>(stop: &mut Option<Stop>, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    // The stop comes first, so that a turn that is already stopped is not started.
    poll_fn(|context| {
        if let Some(Stop(stop)) = stop
            && stop.as_mut().poll(context).is_ready()
        {
            return Poll::Ready(None);
        }
        future.as_mut().poll(context).map(Some)
    })
    .await
}
