//! Requests from the server in the blocking API.

use std::pin::Pin;

use codex_types::{RequestId, ServerRequest};
use futures_core::Stream;

use crate::{
    approvals::request::ApprovalRequest,
    blocking::worker::{receive, wait},
    error::Result,
    server_requests::server_response::ServerResponse,
};

/// An iterator over requests from the server, returned by
/// [`Codex::server_requests`](crate::blocking::Codex::server_requests) and
/// [`Thread::server_requests`](crate::blocking::Thread::server_requests).
///
/// ```no_run
/// use codex_client::{Decision, Result, blocking::Codex};
///
/// fn example(codex: &Codex) -> Result<()> {
///     for pending in codex.server_requests() {
///         if let Some(request) = pending.approval() {
///             let is_safe = request.is_read_only();
///             pending.respond(if is_safe { Decision::Accept } else { Decision::Decline })?;
///         }
///     }
///     Ok(())
/// }
/// ```
///
/// The inbox ends with the connection and does not keep it open. Dropping it declines the requests
/// that were not taken. A request that cannot be decoded is declined, and reported by
/// [`Codex::notifications`](crate::blocking::Codex::notifications).
#[derive(Debug)]
#[must_use = "dropping the inbox declines the requests"]
pub struct RequestInbox {
    inner: crate::RequestInbox,
}

impl Iterator for RequestInbox {
    type Item = PendingRequest;

    /// Returns the next request that is still open; `None` after the end of the connection, or if
    /// the calling thread cannot block.
    fn next(&mut self) -> Option<PendingRequest> {
        let pending = receive(&mut false, |context| {
            Pin::new(&mut self.inner)
                .poll_next(context)
                .map(|next| next.map(Ok))
        });
        pending?.ok().map(Into::into)
    }
}

/// Converts the async type into the blocking one.
impl From<crate::RequestInbox> for RequestInbox {
    fn from(inner: crate::RequestInbox) -> Self {
        Self { inner }
    }
}

/// A request from the server from a [`RequestInbox`]. The program may respond now or later, from
/// any thread.
///
/// ```no_run
/// use codex_client::{
///     Result,
///     blocking::PendingRequest,
///     types::{ServerRequest, ToolRequestUserInputResponse},
/// };
///
/// fn example(pending: &PendingRequest) -> Result<()> {
///     match pending.request() {
///         ServerRequest::ToolRequestUserInput(params) => {
///             let mut response = ToolRequestUserInputResponse::default();
///             for question in &params.questions {
///                 response = response.answer(&question.id, "yes");
///             }
///             pending.respond(response)
///         }
///         _ => pending.decline(),
///     }
/// }
/// ```
///
/// Dropping the request without a response declines it, unless
/// [`unhandled_requests`](crate::builder::CodexBuilder::unhandled_requests) leaves it to other
/// clients. The server may withdraw the request in the meantime (`serverRequest/resolved`), because
/// another client has responded or the turn has ended; [`resolved`](Self::resolved) waits for that.
#[derive(Debug)]
pub struct PendingRequest {
    inner: crate::PendingRequest,
}

impl PendingRequest {
    /// Returns the id of the request. The notification
    /// [`ServerRequestResolved`](codex_types::ServerNotification::ServerRequestResolved) names it.
    pub fn id(&self) -> &RequestId {
        self.inner.id()
    }

    /// Returns the request.
    pub fn request(&self) -> &ServerRequest {
        self.inner.request()
    }

    /// Returns the approval request, if the request is one.
    pub fn approval(&self) -> Option<&ApprovalRequest> {
        self.inner.approval()
    }

    /// Responds to the request.
    ///
    /// # Errors
    ///
    /// [`Resolved`](crate::Error::Resolved) if the request is no longer open, or the connection has
    /// ended; [`InvalidInput`](crate::Error::InvalidInput) if the response does not match the
    /// request, which stays open.
    pub fn respond(&self, response: impl Into<ServerResponse>) -> Result<()> {
        self.inner.respond(response)
    }

    /// Declines the request, as dropping it does by default.
    ///
    /// # Errors
    ///
    /// [`Resolved`](crate::Error::Resolved) if the request is no longer open, or the connection has
    /// ended.
    pub fn decline(&self) -> Result<()> {
        self.inner.decline()
    }

    /// Whether the request still needs a response.
    pub fn is_open(&self) -> bool {
        self.inner.is_open()
    }

    /// Waits until the request is no longer open: it has a response, was withdrawn, or the
    /// connection has ended. Use this to close a prompt for the request.
    ///
    /// # Errors
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn resolved(&self) -> Result<()> {
        wait(async {
            self.inner.resolved().await;
            Ok(())
        })
    }
}

/// Converts the async type into the blocking one.
impl From<crate::PendingRequest> for PendingRequest {
    fn from(inner: crate::PendingRequest) -> Self {
        Self { inner }
    }
}
