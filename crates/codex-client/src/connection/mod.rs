//! The connection to an app-server: many callers and readers on one pair of byte streams.
//!
//! ```text
//! handles ──commands──▶ ┌ driver (one task) ┐ ──lines──▶ server
//!    ▲                  │ core: pending,    │
//!    └──answers─────────│ router, bulletin  │ ◀──lines── server
//! readers ◀──feeds──────└───────────────────┘
//! ```
//!
//! The task owns ids, pending calls and routes, and never waits for anybody: commands come through
//! a channel, answers leave through one-shot channels, events go to feeds that readers take from.
//! Answers and events are decoded where they are consumed. [`scan`], [`lines`], [`pending`],
//! [`router`], [`left`], [`logins`], [`queue`] and [`core`] do no I/O, so each is tested as a value.

mod active;
mod bulletin;
mod command;
mod core;
mod driver;
mod feed;
mod inbound;
mod inbox;
mod left;
mod lines;
mod logins;
mod note;
mod outbound;
mod pending;
mod proposals;
mod pursuit;
mod queue;
mod requests;
mod reservation;
mod router;
mod scan;
mod ticket;
mod tools;
mod topic;
mod watch;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use codex_types::Request;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{mpsc, oneshot},
};

#[cfg(test)]
pub(crate) use self::note::note;
pub(crate) use self::{
    active::Running,
    bulletin::{Board, Post},
    command::ThreadTools,
    feed::{CutOff, End, Feed, Reader, Record},
    inbox::Inbox,
    logins::Attempt,
    note::{Delta, DeltaKind, Note},
    pursuit::{Chapter, Pursuit, Rest, Standing},
    queue::Event,
    ticket::Asked,
    topic::{Topic, response},
    watch::{Sight, Watch},
};
use self::{
    command::{Answer, Call, Command, Reply, Started, Starts},
    core::Core,
    driver::Driver,
    requests::Requests,
};
use crate::{
    error::{CloseReason, Closed, Error, Malformed, Result},
    requests::Handlers,
    transport::Transport,
};

/// What a connection is to keep to.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    /// How long a call waits for its answer unless it says otherwise.
    pub(crate) timeout: Option<Duration>,
    /// How many requests are sent before one of them must be answered.
    pub(crate) in_flight: usize,
    /// Bytes in a line; a longer one is dropped and reported.
    pub(crate) line: usize,
}

/// A handle of a connection. The connection ends with its last handle.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    commands: mpsc::UnboundedSender<Command>,
    closed: Arc<OnceLock<Arc<Closed>>>,
    timeout: Option<Duration>,
}

impl Connection {
    /// Starts the task that serves a transport, on the current runtime.
    pub(crate) fn open<R, W>(
        transport: Transport<R, W>,
        limits: &Limits,
        handlers: Arc<Handlers>,
    ) -> Self
    where
        R: AsyncRead + Unpin + Send + 'static,
        W: AsyncWrite + Unpin + Send + 'static,
    {
        let (commands, receiver) = mpsc::unbounded_channel();
        let closed = Arc::new(OnceLock::new());
        let requests = Requests::new(handlers, commands.downgrade());
        let core = Core::new(limits.in_flight, requests, Arc::clone(&closed));
        tokio::spawn(Driver::run(transport, core, receiver, limits.line));
        Self {
            commands,
            closed,
            timeout: limits.timeout,
        }
    }

    /// How long a call waits unless it says otherwise.
    pub(crate) fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// Calls a method.
    ///
    /// A call that is dropped while it waits in the queue is never sent; one that is dropped later
    /// is served all the same, and its answer ignored.
    pub(crate) async fn call<R: Request>(
        &self,
        params: &R,
        timeout: Option<Duration>,
    ) -> Result<R::Response> {
        let answer = self.send(params, timeout, None).await?;
        decode::<R>(&answer)
    }

    /// Calls a method that starts a turn in this thread. The turn's feed has all of its events,
    /// those that came before the answer included.
    pub(crate) async fn call_for_turn<R: Request>(
        &self,
        params: &R,
        timeout: Option<Duration>,
        thread_id: &str,
    ) -> Result<(R::Response, Arc<Feed>)> {
        let starts = Some(Starts::Turn(thread_id.to_owned()));
        let mut answer = self.send(params, timeout, starts).await?;
        let response = decode::<R>(&answer)?;
        match answer.started.take() {
            Some(Started::Turn(feed)) => Ok((response, feed)),
            _ => Err(unnamed::<R>(&answer, "the answer names no turn")),
        }
    }

    /// Calls a method that starts a thread, or takes one up, with tools. The thread has them before
    /// anything can come that follows the answer.
    pub(crate) async fn call_for_thread<R: Request>(
        &self,
        params: &R,
        timeout: Option<Duration>,
        tools: ThreadTools,
    ) -> Result<R::Response> {
        let answer = self
            .send(params, timeout, Some(Starts::Thread(tools)))
            .await?;
        decode::<R>(&answer)
    }

