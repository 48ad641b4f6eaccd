//! The I/O of a connection.
//!
//! A single task polls the reader, the commands and the writer in turn. A server that does not read
//! therefore cannot keep the client from reading, and vice versa. All decisions are made by
//! [`Core`].

use std::{
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::mpsc,
    time::{Instant, Sleep, sleep_until, timeout},
};

use crate::{
    connection::{command::Command, core::Core},
    error::connection_closed::{CloseReason, ConnectionClosed},
    rpc::lines::Lines,
    transport::{Transport, process::Process},
};

/// Maximum number of reads per poll before readers of notifications are woken. The number is small
/// enough for the received notifications to still be in the processor's caches by then.
const MAX_READS_PER_POLL: usize = 8;

/// Timeout for writing the remaining lines when the client closes the connection.
const FLUSH_TIMEOUT: Duration = Duration::from_millis(200);

/// Timeout for reading the remaining output of a process that has exited. Another process may hold
/// the output open.
const DRAIN_TIMEOUT: Duration = Duration::from_millis(200);

/// Reads, writes, and schedules the deadlines of a connection.
pub(crate) struct Driver<R, W> {
    reader: R,
    writer: Option<W>,
    lines: Lines,
    core: Core,
    commands: mpsc::UnboundedReceiver<Command>,
    /// Elapses at the earliest deadline, or before it.
    timer: Option<Pin<Box<Sleep>>>,
}

/// A driver and the process that it serves.
///
/// The order of the fields matters: dropping the driver closes the server's input, and dropping the
/// process waits until the server has exited.
struct Served<R, W> {
    driver: Driver<R, W>,
    process: Option<Process>,
}

impl<R, W> Served<R, W>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    async fn run(mut self) {
        let Self { driver, process } = &mut self;
        let reason = driver.serve(process.as_mut()).await;
        if matches!(reason, CloseReason::Requested | CloseReason::Dropped) {
            let _ = timeout(FLUSH_TIMEOUT, driver.flush()).await;
        }
        // Closes the server's input, which causes the server to exit.
        driver.writer = None;
        let mut closed = ConnectionClosed::new(reason);
        if let Some(process) = process {
            closed.exit_status = driver.shut_down(process, &closed.reason).await;
            closed.stderr_tail = process.stderr_tail().text();
        }
        driver.core.finish(closed);
    }
}

