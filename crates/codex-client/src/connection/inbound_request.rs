//! A request from the server that is waiting for its only response.

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
};

use codex_types::{RequestId, rpc::JsonRpcError};
use serde::de::DeserializeOwned;
use tokio::sync::{Notify, mpsc};

use crate::{
    connection::command::Command,
    error::{Error, Result, decode_error::DecodeError},
};

const OPEN: u8 = 0;
const RESPONDED: u8 = 1;
const WITHDRAWN: u8 = 2;

/// The identity of a request from the server, and whether it is open. Shared by the owner of the
/// request and the connection.
#[derive(Debug)]
pub(crate) struct RequestState {
    pub(crate) id: RequestId,
    pub(crate) method: &'static str,
    pub(crate) thread_id: Option<Box<str>>,
    pub(crate) turn_id: Option<Box<str>>,
    state: AtomicU8,
    settled: Notify,
}

impl RequestState {
    pub(crate) fn new(
        id: RequestId,
        method: &'static str,
        thread_id: Option<&str>,
        turn_id: Option<&str>,
    ) -> Arc<Self> {
        Arc::new(Self {
            id,
            method,
            thread_id: thread_id.map(Into::into),
            turn_id: turn_id.map(Into::into),
            state: AtomicU8::new(OPEN),
            settled: Notify::new(),
        })
    }

    /// Whether the request has been neither responded to nor withdrawn.
    pub(crate) fn is_open(&self) -> bool {
        self.state.load(Ordering::Acquire) == OPEN
    }

    /// Waits until the request has been responded to or withdrawn.
    pub(crate) async fn settled(&self) {
        loop {
            // Created before the check, so that no change after the check is missed.
            let settled = self.settled.notified();
            if !self.is_open() {
                return;
            }
            settled.await;
        }
    }

    /// Records that the server no longer needs a response.
    pub(crate) fn withdraw(&self) {
        self.settle(WITHDRAWN);
    }

    /// Settles the request with this state. Returns true only for the first call.
    fn settle(&self, state: u8) -> bool {
        let is_first = self
            .state
            .compare_exchange(OPEN, state, Ordering::AcqRel, Ordering::Acquire)
            .is_ok();
        if is_first {
            self.settled.notify_waiters();
        }
        is_first
    }
}

/// A request from the server. Dropping it without a response declines it.
pub(crate) struct InboundRequest {
    state: Arc<RequestState>,
    /// The message as received.
    text: String,
    params: Option<Range<usize>>,
    /// Params of earlier notifications that the request refers to, added by the service.
    pub(crate) related: Vec<Arc<str>>,
    /// Weak, so that a waiting request does not keep the connection open.
    commands: mpsc::WeakUnboundedSender<Command>,
}

impl InboundRequest {
    pub(crate) fn new(
        state: Arc<RequestState>,
        text: String,
        params: Option<Range<usize>>,
        commands: mpsc::WeakUnboundedSender<Command>,
    ) -> Self {
        Self {
            state,
            text,
            params,
            related: Vec::new(),
            commands,
        }
    }

    pub(crate) fn state(&self) -> &Arc<RequestState> {
        &self.state
    }

    pub(crate) fn method(&self) -> &'static str {
        self.state.method
    }

    /// Returns the JSON of the params.
    pub(crate) fn raw_params(&self) -> &str {
        self.params.clone().map_or("{}", |range| &self.text[range])
    }

    /// Decodes the params.
    pub(crate) fn params<P: DeserializeOwned>(&self) -> Result<P> {
        let params = self.raw_params();
        serde_json::from_str(params)
            .map_err(|error| DecodeError::new(Some(self.method()), params, &error).into())
    }

    /// Decodes the message.
    pub(crate) fn message<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(&self.text)
            .map_err(|error| DecodeError::new(Some(self.method()), &self.text, &error).into())
    }

    /// Sends the response, if the request is still open.
    pub(crate) fn respond(&self, response: Result<Vec<u8>, JsonRpcError>) -> Result<()> {
        self.send(Some(response))
    }

    /// Sends the default response, which accepts nothing.
    pub(crate) fn decline(&self) -> Result<()> {
        self.send(None)
    }

    fn send(&self, response: Option<Result<Vec<u8>, JsonRpcError>>) -> Result<()> {
        let method = self.method();
        let commands = self.commands.upgrade().ok_or(Error::Resolved { method })?;
        if !self.state.settle(RESPONDED) {
            return Err(Error::Resolved { method });
        }
        let id = self.state.id.clone();
        let command = Command::Respond {
            id,
            method,
            response,
        };
        // The connection may have ended in the meantime.
        let sent = commands.send(command);
        sent.map_err(|_| Error::Resolved { method })
    }

    /// Reports an error to the subscribers of `notifications()`.
    pub(crate) fn report(&self, error: Error) {
        if let Some(commands) = self.commands.upgrade() {
            let _ = commands.send(Command::Report(error));
        }
    }
}

impl Drop for InboundRequest {
    fn drop(&mut self) {
        // Does nothing if the request is already settled.
        let _ = self.decline();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> (
        InboundRequest,
        mpsc::UnboundedReceiver<Command>,
        mpsc::UnboundedSender<Command>,
    ) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let method = "item/fileChange/requestApproval";
        let state = RequestState::new(7.into(), method, Some("t"), Some("u"));
        let request = InboundRequest::new(state, "{}".into(), None, sender.downgrade());
        (request, receiver, sender)
    }

    fn responses(receiver: &mut mpsc::UnboundedReceiver<Command>) -> Vec<String> {
        let mut responses = Vec::new();
        while let Ok(Command::Respond { response, .. }) = receiver.try_recv() {
            responses.push(response.map_or("default".to_owned(), |response| {
                String::from_utf8(response.unwrap()).unwrap()
            }));
        }
        responses
    }

    #[test]
    fn only_the_first_response_is_sent() {
        let (request, mut receiver, _sender) = request();
        request.respond(Ok(b"1".to_vec())).unwrap();
        let second = request.respond(Ok(b"2".to_vec()));
        assert!(matches!(second, Err(Error::Resolved { .. })), "{second:?}");
        drop(request);
        assert_eq!(responses(&mut receiver), ["1"]);
    }

    #[test]
    fn a_dropped_request_is_declined() {
        let (request, mut receiver, _sender) = request();
        drop(request);
        assert_eq!(responses(&mut receiver), ["default"]);
    }

    #[test]
    fn a_withdrawn_request_gets_no_response() {
        let (request, mut receiver, _sender) = request();
        request.state().withdraw();
        assert!(request.respond(Ok(b"1".to_vec())).is_err());
        drop(request);
        assert!(responses(&mut receiver).is_empty());
    }

    #[tokio::test]
    async fn waiters_are_woken_when_the_request_is_settled() {
        let (request, _receiver, _sender) = request();
        let state = Arc::clone(request.state());
        let (settled, ()) = tokio::join!(state.settled(), async { request.state().withdraw() });
        assert_eq!(settled, ());
        state.settled().await;
    }
}
