//! The part of a connection that its task shares with the callers.
//!
//! The task holds the lock while it works. A caller whose request is the only one takes the lock,
//! if it is free, and writes the request itself: handing it to the task would wake another thread.

use std::{
    io,
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker, ready},
};

use tokio::{
    io::AsyncWrite,
    sync::mpsc,
    time::{Instant, Sleep},
};

use crate::{
    connection::{command::Command, core::Core},
    error::connection_closed::CloseReason,
};

/// A connection as its callers see it.
pub(crate) trait Submit: Send + Sync {
    /// Executes a command at once and writes the result, or returns the command if the task has to
    /// execute it: the task is at work, or other commands and requests precede this one.
    fn submit(&self, command: Command) -> Result<(), Command>;
}

/// See the module.
pub(crate) struct Shared<W>(Mutex<State<W>>);

/// The state of a connection, with what the callers need to write.
pub(crate) struct State<W> {
    pub(crate) core: Core,
    /// `None` once the connection is ending.
    pub(crate) writer: Option<W>,
    pub(crate) commands: mpsc::UnboundedReceiver<Command>,
    /// Whether the writer has bytes that it may not have passed on. Some writers, such as those for
    /// TLS, pass the last bytes on only while they are flushed.
    is_unflushed: bool,
    /// Elapses at the earliest deadline, or before it.
    pub(crate) timer: Option<Pin<Box<Sleep>>>,
    /// Wakes the task; `None` until its first poll.
    waker: Option<Waker>,
}

impl<W> Shared<W> {
    pub(crate) fn new(core: Core, writer: W, commands: mpsc::UnboundedReceiver<Command>) -> Self {
        Self(Mutex::new(State {
            core,
            writer: Some(writer),
            commands,
            is_unflushed: false,
            timer: None,
            waker: None,
        }))
    }

    /// No code panics while it holds the lock, so the lock is never poisoned.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State<W>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: AsyncWrite + Unpin + Send> Submit for Shared<W> {
    fn submit(&self, command: Command) -> Result<(), Command> {
        match self.0.try_lock() {
            Ok(mut state) => state.submit(command),
            Err(_) => Err(command),
        }
    }
}

impl<W: AsyncWrite + Unpin> State<W> {
    fn submit(&mut self, command: Command) -> Result<(), Command> {
        let is_next = self.writer.is_some() && self.commands.is_empty() && self.core.is_idle();
        let Some(waker) = self.waker.clone().filter(|_| is_next) else {
            return Err(command);
        };
        let now = Instant::now();
        self.core.command(command, now);
        // The waker of the task: the task continues what remains to be written.
        let written = self.poll_write(&mut Context::from_waker(&waker), now);
        self.core.wake_readers(now);
        if written.is_ready() || self.needs_task() {
            waker.wake();
        }
        Ok(())
    }

    /// Whether there is anything to do that needs the runtime of the task.
    fn needs_task(&self) -> bool {
        let is_scheduled = |deadline| {
            let timer = self.timer.as_ref();
            timer.is_some_and(|timer| timer.deadline() <= deadline)
        };
        !self.core.tasks.is_empty() || self.core.deadline().is_some_and(|it| !is_scheduled(it))
    }

    /// Sets the waker of the task.
    pub(crate) fn set_waker(&mut self, context: &Context<'_>) {
        match &mut self.waker {
            // Clones the waker only if it is another one.
            Some(known) => known.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
    }

    /// Executes the commands in the queue.
    pub(crate) fn poll_commands(
        &mut self,
        context: &mut Context<'_>,
        now: Instant,
    ) -> Poll<CloseReason> {
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

    /// Writes lines until there are no more, or the writer is full, and flushes it.
    pub(crate) fn poll_write(
        &mut self,
        context: &mut Context<'_>,
        now: Instant,
    ) -> Poll<CloseReason> {
        let Some(writer) = &mut self.writer else {
            return Poll::Pending;
        };
        let failed = |error| Poll::Ready(CloseReason::of_io_error(error, "write to"));
        loop {
            // A write makes room for further requests.
            self.core.send_ready(now);
            if self.core.outbound.unwritten().is_empty() {
                break;
            }
            match ready!(Pin::new(&mut *writer).poll_write(context, self.core.outbound.unwritten()))
            {
                Ok(0) => return failed(io::ErrorKind::WriteZero.into()),
                Ok(written) => self.core.written(written),
                Err(error) => return failed(error),
            }
            self.is_unflushed = true;
        }
        if self.is_unflushed {
            if let Err(error) = ready!(Pin::new(writer).poll_flush(context)) {
                return failed(error);
            }
            self.is_unflushed = false;
        }
        Poll::Pending
    }
}