    /// Calls a method that starts a login. The attempt knows its completion, also one that came
    /// before the answer.
    pub(crate) async fn call_for_login<R: Request>(
        &self,
        params: &R,
        timeout: Option<Duration>,
    ) -> Result<(R::Response, Attempt)> {
        let mut answer = self.send(params, timeout, Some(Starts::Login)).await?;
        let response = decode::<R>(&answer)?;
        match answer.started.take() {
            Some(Started::Login(attempt)) => Ok((response, attempt)),
            _ => Err(unnamed::<R>(&answer, "the answer names no login")),
        }
    }

    async fn send<R: Request>(
        &self,
        params: &R,
        timeout: Option<Duration>,
        starts: Option<Starts>,
    ) -> Result<Answer> {
        let (reply, answer) = oneshot::channel();
        self.send_for(params, timeout, starts, Reply::Caller(reply))?;
        answer
            .await
            .unwrap_or_else(|_| Err(Error::Closed(self.closed())))
    }

    /// Sends a request whose answer goes to `reply`.
    fn send_for<R: Request>(
        &self,
        params: &R,
        timeout: Option<Duration>,
        starts: Option<Starts>,
        reply: Reply,
    ) -> Result<()> {
        let params = R::HAS_PARAMS
            .then(|| serde_json::to_vec(params))
            .transpose()
            .map_err(|error| Error::InvalidInput(error.to_string().into()))?;
        let call = Call {
            method: R::METHOD,
            params,
            timeout,
            starts,
            reply,
        };
        let sent = self.commands.send(Command::Call(call));
        sent.map_err(|_| Error::Closed(self.closed()))
    }

    /// Sends a request whose answer is of no interest, without waiting for anything: for what is to
    /// be undone when a handle is dropped.
    pub(crate) fn send_off<R: Request>(&self, params: &R) {
        // Nothing is left to be undone on a connection that has ended.
        let _ = self.send_for(params, self.timeout, None, Reply::Nobody);
    }

    /// Sends a notification without params.
    pub(crate) fn notify(&self, method: &'static str) -> Result<()> {
        self.commands
            .send(Command::Notify { method })
            .map_err(|_| Error::Closed(self.closed()))
    }

    /// Subscribes to what belongs to no turn.
    pub(crate) fn subscribe(&self) -> Arc<Board> {
        let board = Arc::new(Board::default());
        if self
            .commands
            .send(Command::Subscribe(Arc::clone(&board)))
            .is_err()
        {
            board.close(&self.closed());
        }
        board
    }

    /// Follows all that is about a thread.
    pub(crate) fn watch(&self, thread_id: &str) -> Arc<Watch> {
        let watch = Watch::new(thread_id);
        let command = Command::Watch(Arc::clone(&watch));
        if self.commands.send(command).is_err() {
            watch.close(&self.closed());
        }
        watch
    }

    /// Takes the requests of the server: those of a thread, or of all.
    pub(crate) fn inbox(&self, thread_id: Option<&str>) -> Arc<Inbox> {
        let inbox = Inbox::new(thread_id);
        let command = Command::Inbox(Arc::clone(&inbox));
        if self.commands.send(command).is_err() {
            inbox.close();
        }
        inbox
    }

    /// The turn that runs in a thread, as far as the server has said.
    pub(crate) async fn active_turn(&self, thread_id: &str) -> Result<Option<Running>> {
        let (reply, active) = oneshot::channel();
        let command = Command::ActiveTurn {
            thread_id: thread_id.to_owned(),
            reply,
        };
        let sent = self.commands.send(command);
        sent.map_err(|_| Error::Closed(self.closed()))?;
        active.await.map_err(|_| Error::Closed(self.closed()))
    }

    /// Ends the connection and waits until it has ended, the server process included.
    pub(crate) async fn close(&self) {
        let (done, ended) = oneshot::channel();
        if self.commands.send(Command::Close(done)).is_ok() {
            let _ = ended.await;
        }
    }

    /// How the connection ended.
    pub(crate) fn closed(&self) -> Arc<Closed> {
        // Set before the task lets go of anything, so the other case is not to be seen.
        let closed = self.closed.get().map(Arc::clone);
        closed.unwrap_or_else(|| Arc::new(Closed::new(CloseReason::EndOfStream)))
    }
}

fn decode<R: Request>(answer: &Answer) -> Result<R::Response> {
    serde_json::from_str(answer.result())
        .map_err(|error| Malformed::new(Some(R::METHOD), answer.result(), &error).into())
}

fn unnamed<R: Request>(answer: &Answer, reason: &str) -> Error {
    Malformed::at(Some(R::METHOD), answer.result(), reason, 0).into()
}
