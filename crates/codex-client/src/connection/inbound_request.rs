//! A request of the server that waits for its one answer.

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
    server_requests::default_response,
};

const OPEN: u8 = 0;
const ANSWERED: u8 = 1;
const WITHDRAWN: u8 = 2;

/// Which request it is, and whether it still waits. Shared by who is to answer it and the core.
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

    /// Whether it is neither answered nor withdrawn.
    pub(crate) fn is_open(&self) -> bool {
        self.state.load(Ordering::Acquire) == OPEN
    }

    /// Waits until it is answered or withdrawn.
    pub(crate) async fn settled(&self) {
        loop {
            // Before the look, so that no change after it is missed.
            let settled = self.settled.notified();
            if !self.is_open() {
                return;
            }
            settled.await;
        }
    }

    /// The server does not want an answer any more.
    pub(crate) fn withdraw(&self) {
        self.settle(WITHDRAWN);
    }

    /// True for the first who settles it.
    fn settle(&self, state: u8) -> bool {
        let first = self
            .state
            .compare_exchange(OPEN, state, Ordering::AcqRel, Ordering::Acquire)
            .is_ok();
        if first {
            self.settled.notify_waiters();
        }
        first
    }
}

/// A request of the server in the hands of whoever is to answer it. Dropped unanswered, it is
/// answered with what is safe.
pub(crate) struct InboundRequest {
    ticket: Arc<RequestState>,
    /// The message as it came.
    text: String,
    params: Option<Range<usize>>,
    /// What the item that it is about wants to change, as far as the server has said: params of
    /// notifications.
    pub(crate) patches: Vec<Arc<str>>,
    /// Weak: a request that waits does not keep the connection open.
    commands: mpsc::WeakUnboundedSender<Command>,
}

impl InboundRequest {
    pub(crate) fn new(
        ticket: Arc<RequestState>,
        text: String,
        params: Option<Range<usize>>,
        patches: Vec<Arc<str>>,
        commands: mpsc::WeakUnboundedSender<Command>,
    ) -> Self {
        Self {
            ticket,
            text,
            params,
            patches,
            commands,
        }
    }

    pub(crate) fn ticket(&self) -> &Arc<RequestState> {
        &self.ticket
    }

    pub(crate) fn method(&self) -> &'static str {
        self.ticket.method
    }

    /// The params as JSON.
    pub(crate) fn raw_params(&self) -> &str {
        self.params.clone().map_or("{}", |at| &self.text[at])
    }

    /// The decoded params.
    pub(crate) fn params<P: DeserializeOwned>(&self) -> Result<P> {
        let params = self.raw_params();
        serde_json::from_str(params)
            .map_err(|error| DecodeError::new(Some(self.method()), params, &error).into())
    }

    /// The decoded message.
    pub(crate) fn message<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(&self.text)
            .map_err(|error| DecodeError::new(Some(self.method()), &self.text, &error).into())
    }

    /// Sends the answer, if it is still wanted.
    pub(crate) fn answer(&self, answer: Result<Vec<u8>, JsonRpcError>) -> Result<()> {
        let method = self.method();
        let commands = self.commands.upgrade().ok_or(Error::Resolved { method })?;
        if !self.ticket.settle(ANSWERED) {
            return Err(Error::Resolved { method });
        }
        let id = self.ticket.id.clone();
        // If the connection has ended in this moment, nobody wants it.
        let sent = commands.send(Command::Answer { id, answer });
        sent.map_err(|_| Error::Resolved { method })
    }

    /// Sends the answer that is safe when nobody decides.
    pub(crate) fn decline(&self) -> Result<()> {
        self.answer(default_response::default_response(self.method()))
    }

    /// Tells the subscribers of `notifications()` what has gone wrong here.
    pub(crate) fn report(&self, error: Error) {
        if let Some(commands) = self.commands.upgrade() {
            let _ = commands.send(Command::Report(error));
        }
    }
}

impl Drop for InboundRequest {
    fn drop(&mut self) {
        // It may have been answered; then this does nothing.
        let _ = self.decline();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask() -> (
        InboundRequest,
        mpsc::UnboundedReceiver<Command>,
        mpsc::UnboundedSender<Command>,
    ) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let method = "item/fileChange/requestApproval";
        let ticket = RequestState::new(7.into(), method, Some("t"), Some("u"));
        let asked = InboundRequest::new(ticket, "{}".into(), None, Vec::new(), sender.downgrade());
        (asked, receiver, sender)
    }

    fn answers(receiver: &mut mpsc::UnboundedReceiver<Command>) -> Vec<String> {
        let mut answers = Vec::new();
        while let Ok(Command::Answer { answer, .. }) = receiver.try_recv() {
            answers.push(String::from_utf8(answer.unwrap()).unwrap());
        }
        answers
    }

    #[test]
    fn only_the_first_answer_is_sent() {
        let (asked, mut receiver, _sender) = ask();
        asked.answer(Ok(b"1".to_vec())).unwrap();
        let second = asked.answer(Ok(b"2".to_vec()));
        assert!(matches!(second, Err(Error::Resolved { .. })), "{second:?}");
        drop(asked);
        assert_eq!(answers(&mut receiver), ["1"]);
    }

    #[test]
    fn what_is_dropped_is_declined() {
        let (asked, mut receiver, _sender) = ask();
        drop(asked);
        assert_eq!(answers(&mut receiver), [r#"{"decision":"decline"}"#]);
    }

    #[test]
    fn what_was_withdrawn_is_not_answered() {
        let (asked, mut receiver, _sender) = ask();
        asked.ticket().withdraw();
        assert!(asked.answer(Ok(b"1".to_vec())).is_err());
        drop(asked);
        assert!(answers(&mut receiver).is_empty());
    }

    #[tokio::test]
    async fn whoever_waits_is_woken_when_it_is_settled() {
        let (asked, _receiver, _sender) = ask();
        let ticket = Arc::clone(asked.ticket());
        let (settled, ()) = tokio::join!(ticket.settled(), async { asked.ticket().withdraw() });
        assert_eq!(settled, ());
        ticket.settled().await;
    }
}
