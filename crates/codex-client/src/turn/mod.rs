//! Turns: an input of the user, and the work of the model that follows.

pub(crate) mod handle;
pub(crate) mod review;
pub(crate) mod start;
pub(crate) mod stream;
pub(crate) mod text;
