//! The interface through which a connection is reopened, and the requests that begin a session.

use std::{sync::Arc, time::Duration};

use codex_types::Request;
use tokio::sync::{mpsc, oneshot};

use crate::{
    connection::command::{Command, OutgoingRequest, Response, ResponseSink},
    error::{
        Error, Result,
        connection_closed::{CloseReason, ConnectionClosed},
    },
    future::BoxFuture,
    routing::{resumable_threads::ResumableThread, session_events::LostThread},
    rpc::raw_response::RawResponse,
    transport::Transport,
};

/// Reopens a connection whose session has ended.
pub(crate) trait Reopen<R, W>: Send + Sync {
    /// Returns the delay before this attempt, counted from 1, or `None` if there is none after this
    /// error.
    fn delay_before(&self, attempt: u32, error: &Error) -> Option<Duration>;

    /// Returns how long a session lasts at least for its end not to count as a failed attempt.
    fn stable_after(&self) -> Duration;

    /// Connects to the server, or starts another one.
    fn dial(&self) -> BoxFuture<Result<Transport<R, W>>>;

    /// Performs the handshake and resumes the threads.
    fn begin(
        &self,
        requests: SessionRequests,
        threads: Vec<ResumableThread>,
    ) -> BoxFuture<Result<Begun>>;
}

/// A session that has begun.
pub(crate) struct Begun {
    pub(crate) resumed: Vec<String>,
    pub(crate) lost: Vec<LostThread>,
}

/// Sends the requests that begin a session, which all others wait for. Does not keep the connection
/// open.
#[derive(Clone)]
pub(crate) struct SessionRequests {
    commands: mpsc::WeakUnboundedSender<Command>,
}

/// A request that was sent.
pub(crate) struct SentRequest(oneshot::Receiver<Result<Response>>);

impl SessionRequests {
    pub(crate) fn new(commands: mpsc::WeakUnboundedSender<Command>) -> Self {
        Self { commands }
    }

    /// Sends a request at once.
    pub(crate) fn send<R: Request>(&self, params: &R, timeout: Duration) -> Result<SentRequest> {
        let params = R::HAS_PARAMS
            .then(|| serde_json::to_vec(params))
            .transpose()
            .map_err(|error| Error::InvalidInput(error.to_string().into()))?;
        let (caller, response) = oneshot::channel();
        self.command(Command::Request(OutgoingRequest {
            method: R::METHOD,
            params,
            timeout: Some(timeout),
            is_urgent: true,
            on_response: None,
            sink: ResponseSink::Caller(caller),
        }))?;
        Ok(SentRequest(response))
    }

    /// Sends a request and waits for its response.
    pub(crate) async fn call<R: Request>(
        &self,
        params: &R,
        timeout: Duration,
    ) -> Result<R::Response> {
        let response = self.send(params, timeout)?.response().await?;
        Ok(response.decode::<R>(&mut Vec::new())?)
    }

    /// Sends a notification without params.
    pub(crate) fn notify(&self, method: &'static str) -> Result<()> {
        self.command(Command::Notify { method })
    }

    /// Reports an error to the subscribers of notifications.
    pub(crate) fn report(&self, error: Error) {
        // A client that was dropped has no subscribers.
        let _ = self.command(Command::Report(error));
    }

    fn command(&self, command: Command) -> Result<()> {
        let commands = self.commands.upgrade().ok_or_else(dropped)?;
        commands.send(command).map_err(|_| dropped())
    }
}

impl SentRequest {
    /// Waits for the response.
    pub(crate) async fn response(self) -> Result<RawResponse> {
        let response = self.0.await.map_err(|_| dropped())??;
        Ok(response.raw)
    }
}

/// Returns the error of a request whose client is gone. No caller receives it.
fn dropped() -> Error {
    Error::Closed(Arc::new(ConnectionClosed::new(CloseReason::Dropped)))
}
