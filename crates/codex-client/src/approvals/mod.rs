//! Approval requests from the server, and the decisions on them.

pub(crate) mod decision;
pub(crate) mod read_only;
pub(crate) mod request;
