//! Approval requests of the server, and the decisions on them.

pub(crate) mod decision;
pub(crate) mod read_only;
pub(crate) mod request;
