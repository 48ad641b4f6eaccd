//! What handlers return.

use std::error::Error;

/// Why a handler has no answer. Whatever it is, the request is declined and the error reported by
/// [`Codex::notifications`](crate::Codex::notifications).
pub type HandlerError = Box<dyn Error + Send + Sync>;

/// What a handler returns that may fail.
pub type HandlerResult<T> = Result<T, HandlerError>;

/// What a closure may return: the answer itself, or a `Result` with it.
pub trait IntoResponse<T> {
    /// The answer, or why there is none.
    ///
    /// # Errors
    ///
    /// Those of the closure.
    fn into_response(self) -> HandlerResult<T>;
}

impl<T> IntoResponse<T> for T {
    fn into_response(self) -> HandlerResult<T> {
        Ok(self)
    }
}

impl<T, E: Into<HandlerError>> IntoResponse<T> for Result<T, E> {
    fn into_response(self) -> HandlerResult<T> {
        self.map_err(Into::into)
    }
}

/// The answer of a handler that does not care: the request is declined, and nothing is wrong.
#[derive(Debug, thiserror::Error)]
#[error("no handler")]
pub(crate) struct NoHandler;
