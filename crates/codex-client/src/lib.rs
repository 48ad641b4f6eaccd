//! wip
mod binary {
    #[derive(Debug, thiserror::Error)]
    #[error("x")]
    pub struct NotFound;
}
mod turn {
    #[derive(Debug, Clone)]
    pub struct TurnResult;
    impl TurnResult {
        pub(crate) fn failure(&self) -> &str {
            ""
        }
    }
}
mod connection;
mod error;
mod transport;
pub use error::*;
