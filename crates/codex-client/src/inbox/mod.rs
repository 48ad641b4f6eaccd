//! Requests of the server as a stream, for programs that respond in their own time.

pub(crate) mod pending_request;
pub(crate) mod request_inbox;
