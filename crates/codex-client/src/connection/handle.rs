//! A handle to a connection.

mod subscriptions;
mod turns;

use std::{
    mem,
    path::PathBuf,
    sync::{Arc, OnceLock, Weak},
    task::{Context, Poll, Waker},
    time::Duration,
};

use codex_types::Request;
use semver::Version;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{mpsc, oneshot, watch},
    time::Instant,
};

use crate::{
    connection::{
        command::{Claimed, Command, OnResponse, OutgoingRequest, Response, ResponseSink},
        core::Core,
        peer::Peer,
        reopen::Reopen,
        request_span::RequestSpan,
        served::Served,
        service::Service,
        shared::Submit,
    },
    error::{
        Error, Result,
        connection_closed::{CloseReason, ConnectionClosed},
    },
    recording::Recorder,
    routing::{
        client_id_stream::ClientIdStream,
        logins::LoginAttempt,
        mailbox::{Item, Received},
        subscribers::UndeliveredItems,
    },
    rpc::raw_response::RawResponse,
    timer::Timers,
    transport::Transport,
    version,
};
#[cfg(feature = "blocking")]
use {crate::connection::join_on_drop::JoinOnDrop, tokio::task::JoinHandle};

/// The limits of a connection, and its recording.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    /// The default timeout of a request; `None` for no timeout.
    pub(crate) timeout: Option<Duration>,
    /// The grace period of turns that are over although their end was not reported; `None` if such
    /// turns do not end.
    pub(crate) turn_end_grace: Option<Duration>,
    /// Maximum number of requests in flight.
    pub(crate) in_flight: usize,
    /// Maximum length of a line, in bytes. A longer line is dropped and reported.
    pub(crate) line: usize,
    /// The file to record the messages to.
    pub(crate) recording: Option<PathBuf>,
}

/// The handle to a connection. The connection ends when the handle is dropped.
#[derive(Debug)]
pub(crate) struct Connection {
    commands: mpsc::UnboundedSender<Command>,
    /// Executes a command without the task, if possible.
    shared: Weak<dyn Submit>,
    closed: Arc<OnceLock<Arc<ConnectionClosed>>>,
    /// Closed once the connection has ended.
    end: watch::Receiver<()>,
    undelivered: Arc<UndeliveredItems>,
    peer: Peer,
    /// Set after the handshake, if the server reports its version.
    server_version: Arc<OnceLock<Version>>,
    timeout: Option<Duration>,
    timers: Timers,
    /// The last field: the connection ends once `commands` has been dropped.
    #[cfg(feature = "blocking")]
    join_on_drop: JoinOnDrop,
}

/// Returns how a connection ended. The value is set before the task drops anything, so the fallback
/// is never observed.
fn end_of(closed: &OnceLock<Arc<ConnectionClosed>>) -> Arc<ConnectionClosed> {
    let closed = closed.get().map(Arc::clone);
    closed.unwrap_or_else(|| Arc::new(ConnectionClosed::new(CloseReason::EndOfStream)))
}

/// Tells the connection on drop that the caller of a request is gone.
struct Abandonment<'a>(&'a mpsc::UnboundedSender<Command>);

impl Drop for Abandonment<'_> {
    fn drop(&mut self) {
        // On a connection that has ended, no request is unwritten.
        let _ = self.0.send(Command::Abandoned);
    }
}

impl Connection {
    /// Starts the task that drives a transport, on the current runtime. With `reopen`, the
    /// connection outlives the transport once it is [supervised](Self::supervise).
    pub(crate) fn open<R, W>(
        transport: Transport<R, W>,
        limits: &Limits,
        service: Arc<dyn Service>,
        reopen: Option<Box<dyn Reopen<R, W>>>,
    ) -> Self
    where
        R: AsyncRead + Unpin + Send + 'static,
        W: AsyncWrite + Unpin + Send + 'static,
    {
        let (commands, receiver) = mpsc::unbounded_channel();
        let closed = Arc::new(OnceLock::new());
        let undelivered = Arc::<UndeliveredItems>::default();
        let server_version = Arc::<OnceLock<Version>>::default();
        let mut core = Core::new(
            limits.in_flight,
            limits.turn_end_grace,
            service,
            Arc::clone(&undelivered),
            commands.downgrade(),
            Arc::clone(&closed),
            Arc::clone(&server_version),
        );
        if let Some(path) = &limits.recording {
            let commands = commands.downgrade();
            core.record(Recorder::start(path, move |error| {
                if let Some(commands) = commands.upgrade() {
                    // A connection that has ended has no subscribers.
                    let _ = commands.send(Command::Report(error));
                }
            }));
        }
        let channel = (commands.downgrade(), receiver);
        let peer = Peer::default();
        let (alive, end) = watch::channel(());
        let (served, shared) = Served::new(
            transport,
            core,
            channel,
            limits.line,
            peer.clone(),
            alive,
            reopen,
        );
        let shared: Arc<dyn Submit> = shared;
        let task = tokio::spawn(served.run());
        #[cfg(feature = "blocking")]
        let join_on_drop = JoinOnDrop::new(task);
        #[cfg(not(feature = "blocking"))]
        drop(task);
        Self {
            commands,
            shared: Arc::downgrade(&shared),
            closed,
            end,
            undelivered,
            peer,
            server_version,
            timeout: limits.timeout,
            timers: Timers::current(),
            #[cfg(feature = "blocking")]
            join_on_drop,
        }
    }

