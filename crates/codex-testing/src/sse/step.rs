//! The steps of a streamed response.

use std::time::Duration;

use serde_json::Value;

use crate::gate::Gate;

/// A step of a streamed response.
#[derive(Debug)]
pub(crate) enum Step {
    /// Send an event.
    Send(Value),
    /// Wait for a time.
    Pause(Duration),
    /// Wait until a gate is opened.
    Hold(Gate),
    /// Break the connection.
    Cut,
}
