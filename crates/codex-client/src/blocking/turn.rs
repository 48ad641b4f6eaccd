//! Turns of the blocking API, and their events.

use std::{fmt, time::Duration};

use crate::{
    blocking::{iterator::iterator, worker::wait},
    error::Result,
    input::Input,
    sub_agent::SubAgent,
    turn_result::TurnResult,
};

/// A turn, returned by [`Thread::turn`](crate::blocking::Thread::turn).
///
/// Cheap to clone; all clones refer to the same turn. One thread can follow it while another steers
/// it.
///
/// ```no_run
/// use codex_client::{Result, blocking::Thread};
///
/// fn example(thread: &Thread) -> Result<()> {
///     let turn = thread.turn("Refactor the parser.").send()?;
///     turn.steer("Only the lexer.")?;
///     let result = turn.run()?;
///     println!("{} items", result.items.len());
///     Ok(())
/// }
/// ```
///
/// Events are kept from the beginning of the turn for the first [`stream`](Self::stream), even
/// before that stream is created. The completed items, from which the result is built, are kept as
/// long as a handle or a stream exists, unless only the events are read
/// ([`TurnStream::events_only`]). When the last handle and stream are dropped, the turn
/// continues, and any further events go to
/// [`Codex::notifications`](crate::blocking::Codex::notifications).
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
    inner: crate::TurnHandle<R>,
}

impl<R> TurnHandle<R> {
    /// Waits for the turn to end and collects its result. The events need not be read.
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
    /// turn was started with [`output`](crate::blocking::TurnStartBuilder::output) and its final
    /// response does not match the type.
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn run(&self) -> Result<R> {
        wait(self.inner.run())
    }

