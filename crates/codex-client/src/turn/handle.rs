//! The handle of a turn.

use std::{
    fmt,
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use codex_types::{Request, TurnInterruptParams, TurnStatus, TurnSteerParams};
use tokio::time::Instant;

use crate::{
    client::Codex,
    connection::interrupt_guard::InterruptGuard,
    error::{Error, Result, turn_timeout::TurnTimeout},
    input::Input,
    output::ConvertResult,
    routing::turn_log::{EarlyEnd, INTERRUPT_GRACE, TurnEnd, TurnLog, record_claim::RecordClaim},
    sub_agent::SubAgent,
    turn::{agent_events::SubAgentEvents, stream::TurnStream, text::TextStream},
    turn_result::TurnResult,
};

/// The time that a turn has to end after it was stopped.
pub(crate) const STOP_GRACE: Duration = Duration::from_secs(2);

/// A turn, returned by [`Thread::turn`](crate::Thread::turn).
///
/// Cheap to clone; all clones refer to the same turn.
///
/// ```no_run
/// use codex_client::{Result, Thread};
///
/// async fn example(thread: &Thread) -> Result<()> {
///     let turn = thread.turn("Refactor the parser.").await?;
///     turn.steer("Only the lexer.").await?;
///     let result = turn.run().await?;
///     println!("{} items", result.items.len());
///     Ok(())
/// }
/// ```
///
/// Events are kept from the beginning of the turn for the first [`stream`](Self::stream), even
/// before that stream is created. The completed items, from which the result is built, are kept as
/// long as a handle or a stream exists, unless only the events are read
/// ([`TurnStream::events_only`]). When the last handle and stream are dropped, the turn
/// continues, and any further events go to [`Codex::notifications`](crate::Codex::notifications);
/// [`interrupt_on_drop`](Self::interrupt_on_drop) ends it instead.
///
/// `R` is the result of [`run`](Self::run): a [`TurnResult`], or a
/// [`TypedResult`](crate::TypedResult) if the turn was started with
/// [`output`](crate::builder::TurnStartBuilder::output).
///
/// # Busy threads
///
/// A turn that is started while another turn is running in the thread joins that turn: the handle
/// refers to the running turn, and has its id and its events from then on.
///
/// Servers up to 0.147 respond with another id, and do not report whether the input has joined the
/// running turn or has come too late for it. The handle then refers to the running turn until the
/// server shows otherwise. If the running turn ends without the input, the handle refers to the
/// turn that takes it: [`id`](Self::id) and the result are those of that turn, although a stream
/// may already have returned events of the other one. These servers also accept input that they
/// cannot add to the running turn, which is a review or a compaction: the handle then ends with
/// [`TurnDetached`](crate::Error::TurnDetached) once the thread is inactive.
pub struct TurnHandle<R = TurnResult> {
    /// Shared by the clones and the streams. The first field, so that the turn is interrupted before
    /// the connection may end.
    guard: Option<Arc<InterruptGuard>>,
    codex: Codex,
    log: Arc<TurnLog>,
    record: RecordClaim,
    convert: ConvertResult<R>,
}

impl<R> TurnHandle<R> {
    /// Waits for the turn to end and collects its result. The events need not be read.
    ///
    /// If the future is dropped, the turn continues, and the handle remains usable.
    ///
    /// # Errors
    ///
    /// [`TurnFailed`](crate::Error::TurnFailed), with the result, if the turn failed (not if it was
    /// interrupted); [`Closed`](crate::Error::Closed) if the connection ended before the turn did,
    /// with the result so far in [`ConnectionClosed::partial`](crate::ConnectionClosed::partial);
    /// [`TurnDetached`](crate::Error::TurnDetached) if the thread was closed or unsubscribed from
    /// before the turn ended, if its end cannot be read, or if the server does not report the end
    /// of a turn that is over; [`TurnTimeout`](crate::Error::TurnTimeout) if the turn exceeded its
    /// [idle timeout](Self::idle_timeout); [`OutputMismatch`](crate::Error::OutputMismatch) if the
    /// turn was started with [`output`](crate::builder::TurnStartBuilder::output) and its final
    /// response does not match the type.
    pub async fn run(&self) -> Result<R> {
        (self.convert)(self.result().await?)
    }

    /// Waits as [`run`](Self::run) does, and interrupts the turn (`turn/interrupt`) if it does not
    /// end within `timeout`. The interrupted turn then has five seconds to end.
    ///
    /// # Errors
    ///
    /// [`TurnTimeout`](crate::Error::TurnTimeout), with the result so far, if the turn was
    /// interrupted; otherwise, same as [`run`](Self::run).
    pub async fn run_within(&self, timeout: Duration) -> Result<R> {
        (self.convert)(self.result_since(Instant::now(), timeout).await?)
    }

    /// Interrupts the turn once the server has been silent about it for `idle_timeout`. All readers
    /// of the turn then end with [`TurnTimeout`](crate::Error::TurnTimeout), with the result so
    /// far.
    ///
    /// Every event of the turn ends the silence, including deltas, and so does every event of the
    /// sub-agents that work for its thread. While a request from the server is open (an approval, a
    /// question, a call to a [`Tool`](crate::Tool)), even one of a sub-agent, the server waits for
    /// this program and is not silent. The interrupted turn has five seconds to end. Replaces an
    /// earlier idle timeout of the turn; there is none by default.
    ///
    /// ```no_run
    /// use std::time::Duration;
    ///
    /// use codex_client::{Result, Thread};
    ///
    /// async fn example(thread: &Thread) -> Result<()> {
    ///     let compaction = thread.compact().await?;
    ///     compaction.idle_timeout(Duration::from_secs(60)).run().await?;
    ///     Ok(())
    /// }
    /// ```
    pub fn idle_timeout(self, idle_timeout: Duration) -> Self {
        let connection = self.codex.connection();
        connection.limit_silence(&self.log, idle_timeout);
        self
    }

    /// Waits as [`run`](Self::run) does, and interrupts the turn (`turn/interrupt`) once `stop` is
    /// ready. `stop` is any future: a timer, `tokio::signal::ctrl_c()`, the receiver of a channel, or
    /// `CancellationToken::cancelled()` of `tokio_util`.
    ///
    /// Returns the result of the interrupted turn, with the status `interrupted`. The turn then has
    /// two seconds to end; if it does not, the result so far is returned, with the status
    /// `inProgress`. A turn that has not begun by then is interrupted when it begins.
    ///
    /// ```no_run
    /// use codex_client::{Result, TurnHandle, TurnResult};
    /// use tokio::sync::oneshot;
    ///
    /// async fn example(turn: &TurnHandle, stop: oneshot::Receiver<()>) -> Result<TurnResult> {
    ///     turn.run_until(stop).await
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Same as [`run`](Self::run).
    pub async fn run_until<F: Future>(&self, stop: F) -> Result<R> {
        let mut stop = pin!(stop);
        let mut result = pin!(self.result());
        let first = poll_fn(|context| match result.as_mut().poll(context) {
            Poll::Ready(result) => Poll::Ready(Some(result)),
            Poll::Pending => stop.as_mut().poll(context).map(|_| None),
        });
        let ended = first.await;
        self.run_or_stop(ended).await
    }

    /// Interrupts the turn (`turn/interrupt`) when the last clone of this handle and the last of its
    /// streams are dropped, so that a caller that is cancelled costs no further tokens. Nothing
    /// happens if the turn has ended by then.
    ///
    /// The drop does not wait: the interrupt is sent in the background. Without this option, a turn
    /// continues when its handle is dropped.
    pub fn interrupt_on_drop(mut self) -> Self {
        if self.guard.is_none() {
            let guard = self.codex.connection().interrupt_guard(&self.log);
            self.guard = Some(Arc::new(guard));
        }
        self
    }

    /// Streams the events of the turn, in order, up to and including its completion.
    ///
    /// The first stream begins with the first event. A further stream, created while another is
    /// being read, begins with the oldest event that no stream has taken yet.
    pub fn stream(&self) -> TurnStream {
        TurnStream::new(self.codex.clone(), self.log.reader(), self.guard.clone())
    }

    /// Streams the text of the model's messages to the user.
    ///
    /// Reasoning, command output and messages that the model marks as commentary are left out. The
    /// texts of several messages follow one another without a separator.
    ///
    /// ```no_run
    /// use codex_client::{Result, Thread};
    ///
    /// async fn example(thread: &Thread) -> Result<()> {
    ///     let turn = thread.turn("Tell me a story.").await?;
    ///     let mut text = turn.text_stream();
    ///     while let Some(piece) = text.next().await {
    ///         print!("{}", piece?);
    ///     }
    ///     let result = text.result().await?;
    ///     println!("\n{} items", result.items.len());
    ///     Ok(())
    /// }
    /// ```
    pub fn text_stream(&self) -> TextStream {
        TextStream::new(self.stream())
    }

    /// Returns the sub-agents that have worked for the turn so far, in the order in which they
    /// began: those that its model has started, and the sub-agents of these. They are current while
    /// the turn is running; afterwards, they are as they were when it ended.
    ///
    /// No event names the role and the nickname of a sub-agent. The client reads them when the
    /// sub-agent begins to work for the turn (`thread/read`); until the server has responded, they
    /// are `None`.
    pub fn agents(&self) -> Vec<SubAgent> {
        self.log.agents()
    }

    /// Streams the events of the sub-agents that work for the turn, from now on until the turn ends.
    /// Each event comes with its [sub-agent](crate::agents::SubAgent): the thread, the role and the
    /// status.
    ///
    /// [`stream`](Self::stream), [`text_stream`](Self::text_stream) and the items and the response
    /// of the result have nothing of what sub-agents say and do. A request from a sub-agent, such
    /// as one for an approval, goes to the same handlers and inboxes as those of the turn.
    pub fn agent_events(&self) -> SubAgentEvents {
        SubAgentEvents::new(self.codex.clone(), &self.log, self.guard.clone())
    }

    /// Adds input to the running turn (`turn/steer`).
    ///
    /// A turn that has not begun yet is steered as soon as it begins; the wait for its beginning
    /// and the request itself share a single request timeout. If the future is dropped, the model
    /// may or may not have received the input; the turn continues.
    ///
    /// # Errors
    ///
    /// [`Rpc`](crate::Error::Rpc) with the kind [`NoActiveTurn`](crate::RpcErrorKind::NoActiveTurn)
    /// if the turn has ended, or [`TurnMismatch`](crate::RpcErrorKind::TurnMismatch) if a different
    /// turn is running; otherwise, same as
    /// [`RequestBuilder::send`](crate::builder::RequestBuilder::send).
    /// [`Thread::steer_or_start`](crate::Thread::steer_or_start) starts a turn if none is running.
    pub async fn steer(&self, input: impl Into<Input>) -> Result<()> {
        let input = input.into();
        // A review is steered under the id that its events name: the server then says that it cannot
        // be steered.
        let params = |_| TurnSteerParams::new(self.thread_id(), self.id(), input.clone());
        self.call(params).await.map(drop)
    }

    /// Interrupts the turn (`turn/interrupt`). Returns when the server has accepted the request or
    /// the turn has ended, whichever comes first. To wait for the end, call [`run`](Self::run),
    /// whose result then has the status `interrupted`. Programs in background terminals keep
    /// running.
    ///
    /// Interrupting a turn that has ended is a no-op. A turn that has not begun yet is interrupted
    /// as soon as it begins. If the running turn is over that this turn may have joined, the turn that
    /// takes the input is interrupted. If the future is dropped after the request was sent, the turn is
    /// still interrupted.
    ///
    /// # Errors
    ///
    /// [`Timeout`](crate::Error::Timeout) if neither the response nor the end of the turn arrives
    /// within the [request timeout](crate::builder::CodexBuilder::request_timeout);
    /// [`Rpc`](crate::Error::Rpc) if the turn has not begun by then, or if it is not known by then
    /// whether it has joined another turn; otherwise, same as
    /// [`RequestBuilder::send`](crate::builder::RequestBuilder::send).
    pub async fn interrupt(&self) -> Result<()> {
        let params = |id| TurnInterruptParams::new(self.thread_id(), id);
        let mut response = pin!(self.call(params));
        // The end takes precedence: a turn that has ended is not interrupted. A detached turn may
        // still be running, so its response is awaited.
        let first = poll_fn(|context| match self.log.poll_end(context) {
            Poll::Ready(TurnEnd::Completed) => Poll::Ready(Ok(())),
            Poll::Ready(TurnEnd::Early(EarlyEnd::Closed(closed))) => {
                Poll::Ready(Err(Error::Closed(closed)))
            }
            Poll::Ready(
                TurnEnd::Early(EarlyEnd::Detached(_)) | TurnEnd::Silent(_) | TurnEnd::Failed,
            )
            | Poll::Pending => response.as_mut().poll(context).map_ok(drop),
        });
        match first.await {
            // A turn that may have joined another one may not have begun itself.
            Err(error)
                if error.is_not_running()
                    && self.log.has_begun()
                    && !self.log.may_have_joined() =>
            {
                Ok(())
            }
            result => result,
        }
    }

    /// Returns the result so far, whether or not the turn has ended, even after the connection has
    /// ended. The status is `inProgress` until the turn has ended.
    pub fn partial(&self) -> TurnResult {
        self.log.partial()
    }

    /// Returns the id of the turn.
    pub fn id(&self) -> &str {
        self.log.turn_id()
    }

    /// Returns the id of the thread that the turn runs in.
    pub fn thread_id(&self) -> &str {
        self.log.thread_id()
    }
}

impl<R> TurnHandle<R> {
    pub(crate) fn new(codex: Codex, log: Arc<TurnLog>, convert: ConvertResult<R>) -> Self {
        Self {
            codex,
            record: RecordClaim::new(&log),
            log,
            convert,
            guard: None,
        }
    }

    /// Sets the guard that interrupts the turn.
    pub(crate) fn with_guard(mut self, guard: Option<InterruptGuard>) -> Self {
        self.guard = guard.map(Arc::new);
        self
    }

    pub(crate) fn codex(&self) -> &Codex {
        &self.codex
    }

    pub(crate) fn log(&self) -> &Arc<TurnLog> {
        &self.log
    }

    /// Waits for the turn to end, without converting the result.
    async fn result(&self) -> Result<TurnResult> {
        self.log.discard_unclaimed();
        let end = poll_fn(|context| self.log.poll_end(context)).await;
        self.log.result(end)
    }

    /// Converts the result of a turn that has ended. If it has not ended, interrupts it first, and
    /// takes the result so far if it does not end in time.
    pub(crate) async fn run_or_stop(&self, ended: Option<Result<TurnResult>>) -> Result<R> {
        let result = match ended {
            Some(result) => result?,
            None => {
                let connection = self.codex.connection();
                // A turn that has not begun by then is interrupted when it begins.
                let _guard = connection.interrupt_guard(&self.log);
                let interrupted = connection.within(Some(STOP_GRACE), async {
                    // A turn that cannot be interrupted may still end.
                    let _ = self.interrupt().await;
                    self.result().await
                });
                interrupted.await.unwrap_or_else(|| Ok(self.partial()))?
            }
        };
        (self.convert)(result)
    }

    /// Waits for the turn to end, within a timeout that started to run earlier.
    pub(crate) async fn result_within(
        &self,
        begun: Instant,
        timeout: Option<Duration>,
    ) -> Result<TurnResult> {
        match timeout {
            Some(after) => self.result_since(begun, after).await,
            None => self.result().await,
        }
    }

    async fn result_since(&self, begun: Instant, after: Duration) -> Result<TurnResult> {
        let remaining = after.saturating_sub(begun.elapsed());
        let connection = self.codex.connection();
        if let Some(result) = connection.within(Some(remaining), self.result()).await {
            return result;
        }
        let interrupted = connection.within(Some(INTERRUPT_GRACE), async {
            self.interrupt().await?;
            self.result().await
        });
        match interrupted.await {
            // The turn had ended on its own before the interrupt.
            Some(Ok(result)) if result.status != TurnStatus::Interrupted => Ok(result),
            Some(Err(
                error @ (Error::TurnFailed(_)
                | Error::TurnDetached(_)
                | Error::TurnTimeout(_)
                | Error::Closed(_)),
            )) => Err(error),
            _ => Err(Error::TurnTimeout(Box::new(TurnTimeout {
                thread_id: self.thread_id().to_owned(),
                turn_id: Some(self.id().to_owned()),
                after,
                was_silent: false,
                partial: Some(self.partial()),
            }))),
        }
    }

    /// Sends a request about the running turn, whose id is passed to `params`.
    ///
    /// The server returns the id of a turn before the turn begins, and refuses such requests until
    /// then. A request that may have been refused for this reason is repeated once the turn has
    /// begun. A request that names a running turn that this turn has not joined, as it turns out, is
    /// repeated with the id of this turn. All attempts share the timeout of a single request.
    async fn call<Q: Request>(&self, params: impl Fn(String) -> Q) -> Result<Q::Response> {
        let connection = self.codex.connection();
        let (begun, after) = (Instant::now(), connection.timeout());
        let remaining = || after.map(|after| after.saturating_sub(begun.elapsed()));
        loop {
            let (id, had_begun) = (self.id(), self.log.has_begun());
            let params = params(self.running_id().await?);
            let refused = match connection.call(&params, remaining()).await {
                Err(error) if error.is_not_running() => error,
                response => {
                    return response.map_err(|error| match (error, after) {
                        // The caller has waited since the first attempt.
                        (Error::Timeout { method, sent, .. }, Some(after)) => Error::Timeout {
                            method,
                            after,
                            sent,
                        },
                        (error, _) => error,
                    });
                }
            };
            // The refusal may precede the end of the running turn, which shows whether this turn has
            // joined it.
            let settled = poll_fn(|context| self.log.poll_settled(context));
            if connection.within(remaining(), settled).await.is_none() {
                return Err(refused);
            }
            // A turn begins once under each of its few ids.
            let is_of_other_turn = self.id() != id;
            if !is_of_other_turn && (had_begun || !self.begins(remaining()).await) {
                return Err(refused);
            }
        }
    }

    /// Returns the id that the server uses while the turn runs. A review runs under a separate id.
    async fn running_id(&self) -> Result<String> {
        let active = self.codex.connection().active_turn(self.thread_id());
        Ok(match active.await? {
            Some(active) if active.root == self.id() => active.id,
            _ => self.id().to_owned(),
        })
    }

    /// Waits for the turn to begin.
    async fn begins(&self, within: Option<Duration>) -> bool {
        let mut events = self.log.listener();
        let begun = poll_fn(|context| match events.poll(context) {
            Poll::Ready(event) => Poll::Ready(event.is_ok()),
            Poll::Pending if self.log.has_begun() => Poll::Ready(true),
            Poll::Pending => Poll::Pending,
        });
        let connection = self.codex.connection();
        connection.within(within, begun).await.unwrap_or(false)
    }
}

// A derive would also require `R` to implement the trait.
impl<R> Clone for TurnHandle<R> {
    fn clone(&self) -> Self {
        Self {
            codex: self.codex.clone(),
            log: Arc::clone(&self.log),
            record: self.record.clone(),
            convert: self.convert,
            guard: self.guard.clone(),
        }
    }
}

impl<R> fmt::Debug for TurnHandle<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TurnHandle")
            .field("thread_id", &self.thread_id())
            .field("id", &self.id())
            .finish_non_exhaustive()
    }
}
