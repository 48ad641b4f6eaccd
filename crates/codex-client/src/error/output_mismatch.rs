//! Answers that are not what was asked for.

use std::fmt;

use crate::turn_result::TurnResult;

/// The final answer of a turn does not fit the type that was asked for by
/// [`output`](crate::builder::RunBuilder::output), or there is none.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct OutputMismatch {
    /// The name of the type, as the compiler calls it.
    pub expected: &'static str,
    /// Where in the answer, as `comments[2].line`. `None` if it is the answer as a whole.
    pub path: Option<String>,
    /// What does not fit there.
    pub reason: String,
    /// What the turn has come to.
    pub result: TurnResult,
}

impl OutputMismatch {
    /// The answer as the model wrote it; `None` if there was none.
    pub fn text(&self) -> Option<&str> {
        self.result.final_response.as_deref()
    }
}

impl fmt::Display for OutputMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the answer is no `{}`: ", self.expected)?;
        if let Some(path) = &self.path {
            write!(f, "`{path}`: ")?;
        }
        f.write_str(&self.reason)
    }
}

impl std::error::Error for OutputMismatch {}
