//! The identity and the state of a request from the server.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use codex_types::RequestId;
use tokio::sync::Notify;

const OPEN: u8 = 0;
const RESPONDED: u8 = 1;
const WITHDRAWN: u8 = 2;
const LEFT: u8 = 3;

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

    /// Whether the request has been neither responded to nor withdrawn, nor left to other clients.
    pub(crate) fn is_open(&self) -> bool {
        self.state.load(Ordering::Acquire) == OPEN
    }

    /// Whether the request is left to other clients of the server.
    pub(crate) fn is_left(&self) -> bool {
        self.state.load(Ordering::Acquire) == LEFT
    }

    /// Waits until the request is no longer open.
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

    /// Records that the request is being responded to. Returns true only if it was open.
    pub(crate) fn settle_as_responded(&self) -> bool {
        self.settle(RESPONDED)
    }

    /// Records that the server no longer needs a response.
    pub(crate) fn withdraw(&self) {
        self.settle(WITHDRAWN);
    }

    /// Records that other clients of the server are to respond.
    pub(crate) fn leave(&self) {
        self.settle(LEFT);
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