    /// Makes the drop of this handle call a function that waits for the task of the connection,
    /// which ends after the server process.
    #[cfg(feature = "blocking")]
    pub(crate) fn join_on_drop(&self, join: fn(JoinHandle<()>)) {
        self.join_on_drop.enable(join);
    }

    /// Makes the connection outlive its session from now on, because the handshake is complete.
    pub(crate) fn supervise(&self) -> Result<()> {
        self.command(Command::Supervise)
    }

    /// Returns the server process of the current session.
    pub(crate) fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Returns the default timeout of a request.
    pub(crate) fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// Waits for a future that ends with the connection, and returns `None` if it takes longer than
    /// `limit`.
    pub(crate) async fn within<F: Future>(
        &self,
        limit: Option<Duration>,
        future: F,
    ) -> Option<F::Output> {
        self.timers.within(limit, future).await
    }

    /// Waits for something that the server reports after it has accepted a request with this
    /// method. `limit` began to run at `begun`.
    pub(crate) async fn report_within<F: Future>(
        &self,
        method: &'static str,
        begun: Instant,
        limit: Option<Duration>,
        report: F,
    ) -> Result<F::Output> {
        let remaining = limit.map(|limit| limit.saturating_sub(begun.elapsed()));
        let report = self.within(remaining, report).await;
        report.ok_or_else(|| Error::Timeout {
            method,
            after: limit.unwrap_or_default(),
            sent: true,
        })
    }

    /// Sets the version of the server, which explains errors.
    pub(crate) fn set_server_version(&self, version: Version) {
        // There is one handshake.
        let _ = self.server_version.set(version);
    }

    /// Returns the version of the server.
    pub(crate) fn server_version(&self) -> Option<&Version> {
        self.server_version.get()
    }

    /// Sends a request and waits for the response.
    ///
    /// If the future is dropped before the first byte of the request is written, the request is
    /// never sent. If it is dropped later, the server still processes the request, and the response
    /// is ignored.
    pub(crate) async fn call<R: Request>(
        &self,
        params: &R,
        timeout: Option<Duration>,
    ) -> Result<R::Response> {
        let response = self.send(params, timeout, None).await?;
        self.decode::<R>(&response.raw)
    }

    /// Sends a request that starts a login. The attempt has its completion, even if the completion
    /// was received before the response.
    pub(crate) async fn call_for_login<R: Request>(
        &self,
        params: &R,
        timeout: Option<Duration>,
    ) -> Result<(R::Response, LoginAttempt)> {
        let on_response = OnResponse::ClaimLogin;
        let response = self.send(params, timeout, Some(on_response)).await?;
        let decoded = self.decode::<R>(&response.raw)?;
        match response.claimed {
            Some(Claimed::Login(attempt)) => Ok((decoded, attempt)),
            _ => Err(response.raw.lacks::<R>("the response names no login")),
        }
    }

    /// Sends a request. `on_response` is called with the JSON of a successful result before any
    /// message that follows the response is processed.
    pub(crate) async fn call_with<R: Request>(
        &self,
        params: &R,
        timeout: Option<Duration>,
        on_response: impl FnOnce(&str) + Send + 'static,
    ) -> Result<R::Response> {
        let on_response = OnResponse::Call(Box::new(on_response));
        let response = self.send(params, timeout, Some(on_response)).await?;
        self.decode::<R>(&response.raw)
    }

    /// Decodes a response. Parts that cannot be read are reported to the subscribers of
    /// notifications.
    fn decode<R: Request>(&self, raw: &RawResponse) -> Result<R::Response> {
        let mut unreadable = Vec::new();
        let response = raw
            .decode::<R>(&mut unreadable)
            .map_err(|error| error.because(self.server_version().and_then(version::too_old)))?;
        for error in unreadable {
            self.report(error.into());
        }
        Ok(response)
    }

    /// Reports an error to the subscribers of notifications.
    pub(crate) fn report(&self, error: Error) {
        // A closed client has no subscribers.
        let _ = self.command(Command::Report(error));
    }

