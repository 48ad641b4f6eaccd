//! Turns: one input of the user, and everything that the model does about it.

pub(crate) mod handle;
pub(crate) mod review;
pub(crate) mod start;
pub(crate) mod stream;
pub(crate) mod text;
