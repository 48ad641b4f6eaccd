//! Requests of the server, blocking.

use std::pin::Pin;

use codex_types::{RequestId, ServerRequest};
use futures_core::Stream;

use crate::{
    approvals::request::ApprovalRequest,
    blocking::worker::{next, wait},
    error::Result,
    server_requests::server_response::ServerResponse,
};

/// Requests of the server, as [`crate::RequestInbox`].
#[derive(Debug)]
#[must_use = "dropped, it declines what comes"]
pub struct RequestInbox {
    inner: crate::RequestInbox,
}

impl Iterator for RequestInbox {
    type Item = PendingRequest;

    /// Waits for the next one. Inside an async runtime, where waiting is not possible, there is none.
    fn next(&mut self) -> Option<PendingRequest> {
        let pending = next(&mut false, |context| {
            Pin::new(&mut self.inner)
                .poll_next(context)
                .map(|next| next.map(Ok))
        });
        pending?.ok().map(Into::into)
    }
}

/// The same requests, for threads that may wait.
impl From<crate::RequestInbox> for RequestInbox {
    fn from(inner: crate::RequestInbox) -> Self {
        Self { inner }
    }
}

/// A request of the server, as [`crate::PendingRequest`].
#[derive(Debug)]
pub struct PendingRequest {
    inner: crate::PendingRequest,
}

impl PendingRequest {
    /// As [`crate::PendingRequest::id`].
    pub fn id(&self) -> &RequestId {
        self.inner.id()
    }

    /// As [`crate::PendingRequest::request`].
    pub fn request(&self) -> &ServerRequest {
        self.inner.request()
    }

    /// As [`crate::PendingRequest::approval`].
    pub fn approval(&self) -> Option<&ApprovalRequest> {
        self.inner.approval()
    }

    /// As [`crate::PendingRequest::respond`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn respond(&self, reply: impl Into<ServerResponse>) -> Result<()> {
        self.inner.respond(reply)
    }

    /// As [`crate::PendingRequest::decline`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn decline(&self) -> Result<()> {
        self.inner.decline()
    }

    /// As [`crate::PendingRequest::is_open`].
    pub fn is_open(&self) -> bool {
        self.inner.is_open()
    }

    /// As [`crate::PendingRequest::resolved`].
    ///
    /// # Errors
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime).
    pub fn resolved(&self) -> Result<()> {
        wait(async {
            self.inner.resolved().await;
            Ok(())
        })
    }
}

/// The same request, for threads that may wait.
impl From<crate::PendingRequest> for PendingRequest {
    fn from(inner: crate::PendingRequest) -> Self {
        Self { inner }
    }
}
