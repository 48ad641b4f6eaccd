//! Logins with a ChatGPT account. The program starts an attempt, the user completes it, and the
//! server reports the outcome.

pub(crate) mod handle;
pub(crate) mod start;
pub(crate) mod wait;