    /// Waits as [`run`](Self::run) does, and interrupts the turn (`turn/interrupt`) if it does not
    /// end within `timeout`. The interrupted turn then has five seconds to end.
    ///
    /// # Errors
    ///
    /// [`TurnTimeout`](crate::Error::TurnTimeout), with the result so far, if the turn was
    /// interrupted; otherwise, same as [`run`](Self::run).
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn run_within(&self, timeout: Duration) -> Result<R> {
        wait(self.inner.run_within(timeout))
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
    /// use codex_client::{Result, blocking::Thread};
    ///
    /// fn example(thread: &Thread) -> Result<()> {
    ///     let compaction = thread.compact()?;
    ///     compaction.idle_timeout(Duration::from_secs(60)).run()?;
    ///     Ok(())
    /// }
    /// ```
    pub fn idle_timeout(self, idle_timeout: Duration) -> Self {
        self.inner.idle_timeout(idle_timeout).into()
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
    /// use codex_client::{Result, TurnResult, blocking::TurnHandle};
    /// use tokio::sync::oneshot;
    ///
    /// fn example(turn: &TurnHandle, stop: oneshot::Receiver<()>) -> Result<TurnResult> {
    ///     turn.run_until(stop)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Same as [`run`](Self::run).
    pub fn run_until<F: Future>(&self, stop: F) -> Result<R> {
        wait(self.inner.run_until(stop))
    }

    /// Interrupts the turn (`turn/interrupt`) when the last clone of this handle and the last of its
    /// streams are dropped, so that a caller that is cancelled costs no further tokens. Nothing
    /// happens if the turn has ended by then.
    ///
    /// The drop does not wait: the interrupt is sent in the background. Without this option, a turn
    /// continues when its handle is dropped.
    pub fn interrupt_on_drop(self) -> Self {
        self.inner.interrupt_on_drop().into()
    }

    /// Streams the events of the turn, in order, up to and including its completion.
    ///
    /// The first stream begins with the first event. A further stream, created while another is
    /// being read, begins with the oldest event that no stream has taken yet.
    pub fn stream(&self) -> TurnStream {
        self.inner.stream().into()
    }

    /// Streams the text of the model's messages to the user.
    ///
    /// Reasoning, command output and messages that the model marks as commentary are left out. The
    /// texts of several messages follow one another without a separator.
    ///
    /// ```no_run
    /// use codex_client::{Result, blocking::Thread};
    ///
    /// fn example(thread: &Thread) -> Result<()> {
    ///     let turn = thread.turn("Tell me a story.").send()?;
    ///     let mut text = turn.text_stream();
    ///     for piece in &mut text {
    ///         print!("{}", piece?);
    ///     }
    ///     let result = text.result()?;
    ///     println!("\n{} items", result.items.len());
    ///     Ok(())
    /// }
    /// ```
    pub fn text_stream(&self) -> TextStream {
        self.inner.text_stream().into()
    }

    /// Returns the sub-agents that have worked for the turn so far, in the order in which they
    /// began: those that its model has started, and the sub-agents of these. They are current while
    /// the turn is running; afterwards, they are as they were when it ended.
    ///
    /// No event names the role and the nickname of a sub-agent. The client reads them when the
    /// sub-agent begins to work for the turn (`thread/read`); until the server has responded, they
    /// are `None`.
    pub fn agents(&self) -> Vec<SubAgent> {
        self.inner.agents()
    }

    /// Streams the events of the sub-agents that work for the turn, from now on until the turn ends.
    /// Each event comes with its [sub-agent](crate::agents::SubAgent): the thread, the role and the
    /// status.
    ///
    /// [`stream`](Self::stream), [`text_stream`](Self::text_stream) and the items and the response
    /// of the result have nothing of what sub-agents say and do. A request from a sub-agent, such
    /// as one for an approval, goes to the same handlers and inboxes as those of the turn.
    pub fn agent_events(&self) -> SubAgentEvents {
        self.inner.agent_events().into()
    }

    /// Adds input to the running turn (`turn/steer`).
    ///
    /// A turn that has not begun yet is steered as soon as it begins; the wait for its beginning
    /// and the request itself share a single request timeout.
    ///
    /// # Errors
    ///
    /// [`Rpc`](crate::Error::Rpc) with the kind [`NoActiveTurn`](crate::RpcErrorKind::NoActiveTurn)
    /// if the turn has ended, or [`TurnMismatch`](crate::RpcErrorKind::TurnMismatch) if a different
    /// turn is running; otherwise, same as
    /// [`RequestBuilder::send`](crate::blocking::RequestBuilder#method.send).
    /// [`Thread::steer_or_start`](crate::blocking::Thread::steer_or_start) starts a turn if none is
    /// running.
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn steer(&self, input: impl Into<Input>) -> Result<()> {
        wait(self.inner.steer(input))
    }

    /// Interrupts the turn (`turn/interrupt`). Returns when the server has accepted the request or
    /// the turn has ended, whichever comes first. To wait for the end, call [`run`](Self::run),
    /// whose result then has the status `interrupted`. Programs in background terminals keep
    /// running.
    ///
    /// Interrupting a turn that has ended is a no-op. A turn that has not begun yet is interrupted
    /// as soon as it begins. If the running turn is over that this turn may have joined, the turn that
    /// takes the input is interrupted.
    ///
    /// # Errors
    ///
    /// [`Timeout`](crate::Error::Timeout) if neither the response nor the end of the turn arrives
    /// within the [request timeout](crate::blocking::CodexBuilder::request_timeout);
    /// [`Rpc`](crate::Error::Rpc) if the turn has not begun by then, or if it is not known by then
    /// whether it has joined another turn; otherwise, same as
    /// [`RequestBuilder::send`](crate::blocking::RequestBuilder#method.send).
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn interrupt(&self) -> Result<()> {
        wait(self.inner.interrupt())
    }

    /// Returns the result so far, whether or not the turn has ended, even after the connection has
    /// ended. The status is `inProgress` until the turn has ended.
    pub fn partial(&self) -> TurnResult {
        self.inner.partial()
    }

    /// Returns the id of the turn.
    pub fn id(&self) -> &str {
        self.inner.id()
    }

    /// Returns the id of the thread that the turn runs in.
    pub fn thread_id(&self) -> &str {
        self.inner.thread_id()
    }
}

/// Converts the async type into the blocking one.
impl<R> From<crate::TurnHandle<R>> for TurnHandle<R> {
    fn from(inner: crate::TurnHandle<R>) -> Self {
        Self { inner }
    }
}

// A derive would also require `R` to implement the trait.
impl<R> Clone for TurnHandle<R> {
    fn clone(&self) -> Self {
        self.inner.clone().into()
    }
}

impl<R> fmt::Debug for TurnHandle<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

iterator! {
    /// The events of one turn, returned by [`TurnHandle::stream`].
    ///
    /// ```no_run
    /// use codex_client::{Result, blocking::TurnHandle, types::ServerNotification};
    ///
    /// fn example(turn: &TurnHandle) -> Result<()> {
    ///     let mut events = turn.stream();
    ///     for event in &mut events {
    ///         if let ServerNotification::AgentMessageDelta(delta) = event? {
    ///             print!("{}", delta.delta);
    ///         }
    ///     }
    ///     let result = events.result()?;
    ///     println!("{} items", result.items.len());
    ///     Ok(())
    /// }
    /// ```
    ///
    /// The last item is `turn/completed`, or [`Error::Closed`](crate::Error::Closed) if the
    /// connection ended first, or [`Error::TurnDetached`](crate::Error::TurnDetached) if the thread
    /// was closed or unsubscribed from first or the server does not report the end of the turn. A
    /// turn that was interrupted because it exceeded its [idle
    /// timeout](crate::blocking::TurnHandle::idle_timeout) ends with
    /// [`Error::TurnTimeout`](crate::Error::TurnTimeout). An
    /// [`Error::Decode`](crate::Error::Decode) does not end the iterator: it reports that a part of
    /// the previous event, or a whole message, could not be decoded, and the next event follows.
    ///
    /// A reader that falls far behind receives adjacent deltas of an item merged into one: fewer
    /// events, but the same text.
    TurnStream(crate::turn::stream::TurnStream) => codex_types::ServerNotification
}

impl TurnStream {
    /// Reads only the events: the client drops each item once it was read, instead of keeping it for
    /// the result of the turn. A turn with large items then takes little memory.
    ///
    /// The items are kept as long as a handle or another stream of the turn exists that may still ask
    /// for the result, and for a goal that the turn belongs to. Otherwise, [`result`](Self::result)
    /// and the partial result of an error have the status, the tokens, the sub-agents and the error
    /// of the turn, but no items and no final response.
    ///
    /// ```no_run
    /// use codex_client::{Result, blocking::Thread};
    ///
    /// fn example(thread: &Thread) -> Result<()> {
    ///     for event in thread.turn("Run the tests.").send()?.stream().events_only() {
    ///         println!("{}", event?.method());
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn events_only(self) -> Self {
        self.inner.events_only().into()
    }

    /// Waits for the turn to end, skips the unread events, and collects the result. No request is
    /// sent to the server.
    ///
    /// # Errors
    ///
    /// Same as [`TurnHandle::run`](crate::blocking::TurnHandle::run).
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn result(self) -> Result<TurnResult> {
        wait(self.inner.result())
    }
}

iterator! {
    /// The text of the model's messages in a turn, returned by [`TurnHandle::text_stream`].
    ///
    /// ```no_run
    /// use codex_client::{Result, blocking::Thread};
    ///
    /// fn example(thread: &Thread) -> Result<()> {
    ///     let turn = thread.turn("Explain the parser.").send()?;
    ///     let mut text = turn.text_stream();
    ///     for piece in text.by_ref() {
    ///         print!("{}", piece?);
    ///     }
    ///     let result = text.result()?;
    ///     println!("{:?}", result.status);
    ///     Ok(())
    /// }
    /// ```
    ///
    /// The iterator ends with the turn. Its last item is an error if the turn failed
    /// ([`TurnFailed`](crate::Error::TurnFailed)), or if the connection ended
    /// ([`Closed`](crate::Error::Closed)) or the thread was closed or unsubscribed from
    /// ([`TurnDetached`](crate::Error::TurnDetached)) before the turn ended, or if the turn
    /// exceeded its [idle timeout](crate::blocking::TurnHandle::idle_timeout)
    /// ([`TurnTimeout`](crate::Error::TurnTimeout)). After an interrupt by this program, there is
    /// no error. An [`Error::Decode`](crate::Error::Decode) does not end the iterator: it reports
    /// that a message could not be decoded, and the next piece follows.
    TextStream(crate::turn::text::TextStream) => String
}

impl TextStream {
    /// Waits for the turn to end and collects the result, as
    /// [`TurnStream::result`](crate::blocking::TurnStream::result) does.
    ///
    /// # Errors
    ///
    /// Same as [`TurnHandle::run`](crate::blocking::TurnHandle::run).
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn result(self) -> Result<TurnResult> {
        wait(self.inner.result())
    }
}

iterator! {
    /// The events of the sub-agents of one turn, returned by
    /// [`TurnHandle::agent_events`](crate::blocking::TurnHandle::agent_events).
    ///
    /// ```no_run
    /// use codex_client::{Result, blocking::TurnHandle, types::ServerNotification};
    ///
    /// fn example(turn: &TurnHandle) -> Result<()> {
    ///     for event in turn.agent_events() {
    ///         let event = event?;
    ///         if let ServerNotification::ItemStarted(started) = event.notification {
    ///             println!("{} ({}): {:?}", event.agent.name(), event.agent.status, started.item);
    ///         }
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// The iterator has every event of the threads of the sub-agents, such as the begin and the end
    /// of their turns, their items and their deltas, while the turn is running. It ends with the
    /// turn. Its last item is an error if the connection ended
    /// ([`Error::Closed`](crate::Error::Closed)) or the thread was closed or unsubscribed from
    /// ([`Error::TurnDetached`](crate::Error::TurnDetached)) before the turn ended, or if the turn
    /// exceeded its [idle timeout](crate::blocking::TurnHandle::idle_timeout)
    /// ([`Error::TurnTimeout`](crate::Error::TurnTimeout)).
    ///
    /// Other errors do not end the iterator. They report a message, or a part of the previous event,
    /// that could not be decoded ([`Error::Decode`](crate::Error::Decode)), or events that were dropped because
    /// this reader was too slow ([`Error::Lagged`](crate::Error::Lagged)). Up to 16 MiB of unread
    /// events are kept for each reader. A reader that falls behind by less than that receives
    /// adjacent deltas of an item merged into one: fewer events, but the same text.
    SubAgentEvents(crate::turn::agent_events::SubAgentEvents)
        => crate::turn::agent_events::SubAgentEvent
}
