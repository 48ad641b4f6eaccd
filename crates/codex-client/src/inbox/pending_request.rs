//! A request of the server that somebody holds.

use std::fmt;

use codex_types::{RequestId, ServerRequest};

use crate::{
    approvals::request::ApprovalRequest, connection::inbound_request::InboundRequest,
    error::Result, server_requests::server_response::ServerResponse,
};

/// A request of the server, to be answered now or later, from any task or thread, at most once; from
/// [`RequestInbox`](crate::RequestInbox).
///
/// Dropped unanswered, it is declined. The server may withdraw it meanwhile
/// (`serverRequest/resolved`), because somebody else has answered or its turn has ended;
/// [`resolved`](Self::resolved) tells.
pub struct PendingRequest {
    asked: InboundRequest,
    request: ServerRequest,
    approval: Option<ApprovalRequest>,
}

impl PendingRequest {
    /// `None` for one that cannot be understood, which is reported and declined.
    pub(crate) fn new(asked: InboundRequest) -> Option<Self> {
        let decoded = asked
            .message()
            .and_then(|request| Ok((request, ApprovalRequest::of(&asked)?)));
        match decoded {
            Ok((request, approval)) => Some(Self {
                asked,
                request,
                approval,
            }),
            Err(error) => {
                asked.report(error);
                None
            }
        }
    }

    /// The server's id of the request, which
    /// [`ServerRequestResolved`](codex_types::ServerNotification::ServerRequestResolved) names.
    pub fn id(&self) -> &RequestId {
        &self.asked.ticket().id
    }

    /// What is asked.
    pub fn request(&self) -> &ServerRequest {
        &self.request
    }

    /// What is asked, if it is leave to do something.
    pub fn approval(&self) -> Option<&ApprovalRequest> {
        self.approval.as_ref()
    }

    /// Answers it.
    ///
    /// # Errors
    ///
    /// [`Resolved`](crate::Error::Resolved) if it was answered or withdrawn before, or the connection
    /// has ended; [`InvalidInput`](crate::Error::InvalidInput) if this is no answer to what was
    /// asked, after which it is still open.
    pub fn respond(&self, reply: impl Into<ServerResponse>) -> Result<()> {
        let reply = reply.into();
        let answer = reply.answer(self.asked.method(), self.approval())?;
        self.asked.answer(answer)
    }

    /// Declines it, as dropping does.
    ///
    /// # Errors
    ///
    /// [`Resolved`](crate::Error::Resolved) if it was answered or withdrawn before, or the connection
    /// has ended.
    pub fn decline(&self) -> Result<()> {
        self.asked.decline()
    }

    /// Whether it still waits for an answer.
    pub fn is_open(&self) -> bool {
        self.asked.ticket().is_open()
    }

    /// Waits until it waits for no answer any more: it was answered or withdrawn, or the connection
    /// has ended. A prompt that shows it should go away then.
    pub async fn resolved(&self) {
        self.asked.ticket().settled().await;
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
