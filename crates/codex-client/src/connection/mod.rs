//! The connection to an app-server: many callers and readers on one pair of byte streams.
//!
//! ```text
//! handles ──commands──▶ ┌ driver (one task) ┐ ──lines──▶ server
//!    ▲                  │ core: pending,    │
//!    └──answers─────────│ router, subscribers  │ ◀──lines── server
//! readers ◀──feeds──────└───────────────────┘
//! ```
//!
//! The task owns ids, pending calls and routes, and never waits for anybody: commands come through
//! a channel, answers leave through one-shot channels, events go to feeds that readers take from.
//! Answers and events are decoded where they are consumed. [`scan`], [`lines`], [`pending`],
//! [`router`], [`left`], [`logins`], [`queue`] and [`core`] do no I/O, so each is tested as a value.

pub(crate) mod command;
pub(crate) mod core;
pub(crate) mod driver;
pub(crate) mod inbound_request;
pub(crate) mod open_requests;
pub(crate) mod reservation;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use codex_types::Request;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{mpsc, oneshot},
};

use crate::{
    connection::{
        command::{
            Answer, Command, OnResponse, OutgoingRequest, ResponseSink, Started, ThreadTools,
        },
        core::Core,
        driver::Driver,
        open_requests::OpenRequests,
    },
    error::{
        Error, Result,
        connection_closed::{CloseReason, ConnectionClosed},
    },
    routing::{
        active_turns::ActiveTurn,
        client_id_stream::ClientIdStream,
        goal_tracker::GoalTracker,
        logins::LoginAttempt,
        subscribers::{Board, Leftovers, Subscribers},
        thread_subscription::ThreadSubscription,
        turn_log::TurnLog,
    },
    server_requests::{handlers::Handlers, request_queue::Inbox},
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
    closed: Arc<OnceLock<Arc<ConnectionClosed>>>,
    leftovers: Arc<Leftovers>,
    timeout: Option<Duration>,
}

impl Connection {
    /// OnResponse the task that serves a transport, on the current runtime.
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
        let leftovers = Arc::<Leftovers>::default();
        let requests = OpenRequests::new(handlers, commands.downgrade());
        let subscribers = Subscribers::new(Arc::clone(&leftovers));
        let core = Core::new(limits.in_flight, requests, subscribers, Arc::clone(&closed));
        tokio::spawn(Driver::run(transport, core, receiver, limits.line));
        Self {
            commands,
            closed,
            leftovers,
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
        answer.response.decode::<R>()
    }

    /// Calls a method that on_response a turn in this thread. The turn's feed has all of its events,
    /// those that came before the answer included.
    pub(crate) async fn call_for_turn<R: Request>(
        &self,
        params: &R,
        timeout: Option<Duration>,
        thread_id: &str,
    ) -> Result<(R::Response, Arc<TurnLog>)> {
        let on_response = Some(OnResponse::Turn(thread_id.to_owned()));
        let mut answer = self.send(params, timeout, on_response).await?;
        let response = answer.response.decode::<R>()?;
        match answer.started.take() {
            Some(Started::Turn(log)) => Ok((response, log)),
            _ => Err(answer.response.lacks::<R>("the answer names no turn")),
        }
    }

    /// Calls a method that on_response a thread, or takes one up, with tools. The thread has them before
    /// anything can come that follows the answer.
    pub(crate) async fn call_for_thread<R: Request>(
        &self,
        params: &R,
        timeout: Option<Duration>,
        tools: ThreadTools,
    ) -> Result<R::Response> {
        let answer = self
            .send(params, timeout, Some(OnResponse::Thread(tools)))
            .await?;
        answer.response.decode::<R>()
    }

    /// Calls a method that on_response a login. The attempt knows its completion, also one that came
    /// before the answer.
    pub(crate) async fn call_for_login<R: Request>(
        &self,
        params: &R,
        timeout: Option<Duration>,
    ) -> Result<(R::Response, LoginAttempt)> {
        let mut answer = self.send(params, timeout, Some(OnResponse::Login)).await?;
        let response = answer.response.decode::<R>()?;
        match answer.started.take() {
            Some(Started::Login(attempt)) => Ok((response, attempt)),
            _ => Err(answer.response.lacks::<R>("the answer names no login")),
        }
    }

    async fn send<R: Request>(
        &self,
        params: &R,
        timeout: Option<Duration>,
        on_response: Option<OnResponse>,
    ) -> Result<Answer> {
        let (reply, answer) = oneshot::channel();
        self.send_for(params, timeout, on_response, ResponseSink::Caller(reply))?;
        answer
            .await
            .unwrap_or_else(|_| Err(Error::Closed(self.closed())))
    }

    /// Sends a request whose answer goes to `reply`.
    fn send_for<R: Request>(
        &self,
        params: &R,
        timeout: Option<Duration>,
        on_response: Option<OnResponse>,
        reply: ResponseSink,
    ) -> Result<()> {
        let params = R::HAS_PARAMS
            .then(|| serde_json::to_vec(params))
            .transpose()
            .map_err(|error| Error::InvalidInput(error.to_string().into()))?;
        let call = OutgoingRequest {
            method: R::METHOD,
            params,
            timeout,
            on_response,
            reply,
        };
        let sent = self.commands.send(Command::Request(call));
        sent.map_err(|_| Error::Closed(self.closed()))
    }

    /// Sends a request whose answer is of no interest, without waiting for anything: for what is to
    /// be undone when a handle is dropped.
    pub(crate) fn send_off<R: Request>(&self, params: &R) {
        // Nothing is left to be undone on a connection that has ended.
        let _ = self.send_for(params, self.timeout, None, ResponseSink::Nobody);
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
            self.leftovers.hand_to(&board);
            board.close(&self.closed());
        }
        board
    }

    /// Follows all that is about a thread.
    pub(crate) fn watch(&self, thread_id: &str) -> Arc<ThreadSubscription> {
        let watch = ThreadSubscription::new(thread_id);
        let command = Command::ThreadSubscription(Arc::clone(&watch));
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

    /// Follows what is told under the topic's id, from before the next request is sent.
    pub(crate) fn follow(&self, topic: &Arc<ClientIdStream>) -> Result<()> {
        let sent = self.commands.send(Command::Follow(Arc::clone(topic)));
        sent.map_err(|_| Error::Closed(self.closed()))
    }

    /// Sends a request whose answer ends the topic, however long that takes.
    pub(crate) fn send_until_end<R: Request>(
        &self,
        params: &R,
        topic: &Arc<ClientIdStream>,
    ) -> Result<()> {
        let reply = ResponseSink::ClientIdStream(Arc::clone(topic));
        self.send_for(params, None, None, reply)
    }

    /// Has all turns that show in a thread from now on go to the tracker.
    pub(crate) fn pursue(&self, thread_id: &str) -> Result<Arc<GoalTracker>> {
        let tracker = GoalTracker::new(thread_id);
        let sent = self.commands.send(Command::Pursue(Arc::clone(&tracker)));
        sent.map_err(|_| Error::Closed(self.closed()))?;
        Ok(tracker)
    }

    /// The turn that runs in a thread, as far as the server has said.
    pub(crate) async fn active_turn(&self, thread_id: &str) -> Result<Option<ActiveTurn>> {
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
    pub(crate) fn closed(&self) -> Arc<ConnectionClosed> {
        // Set before the task lets go of anything, so the other case is not to be seen.
        let closed = self.closed.get().map(Arc::clone);
        closed.unwrap_or_else(|| Arc::new(ConnectionClosed::new(CloseReason::EndOfStream)))
    }
}