    /// Returns the notifications and errors received so far that belong to no turn, if there is no
    /// subscriber yet.
    pub(crate) async fn received(&self) -> Vec<Item> {
        let mailbox = self.subscribe();
        let (done, delivered) = oneshot::channel();
        if self.command(Command::Synchronize(done)).is_ok() {
            let _ = delivered.await;
        }
        let mut context = Context::from_waker(Waker::noop());
        let next = || match mailbox.poll(&mut context) {
            Poll::Ready(Some(Received::Item(item))) => Some(item),
            _ => None,
        };
        std::iter::from_fn(next).collect()
    }

    async fn send<R: Request>(
        &self,
        params: &R,
        timeout: Option<Duration>,
        on_response: Option<OnResponse>,
    ) -> Result<Response> {
        // Declared before the receiver, and therefore dropped after it.
        let abandonment = Abandonment(&self.commands);
        let (caller, response) = oneshot::channel();
        let span = RequestSpan::start(params);
        self.enqueue(params, timeout, on_response, ResponseSink::Caller(caller))?;
        let response = response.await;
        mem::forget(abandonment);
        let response = response.unwrap_or_else(|_| Err(self.closed_error()));
        span.end(&response);
        response
    }

    /// Enqueues a request whose response goes to `sink`.
    fn enqueue<R: Request>(
        &self,
        params: &R,
        timeout: Option<Duration>,
        on_response: Option<OnResponse>,
        sink: ResponseSink,
    ) -> Result<()> {
        let params = R::HAS_PARAMS
            .then(|| serde_json::to_vec(params))
            .transpose()
            .map_err(|error| Error::InvalidInput(error.to_string().into()))?;
        let command = Command::Request(OutgoingRequest {
            method: R::METHOD,
            params,
            timeout,
            is_urgent: false,
            on_response,
            sink,
        });
        let command = match self.shared.upgrade() {
            Some(shared) => match shared.submit(command) {
                Ok(()) => return Ok(()),
                Err(command) => command,
            },
            None => command,
        };
        self.command(command)
    }

    /// Enqueues a request without waiting, and ignores its response. Used to undo something when a
    /// handle is dropped.
    pub(crate) fn send_and_forget<R: Request>(&self, params: &R) {
        // On a connection that has ended, there is nothing to undo.
        let _ = self.enqueue(params, self.timeout, None, ResponseSink::Discard);
    }

    /// Opens a stream, which receives the notifications that have its id. Must be called before
    /// sending the request that makes the server send these notifications.
    pub(crate) fn open_stream(&self, stream: &Arc<ClientIdStream>) -> Result<()> {
        self.command(Command::OpenStream(Arc::clone(stream)))
    }

    /// Enqueues a request whose response ends a stream.
    pub(crate) fn send_for_stream<R: Request>(
        &self,
        params: &R,
        timeout: Option<Duration>,
        stream: &Arc<ClientIdStream>,
    ) -> Result<()> {
        let sink = ResponseSink::Stream(Arc::clone(stream));
        self.enqueue(params, timeout, None, sink)
    }

    /// Sends a notification without params.
    pub(crate) fn notify(&self, method: &'static str) -> Result<()> {
        self.command(Command::Notify { method })
    }

    fn command(&self, command: Command) -> Result<()> {
        let sent = self.commands.send(command);
        sent.map_err(|_| self.closed_error())
    }

    /// Sends a command that is answered, and waits for the answer.
    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T> {
        let (response, answer) = oneshot::channel();
        self.command(command(response))?;
        answer.await.map_err(|_| self.closed_error())
    }

    /// Ends the connection, and waits until both the connection and the server process have ended.
    pub(crate) async fn close(&self) {
        let (done, ended) = oneshot::channel();
        if self.commands.send(Command::Close(done)).is_ok() {
            let _ = ended.await;
        }
    }

    /// Returns how the connection ended.
    pub(crate) fn closed(&self) -> Arc<ConnectionClosed> {
        end_of(&self.closed)
    }

    /// Waits for the end of the connection without keeping it open, and returns how it ended.
    pub(crate) fn ended(&self) -> impl Future<Output = Arc<ConnectionClosed>> + Send + use<> {
        let (mut end, closed) = (self.end.clone(), Arc::clone(&self.closed));
        async move {
            while end.changed().await.is_ok() {}
            end_of(&closed)
        }
    }

    /// Returns how the connection ended, or `None` if it has not ended.
    #[cfg(feature = "tower")]
    pub(crate) fn end(&self) -> Option<Arc<ConnectionClosed>> {
        self.closed.get().map(Arc::clone)
    }

    /// Returns the error of an operation on a connection that has ended.
    pub(crate) fn closed_error(&self) -> Error {
        Error::Closed(self.closed())
    }
}
