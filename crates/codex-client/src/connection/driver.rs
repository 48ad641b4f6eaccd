//! The task that moves the bytes.
//!
//! It is one future that polls reading, commands and writing in turn, so that a server that does not
//! read cannot keep us from reading, and the other way round. All it decides is in
//! [`Core`].

use std::{
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll, ready},
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
    rpc::lines::{Line, Lines},
    transport::{Transport, process::Process},
};

/// How often is read before the readers of what was read get their turn: about what the caches
/// hold.
const READS: usize = 8;

/// How long the last lines may take to be written when the connection ends.
const FLUSH_TIMEOUT: Duration = Duration::from_millis(200);

/// How long a server whose input was closed has to end by itself.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(3);

/// The same for one that has closed its output already, or cannot be talked to.
const SHORT_SHUTDOWN_GRACE: Duration = Duration::from_millis(500);

/// How long the output of a process that has ended is read on: something else may hold it open.
const LEFTOVERS: Duration = Duration::from_millis(200);

/// Both directions of a connection.
pub(crate) struct Driver<R, W> {
    reader: R,
    writer: Option<W>,
    lines: Lines,
    core: Core,
    commands: mpsc::UnboundedReceiver<Command>,
    /// Fires when the earliest deadline may have come.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl<R, W> Driver<R, W>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    /// Serves a transport until its end, and ends it in order. Dropped before that, also before it was
    /// polled, it tells those who wait.
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
            alarm: None,
        };
        driver.run_with(transport.process)
    }

    async fn run_with(mut self, mut process: Option<Process>) {
        let reason = self.serve(process.as_mut()).await;
        if matches!(reason, CloseReason::Requested | CloseReason::Dropped) {
            let _ = timeout(FLUSH_TIMEOUT, self.flush()).await;
        }
        // For a child process this is the sign to end.
        self.writer = None;
        let mut closed = ConnectionClosed::new(reason);
        if let Some(mut process) = process {
            closed.exit_status = self.shut_down(&mut process, &closed.reason).await;
            closed.stderr_tail = process.stderr_tail();
        }
        self.core.finish(closed);
    }

    /// Serves until something ends the connection.
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
            // Normally its output ends with the process; there may be answers in it yet.
            None => timeout(
                LEFTOVERS,
                std::future::poll_fn(|context| self.poll(context)),
            )
            .await
            .unwrap_or(CloseReason::Exited),
        }
    }

    /// Moves bytes until there is nothing left to move.
    ///
    /// Reading comes first, since an answer that is here makes room for a call that waits; then
    /// commands, then writing, so that all that has come up leaves in one write.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<CloseReason> {
        let read = self.poll_read(context);
        self.core.wake_readers();
        let command = self.poll_commands(context);
        self.core.send_ready();
        let written = self.poll_write(context);
        self.poll_alarm(context);
        // Subscribing and deadlines have something to tell, too.
        self.core.wake_readers();
        for task in self.core.tasks.drain(..) {
            tokio::spawn(task);
        }
        for end in [command, read, written] {
            if end.is_ready() {
                return end;
            }
        }
        Poll::Pending
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<CloseReason> {
        for _ in 0..READS {
            let read = {
                let read = pin!(self.reader.read_buf(self.lines.room()));
                ready!(read.poll(context))
            };
            match read {
                Ok(0) => {
                    if let Some(rest) = self.lines.rest() {
                        self.core.receive(Line::Last(rest));
                    }
                    return Poll::Ready(CloseReason::EndOfStream);
                }
                Ok(_) => {
                    while let Some(line) = self.lines.next() {
                        self.core.receive(line);
                    }
                }
                Err(error) => {
                    let message = format!("reading failed: {error}");
                    return Poll::Ready(CloseReason::Io(message));
                }
            }
        }
        // There is more, but others have waited.
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
        let failed = |error| Poll::Ready(CloseReason::Io(format!("writing failed: {error}")));
        let mut wrote = false;
        while !self.core.outbound.unwritten().is_empty() {
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

    /// One timer for all deadlines. It is only ever moved to an earlier one; when it fires too
    /// early, because the call it was for has been answered, it is set again.
    fn poll_alarm(&mut self, context: &mut Context<'_>) {
        loop {
            let Some(deadline) = self.core.deadline() else {
                self.alarm = None;
                return;
            };
            let alarm = match &mut self.alarm {
                Some(alarm) => {
                    if deadline < alarm.deadline() {
                        alarm.as_mut().reset(deadline);
                    }
                    alarm
                }
                none => none.insert(Box::pin(sleep_until(deadline))),
            };
            if alarm.as_mut().poll(context).is_pending() {
                return;
            }
            self.alarm = None;
            self.core.expire(Instant::now());
        }
    }

    /// Writes what is left and says that there is no more.
    async fn flush(&mut self) -> std::io::Result<()> {
        if let Some(writer) = &mut self.writer {
            writer.write_all(self.core.outbound.unwritten()).await?;
            writer.shutdown().await?;
        }
        Ok(())
    }

    /// Waits for the end of the process, or brings it about. What it still says is heard: an answer
    /// that is on its way arrives, and the process is not kept waiting by a full pipe.
    async fn shut_down(
        &mut self,
        process: &mut Process,
        reason: &CloseReason,
    ) -> Option<std::process::ExitStatus> {
        let patience = match reason {
            CloseReason::Requested | CloseReason::Dropped => SHUTDOWN_GRACE,
            _ => SHORT_SHUTDOWN_GRACE,
        };
        let mut end = pin!(process.end(patience));
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
    /// Unless the connection has ended in order, its task was dropped with the runtime.
    fn drop(&mut self) {
        let shut_down = || ConnectionClosed::new(CloseReason::RuntimeShutDown);
        self.core.finish(shut_down());
        // No command slips in between: what was sent before is refused, what comes later fails.
        self.commands.close();
        while let Ok(command) = self.commands.try_recv() {
            self.core.refuse(command);
        }
        self.core.finish(shut_down());
    }
}
