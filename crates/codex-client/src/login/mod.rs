//! Logins with a ChatGPT account: the program starts an attempt, a person confirms it, and the server
//! reports how it ended.

pub(crate) mod handle;
pub(crate) mod start;
pub(crate) mod wait;
