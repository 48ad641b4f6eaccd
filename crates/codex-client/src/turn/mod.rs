//! Turns: one input of the user, and all that the model does about it.

pub(crate) mod control;
pub(crate) mod handle;
pub(crate) mod limit;
pub(crate) mod result;
pub(crate) mod review;
pub(crate) mod start;
pub(crate) mod stream;
pub(crate) mod text;
