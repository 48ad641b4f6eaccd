//! The steps of a script.

use std::time::Duration;

use serde_json::Value;

use crate::{fault::Fault, gate::Gate};

/// A step of a turn, or of what follows a response.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// A notification. In a turn, its params get the ids that they lack.
    Notify {
        method: String,
        params: Value,
    },
    /// A request. In a turn, its params get the ids that they lack.
    Request {
        method: String,
        params: Value,
        /// Whether the next step waits for the response.
        is_awaited: bool,
    },
    Raw(Vec<u8>),
    Stderr(String),
    Hold(Gate),
    Delay(Duration),
    Fault(Fault),
    /// A child process keeps running after the end of its input.
    OutliveInput,
}
