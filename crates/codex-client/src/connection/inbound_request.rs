//! A request from the server that is waiting for its only response.

use std::{ops::Range, sync::Arc};

use codex_types::rpc::JsonRpcError;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;

use crate::{
    connection::{command::Command, request_state::RequestState},
    error::{Error, Result, decode_error::DecodeError},
    rpc::display_members::decode_without_display_members,
};

/// A request from the server. Dropping it without a response declines it, or leaves it to other
/// clients of the server.
pub(crate) struct InboundRequest {
    state: Arc<RequestState>,
    /// The message as received.
    text: String,
    params: Option<Range<usize>>,
    /// The thread that the thread of the request works for, if that is the thread of a sub-agent.
    owner: Option<Box<str>>,
    is_left_on_drop: bool,
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
        owner: Option<&str>,
        is_left_on_drop: bool,
        commands: mpsc::WeakUnboundedSender<Command>,
    ) -> Self {
        Self {
            state,
            text,
            params,
            owner: owner.map(Into::into),
            is_left_on_drop,
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

    /// Returns the thread of the request, and then the thread that it works for, if it is that of
    /// a sub-agent.
    pub(crate) fn threads(&self) -> impl Iterator<Item = &str> {
        let own = self.state.thread_id.as_deref();
        [own, self.owner.as_deref()].into_iter().flatten()
    }

    /// Returns the JSON of the params.
    pub(crate) fn raw_params(&self) -> &str {
        self.params.clone().map_or("{}", |range| &self.text[range])
    }

    /// Decodes the params. Reports the members that are only displayed and cannot be read, and
    /// decodes the rest without them.
    pub(crate) fn params<P: DeserializeOwned>(&self) -> Result<P> {
        let decode = |params: &str| self.decode(params);
        decode(self.raw_params()).or_else(|_| self.without_display_members(decode))
    }

    /// Decodes the message, in the same way as the params.
    pub(crate) fn message<T: DeserializeOwned>(&self) -> Result<T> {
        let range = self.params.clone().unwrap_or_default();
        let (before, after) = (&self.text[..range.start], &self.text[range.end..]);
        let decode = |params: &str| self.decode(&[before, params, after].concat());
        self.decode(&self.text).or_else(|error| match &self.params {
            Some(_) => self.without_display_members(decode),
            None => Err(error.into()),
        })
    }

    fn decode<T: DeserializeOwned>(&self, json: &str) -> Result<T, DecodeError> {
        serde_json::from_str(json)
            .map_err(|error| DecodeError::new(Some(self.method()), json, &error))
    }

    fn without_display_members<T>(
        &self,
        decode: impl Fn(&str) -> Result<T, DecodeError>,
    ) -> Result<T> {
        let read = decode_without_display_members(self.raw_params(), decode)?;
        for error in read.unreadable {
            self.report(error.into());
        }
        Ok(read.value)
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
        if !self.state.settle_as_responded() {
            return Err(Error::Resolved { method });
        }
        let command = Command::Respond {
            request: Arc::clone(&self.state),
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
        // Both do nothing if the request is already settled.
        if self.is_left_on_drop {
            self.state.leave();
        } else {
            let _ = self.decline();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(
        is_left: bool,
    ) -> (
        InboundRequest,
        mpsc::UnboundedReceiver<Command>,
        mpsc::UnboundedSender<Command>,
    ) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let method = "item/fileChange/requestApproval";
        let state = RequestState::new(7.into(), method, Some("t"), Some("u"));
        let commands = sender.downgrade();
        let request = InboundRequest::new(state, "{}".into(), None, None, is_left, commands);
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
        let (request, mut receiver, _sender) = request(false);
        request.respond(Ok(b"1".to_vec())).unwrap();
        let second = request.respond(Ok(b"2".to_vec()));
        assert!(matches!(second, Err(Error::Resolved { .. })), "{second:?}");
        drop(request);
        assert_eq!(responses(&mut receiver), ["1"]);
    }

    #[test]
    fn a_dropped_request_is_declined() {
        let (request, mut receiver, _sender) = request(false);
        drop(request);
        assert_eq!(responses(&mut receiver), ["default"]);
    }

    #[test]
    fn a_request_that_is_left_to_others_gets_no_response_unless_it_is_declined() {
        let (request, mut receiver, _sender) = request(true);
        let state = Arc::clone(request.state());
        drop(request);
        assert!(responses(&mut receiver).is_empty());
        assert!(!state.is_open() && state.is_left());
        let (request, mut receiver, _sender) = self::request(true);
        request.decline().unwrap();
        drop(request);
        assert_eq!(responses(&mut receiver), ["default"]);
    }

    #[test]
    fn a_withdrawn_request_gets_no_response() {
        let (request, mut receiver, _sender) = request(false);
        request.state().withdraw();
        assert!(request.respond(Ok(b"1".to_vec())).is_err());
        drop(request);
        assert!(responses(&mut receiver).is_empty());
    }

    #[tokio::test]
    async fn waiters_are_woken_when_the_request_is_settled() {
        let (request, _receiver, _sender) = request(false);
        let state = Arc::clone(request.state());
        let (settled, ()) = tokio::join!(state.settled(), async { request.state().withdraw() });
        assert_eq!(settled, ());
        state.settled().await;
    }
}
