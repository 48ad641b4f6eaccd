//! Final responses that do not match the requested type.

use std::fmt;

use crate::turn_result::TurnResult;

/// The final response of a turn does not match the type requested with
/// [`output`](crate::builder::RunBuilder::output), or the turn has no final response.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct OutputMismatch {
    /// The name of the type, as returned by [`type_name`](std::any::type_name).
    pub expected: &'static str,
    /// The path of the mismatch in the response, such as `comments[2].line`. `None` if the response
    /// as a whole does not match.
    pub path: Option<String>,
    /// A description of the mismatch.
    pub reason: String,
    /// The result of the turn.
    pub result: TurnResult,
}

impl OutputMismatch {
    /// Returns the final response as text; `None` if there is none.
    pub fn text(&self) -> Option<&str> {
        self.result.final_response.as_deref()
    }
}

impl fmt::Display for OutputMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the final response is not a valid `{}`: ", self.expected)?;
        if let Some(path) = &self.path {
            write!(f, "`{path}`: ")?;
        }
        f.write_str(&self.reason)
    }
}

impl std::error::Error for OutputMismatch {}
