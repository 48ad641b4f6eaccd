//! Goals: objectives that the server pursues in turn after turn, until the model marks them as
//! reached.

pub(crate) mod handle;
pub(crate) mod result;
pub(crate) mod start;
pub(crate) mod stream;
