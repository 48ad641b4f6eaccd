//! Requests that the program does not respond to.

use codex_types::{CurrentTimeReadParams, ServerCall};

/// The treatment of requests from the server that the program does not respond to, set with
/// [`CodexBuilder::unhandled_requests`](crate::builder::CodexBuilder::unhandled_requests).
///
/// These are the requests that no tool, handler or inbox takes, and those that the program drops
/// without a response: a [`PendingRequest`](crate::PendingRequest), or an inbox with unread ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnhandledRequests {
    /// They are declined, so that no turn waits for a response.
    #[default]
    Decline,
    /// They are left to the other clients of the server, so that this client observes the threads
    /// of others without deciding for them. A turn waits until one of them responds.
    ///
    /// A handler that fails still declines its request, and so does
    /// [`PendingRequest::decline`](crate::PendingRequest::decline).
    LeaveOpen,
}

impl UnhandledRequests {
    /// Whether a request of this method stays open if it is dropped without a response.
    pub(crate) fn leaves_open(self, method: &str) -> bool {
        // The default response to this one is the time of the clock, which decides nothing.
        self == Self::LeaveOpen && method != CurrentTimeReadParams::METHOD
    }
}
