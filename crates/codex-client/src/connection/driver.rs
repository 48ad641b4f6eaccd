//! The I/O of a connection.
//!
//! A single task polls the reader, the commands and the writer in turn. A server that does not read
//! therefore cannot keep the client from reading, and vice versa. All decisions are made by
//! [`Core`].

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite},
    sync::{mpsc, watch},
    task::yield_now,
    time::{Instant, sleep_until, timeout},
};

use crate::{
    connection::{
        command::Command,
        core::Core,
        shared::{Shared, State},
    },
    error::{
        Error,
        connection_closed::{CloseReason, ConnectionClosed},
    },
    rpc::lines::Lines,
    telemetry::{Scope, Span},
    transport::process::Process,
};

/// Number of bytes to read per poll before readers of notifications are woken. The number is small
/// enough for the received notifications to still be in the processor's caches by then, and for a
/// reader that keeps up to receive the deltas unmerged.
const READ_PER_POLL: usize = if cfg!(fuzzing) { 128 } else { 512 * 1024 };

/// Timeout for reading the remaining output of a process that has exited. Another process may hold
/// the output open.
const DRAIN_TIMEOUT: Duration = Duration::from_millis(200);

/// Reads, writes, and schedules the deadlines of a connection.
pub(crate) struct Driver<R, W> {
    reader: R,
    lines: Lines,
    /// Maximum length of a line, in bytes.
    line_limit: usize,
    shared: Arc<Shared<W>>,
    scope: Scope,
    /// Dropped after the connection has ended, which its receivers wait for.
    _alive: watch::Sender<()>,
}

/// How a session ended.
pub(crate) enum SessionEnd {
    Closed(CloseReason),
    /// The session could not be begun.
    Failed(Error),
}

impl<R, W> Driver<R, W>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    /// Creates the driver of a transport. If it is dropped, everything that waits for the
    /// connection ends.
    pub(crate) fn new(
        reader: R,
        writer: W,
        mut core: Core,
        commands: mpsc::UnboundedReceiver<Command>,
        line_limit: usize,
        span: Span,
        alive: watch::Sender<()>,
    ) -> Self {
        let scope = span.scope();
        core.trace(span);
        Self {
            reader,
            lines: Lines::new(line_limit),
            line_limit,
            shared: Arc::new(Shared::new(core, writer, commands)),
            scope,
            _alive: alive,
        }
    }

    /// Continues with other streams.
    pub(crate) fn reopen(&mut self, reader: R, writer: W) {
        self.reader = reader;
        self.lines = Lines::new(self.line_limit);
        self.shared.lock().writer = Some(writer);
    }

    /// Returns the part of the connection that is shared with its callers.
    pub(crate) fn shared(&self) -> &Arc<Shared<W>> {
        &self.shared
    }

    /// Serves until the streams or the process end, or until `failed` is ready.
    pub(crate) async fn serve(
        &mut self,
        mut process: Option<&mut Process>,
        failed: impl Future<Output = Error>,
    ) -> SessionEnd {
        let end = {
            let mut exited = pin!(async {
                match &mut process {
                    Some(process) => process.exited().await,
                    None => std::future::pending().await,
                }
            });
            let mut failed = pin!(failed);
            poll_fn(|context| {
                if let Poll::Ready(reason) = self.poll(context) {
                    return Poll::Ready(Some(SessionEnd::Closed(reason)));
                }
                if let Poll::Ready(error) = failed.as_mut().poll(context) {
                    return Poll::Ready(Some(SessionEnd::Failed(error)));
                }
                exited.as_mut().poll(context).map(|_| None)
            })
            .await
        };
        match end {
            Some(end) => end,
            // The output usually ends with the process, and may contain further responses.
            None => SessionEnd::Closed(
                timeout(DRAIN_TIMEOUT, poll_fn(|context| self.poll(context)))
                    .await
                    .unwrap_or(CloseReason::Exited),
            ),
        }
    }

    /// Executes commands between two sessions, until the future is ready or the client asks for the
    /// end of the connection.
    pub(crate) async fn between_sessions<F: Future>(
        &mut self,
        future: F,
    ) -> Result<F::Output, CloseReason> {
        let mut future = pin!(future);
        poll_fn(|context| {
            if let Poll::Ready(reason) = self.poll_offline(context) {
                return Poll::Ready(Err(reason));
            }
            future.as_mut().poll(context).map(Ok)
        })
        .await
    }

    fn poll_offline(&mut self, context: &mut Context<'_>) -> Poll<CloseReason> {
        let _entered = self.scope.enter();
        let mut state = self.shared.lock();
        state.set_waker(context);
        let now = Instant::now();
        let command = state.poll_commands(context, now);
        state.poll_timer(context);
        state.core.wake_readers(now);
        command
    }

    /// Reads and writes until both directions are pending.
    ///
    /// Reading comes first, since a response makes room for a queued request. Commands and
    /// deadlines come before writing, so that a single write takes all new lines.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<CloseReason> {
        let Self {
            reader,
            lines,
            shared,
            scope,
            ..
        } = self;
        let _entered = scope.enter();
        let mut state = shared.lock();
        state.set_waker(context);
        let read = poll_read(reader, lines, &mut state.core, context);
        // The clock is read once for all that does not wait.
        let now = Instant::now();
        state.core.wake_readers(now);
        let command = state.poll_commands(context, now);
        state.poll_timer(context);
        let written = state.poll_write(context, now);
        // A request that no caller waits for has a deadline from now on.
        if state.poll_timer(context) {
            context.waker().wake_by_ref();
        }
        // Commands and deadlines wake readers, too.
        state.core.wake_readers(now);
        for task in state.core.tasks.drain(..) {
            tokio::spawn(task);
        }
        for polled in [command, read, written] {
            if polled.is_ready() {
                return polled;
            }
        }
        Poll::Pending
    }

    /// Writes the remaining lines and shuts the writer down.
    pub(crate) async fn flush(&mut self) {
        poll_fn(|context| {
            let mut state = self.shared.lock();
            if state.poll_write(context, Instant::now()).is_ready() {
                return Poll::Ready(());
            }
            let is_written = state.core.outbound.unwritten().is_empty();
            match &mut state.writer {
                Some(writer) if is_written => Pin::new(writer).poll_shutdown(context).map(|_| ()),
                Some(_) => Poll::Pending,
                None => Poll::Ready(()),
            }
        })
        .await;
    }

    /// Waits until the process exits, or ends it. Its output is still read, so that responses in
    /// transit arrive and the process does not block on a full pipe. Commands are refused, unless
    /// another session follows.
    pub(crate) async fn shut_down(
        &mut self,
        process: &mut Process,
        mut reading: bool,
        is_last: bool,
    ) -> Option<std::process::ExitStatus> {
        let mut end = pin!(process.end());
        poll_fn(|context| {
            let mut state = self.shared.lock();
            if reading {
                let core = &mut state.core;
                reading = poll_read(&mut self.reader, &mut self.lines, core, context).is_pending();
            }
            while is_last && let Poll::Ready(Some(command)) = state.commands.poll_recv(context) {
                state.core.refuse(command);
            }
            state.core.wake_all_readers();
            end.as_mut().poll(context)
        })
        .await
    }
}

