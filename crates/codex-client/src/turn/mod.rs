//! Turns: each is one input from the user and the work that the model does in response.

pub(crate) mod agent_events;
pub(crate) mod handle;
pub(crate) mod review;
pub(crate) mod start;
pub(crate) mod stream;
pub(crate) mod text;
