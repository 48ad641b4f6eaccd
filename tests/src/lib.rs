//! What the end-to-end tests share.

pub mod json;
pub mod protocol;
pub mod recorded;
pub mod schema;
