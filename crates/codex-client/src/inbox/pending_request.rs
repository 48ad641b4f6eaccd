//! Requests from the server that are pending in the program.

use std::fmt;

use codex_types::{RequestId, ServerRequest};

use crate::{
    approvals::request::ApprovalRequest, connection::inbound_request::InboundRequest,
    error::Result, server_requests::server_response::ServerResponse,
};

/// A request from the server, taken from a [`RequestInbox`](crate::RequestInbox). The program may
/// respond now or later, from any task or thread.
///
/// ```no_run
/// use codex_client::{
///     PendingRequest, Result,
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
pub struct PendingRequest {
    inbound: InboundRequest,
    request: ServerRequest,
    approval: Option<ApprovalRequest>,
}

impl PendingRequest {
    /// Decodes a request. If it cannot be decoded, reports the error, declines the request and
    /// returns `None`.
    pub(crate) fn new(inbound: InboundRequest) -> Option<Self> {
        match inbound.message() {
            Ok(request) => Some(Self {
                approval: ApprovalRequest::new(&request, &inbound.related),
                inbound,
                request,
            }),
            Err(error) => {
                inbound.report(error);
                None
            }
        }
    }

    /// Returns the id of the request. The notification
    /// [`ServerRequestResolved`](codex_types::ServerNotification::ServerRequestResolved) names it.
    pub fn id(&self) -> &RequestId {
        &self.inbound.state().id
    }

    /// Returns the request.
    pub fn request(&self) -> &ServerRequest {
        &self.request
    }

    /// Returns the approval request, if the request is one.
    pub fn approval(&self) -> Option<&ApprovalRequest> {
        self.approval.as_ref()
    }

    /// Responds to the request.
    ///
    /// # Errors
    ///
    /// [`Resolved`](crate::Error::Resolved) if the request is no longer open, or the connection has
    /// ended; [`InvalidInput`](crate::Error::InvalidInput) if the response does not match the
    /// request, which stays open.
    pub fn respond(&self, response: impl Into<ServerResponse>) -> Result<()> {
        let response = response.into();
        let response = response.into_result(self.inbound.method(), self.approval())?;
        self.inbound.respond(response)
    }

    /// Declines the request, as dropping it does by default.
    ///
    /// # Errors
    ///
    /// [`Resolved`](crate::Error::Resolved) if the request is no longer open, or the connection has
    /// ended.
    pub fn decline(&self) -> Result<()> {
        self.inbound.decline()
    }

    /// Whether the request still needs a response.
    pub fn is_open(&self) -> bool {
        self.inbound.state().is_open()
    }

    /// Waits until the request is no longer open: it has a response, was withdrawn, or the
    /// connection has ended. Use this to close a prompt for the request.
    pub async fn resolved(&self) {
        self.inbound.state().settled().await;
    }
}

impl fmt::Debug for PendingRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingRequest")
            .field("id", self.id())
            .field("request", &self.request)
            .field("is_open", &self.is_open())
            .finish_non_exhaustive()
    }
}
