//! Requests from the server as a stream, for programs that respond later.

pub(crate) mod pending_request;
pub(crate) mod request_inbox;