impl<R, W> Driver<R, W>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    /// Serves a transport until the connection ends, then shuts it down. If the future is dropped
    /// before that, even before its first poll, everything that waits for the connection ends, and
    /// so does the server process.
    pub(crate) fn run(
        transport: Transport<R, W>,
        core: Core,
        commands: mpsc::UnboundedReceiver<Command>,
        line_limit: usize,
    ) -> impl Future<Output = ()> {
        let driver = Self {
            reader: transport.reader,
            writer: Some(transport.writer),
            lines: Lines::new(line_limit),
            core,
            commands,
            timer: None,
        };
        let process = transport.process;
        Served { driver, process }.run()
    }

    /// Serves until the connection ends. Returns the reason.
    async fn serve(&mut self, mut process: Option<&mut Process>) -> CloseReason {
        let reason = {
            let mut exited = pin!(async {
                match &mut process {
                    Some(process) => process.exited().await,
                    None => std::future::pending().await,
                }
            });
            std::future::poll_fn(|context| match self.poll(context) {
                Poll::Ready(reason) => Poll::Ready(Some(reason)),
                Poll::Pending => exited.as_mut().poll(context).map(|_| None),
            })
            .await
        };
        match reason {
            Some(reason) => reason,
            // The output usually ends with the process, and may contain further responses.
            None => timeout(
                DRAIN_TIMEOUT,
                std::future::poll_fn(|context| self.poll(context)),
            )
            .await
            .unwrap_or(CloseReason::Exited),
        }
    }

    /// Reads and writes until both directions are pending.
    ///
    /// Reading comes first, since a response makes room for a queued request. Commands and deadlines
    /// come before writing, so that a single write takes all new lines.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<CloseReason> {
        let read = self.poll_read(context);
        self.core.wake_readers();
        let command = self.poll_commands(context);
        self.poll_timer(context);
        self.core.send_ready();
        let written = self.poll_write(context);
        // Commands and deadlines wake readers, too.
        self.core.wake_readers();
        for task in self.core.tasks.drain(..) {
            tokio::spawn(task);
        }
        for polled in [command, read, written] {
            if polled.is_ready() {
                return polled;
            }
        }
        Poll::Pending
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<CloseReason> {
        for _ in 0..MAX_READS_PER_POLL {
            let read = {
                let read = pin!(self.reader.read_buf(self.lines.read_buffer()));
                ready!(read.poll(context))
            };
            match read {
                Ok(0) => {
                    if let Some(line) = self.lines.take_rest() {
                        self.core.receive(line, Instant::now());
                    }
                    return Poll::Ready(CloseReason::EndOfStream);
                }
                Ok(_) => {
                    let now = Instant::now();
                    while let Some(line) = self.lines.next() {
                        self.core.receive(line, now);
                    }
                }
                Err(error) => {
                    let message = format!("could not read from the server: {error}");
                    return Poll::Ready(CloseReason::Io(message));
                }
            }
        }
        // There may be more to read, but commands and readers have been waiting.
        context.waker().wake_by_ref();
        Poll::Pending
    }

    fn poll_commands(&mut self, context: &mut Context<'_>) -> Poll<CloseReason> {
        let now = Instant::now();
        loop {
            match ready!(self.commands.poll_recv(context)) {
                Some(command) => {
                    if self.core.command(command, now) {
                        return Poll::Ready(CloseReason::Requested);
                    }
                }
                None => return Poll::Ready(CloseReason::Dropped),
            }
        }
    }

    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<CloseReason> {
        let Some(writer) = &mut self.writer else {
            return Poll::Pending;
        };
        let failed = |error| {
            let message = format!("could not write to the server: {error}");
            Poll::Ready(CloseReason::Io(message))
        };
        let mut wrote = false;
        loop {
            // A write makes room for further requests.
            self.core.send_ready();
            if self.core.outbound.unwritten().is_empty() {
                break;
            }
            match ready!(Pin::new(&mut *writer).poll_write(context, self.core.outbound.unwritten()))
            {
                Ok(0) => return failed(std::io::ErrorKind::WriteZero.into()),
                Ok(written) => self.core.outbound.advance(written),
                Err(error) => return failed(error),
            }
            wrote = true;
        }
        if wrote && let Err(error) = ready!(Pin::new(writer).poll_flush(context)) {
            return failed(error);
        }
        Poll::Pending
    }

    /// Polls the one timer for all deadlines. The timer is only ever moved to an earlier deadline.
    /// If it elapses early, because the request has completed, it is set again.
    fn poll_timer(&mut self, context: &mut Context<'_>) {
        loop {
            let Some(deadline) = self.core.deadline() else {
                self.timer = None;
                return;
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
                return;
            }
            self.timer = None;
            self.core.expire(Instant::now());
        }
    }

    /// Writes the remaining lines and shuts the writer down.
    async fn flush(&mut self) -> std::io::Result<()> {
        let Some(writer) = &mut self.writer else {
            return Ok(());
        };
        loop {
            self.core.send_ready();
            let unwritten = self.core.outbound.unwritten();
            if unwritten.is_empty() {
                return writer.shutdown().await;
            }
            let written = writer.write(unwritten).await?;
            if written == 0 {
                return Err(std::io::ErrorKind::WriteZero.into());
            }
            self.core.outbound.advance(written);
        }
    }

    /// Waits until the process exits, or ends it. Its output is still read, so that responses in
    /// transit arrive and the process does not block on a full pipe.
    async fn shut_down(
        &mut self,
        process: &mut Process,
        reason: &CloseReason,
    ) -> Option<std::process::ExitStatus> {
        let mut end = pin!(process.end());
        let mut reading = *reason != CloseReason::EndOfStream;
        std::future::poll_fn(|context| {
            if reading {
                reading = self.poll_read(context).is_pending();
            }
            while let Poll::Ready(Some(command)) = self.commands.poll_recv(context) {
                self.core.refuse(command);
            }
            self.core.wake_readers();
            end.as_mut().poll(context)
        })
        .await
    }
}

impl<R, W> Drop for Driver<R, W> {
    /// If the connection has not ended yet, the task was dropped by the shutdown of the runtime.
    fn drop(&mut self) {
        let shut_down = || ConnectionClosed::new(CloseReason::RuntimeShutDown);
        self.core.finish(shut_down());
        // No command is lost: earlier ones are refused here, and later ones fail to be sent.
        self.commands.close();
        let mut context = Context::from_waker(Waker::noop());
        loop {
            // While senders exist, `try_recv` reports the end of a closed channel only since tokio
            // 1.48. The budget of the task may be used up.
            let command = pin!(tokio::task::unconstrained(self.commands.recv()));
            match command.poll(&mut context) {
                Poll::Ready(Some(command)) => self.core.refuse(command),
                Poll::Ready(None) => break,
                // Another thread is in the middle of sending a command.
                Poll::Pending => std::thread::yield_now(),
            }
        }
        self.core.finish(shut_down());
    }
}
