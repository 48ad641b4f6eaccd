//! Goals: objectives that the server pursues turn after turn, until the model marks them as
//! complete.

pub(crate) mod handle;
pub(crate) mod result;
pub(crate) mod start;
pub(crate) mod stream;