/// The deadlines, for which only the task has a timer: it runs in the runtime of the client.
impl<W> State<W> {
    /// Polls the one timer for all deadlines. The timer is only ever moved to an earlier deadline.
    /// If it elapses early, because the request has completed, it is set again. Returns whether it
    /// has elapsed.
    fn poll_timer(&mut self, context: &mut Context<'_>) -> bool {
        let mut has_elapsed = false;
        loop {
            let Some(deadline) = self.core.deadline() else {
                self.timer = None;
                return has_elapsed;
            };
            let timer = match &mut self.timer {
                Some(timer) => {
                    if deadline < timer.deadline() {
                        timer.as_mut().reset(deadline);
                    }
                    timer
                }
                none => none.insert(Box::pin(sleep_until(deadline))),
            };
            if timer.as_mut().poll(context).is_pending() {
                return has_elapsed;
            }
            self.timer = None;
            has_elapsed = true;
            self.core.expire(Instant::now());
        }
    }
}

/// Reads until the reader is pending.
fn poll_read<R: AsyncRead + Unpin>(
    reader: &mut R,
    lines: &mut Lines,
    core: &mut Core,
    context: &mut Context<'_>,
) -> Poll<CloseReason> {
    let mut received = 0;
    while received < READ_PER_POLL {
        let read = {
            let read = pin!(reader.read_buf(lines.read_buffer()));
            ready!(read.poll(context))
        };
        match read {
            Ok(0) => {
                if let Some(line) = lines.take_rest() {
                    core.receive(line, Instant::now());
                }
                return Poll::Ready(CloseReason::EndOfStream);
            }
            Ok(length) => {
                received += length;
                let now = Instant::now();
                while let Some(line) = lines.next() {
                    core.receive(line, now);
                }
            }
            Err(error) => {
                return Poll::Ready(CloseReason::of_io_error(error, "read from"));
            }
        }
    }
    // There may be more to read, but commands and readers have been waiting. Waking this task would
    // not do: on a runtime with a single thread, it would run again before the readers.
    let _ = pin!(yield_now()).poll(context);
    Poll::Pending
}

impl<R, W> Drop for Driver<R, W> {
    /// If the connection has not ended yet, the task was dropped by the shutdown of the runtime.
    fn drop(&mut self) {
        let shut_down = || ConnectionClosed::new(CloseReason::RuntimeShutDown);
        let mut state = self.shared.lock();
        let state = &mut *state;
        state.writer = None;
        state.core.finish(shut_down());
        // No command is lost: earlier ones are refused here, and later ones fail to be sent.
        state.commands.close();
        let mut context = Context::from_waker(Waker::noop());
        loop {
            // While senders exist, `try_recv` reports the end of a closed channel only since tokio
            // 1.48. The budget of the task may be used up.
            let command = pin!(tokio::task::unconstrained(state.commands.recv()));
            match command.poll(&mut context) {
                Poll::Ready(Some(command)) => state.core.refuse(command),
                Poll::Ready(None) => break,
                // Another thread is in the middle of sending a command.
                Poll::Pending => std::thread::yield_now(),
            }
        }
        state.core.finish(shut_down());
    }
}
