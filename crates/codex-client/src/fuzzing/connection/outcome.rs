//! How calls end.

use crate::{error::Error, turn_result::TurnResult};

/// How a call ended that runs a turn.
pub(super) enum Outcome {
    Result(Box<TurnResult>),
    /// The call has an error although its turn is known.
    Error {
        turn_id: String,
        error: Error,
    },
}
