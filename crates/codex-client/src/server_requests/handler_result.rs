//! The results of handlers.

use std::error::Error;

/// The error of a handler. The request is declined, and the error is reported by
/// [`Codex::notifications`](crate::Codex::notifications).
pub type HandlerError = Box<dyn Error + Send + Sync>;

/// The result of a handler.
pub type HandlerResult<T> = Result<T, HandlerError>;

/// A value that a handler may return: a response, or a `Result` of one.
pub trait IntoResponse<T> {
    /// Converts to the result of the handler.
    ///
    /// # Errors
    ///
    /// The error of the handler.
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

/// The error for a method that a handler does not implement. The request is declined, and nothing
/// is reported.
#[derive(Debug, thiserror::Error)]
#[error("no handler")]
pub(crate) struct NoHandler;
