//! Decodes messages from the server, skipping the parts that cannot be read.

use std::collections::VecDeque;

use codex_types::{ServerNotification, decode};

use crate::{
    error::{Error, Result, decode_error::DecodeError},
    rpc::raw_notification::RawNotification,
};

/// Decodes the JSON of a message. If a part cannot be read, the rest is decoded without it, and the
/// reason is added to `unreadable`.
pub(crate) fn decode_around<T>(
    method: &str,
    json: &str,
    decode: impl Fn() -> serde_json::Result<T>,
    unreadable: &mut Vec<DecodeError>,
) -> Result<T, DecodeError> {
    let error = match decode() {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    let Ok(lossy) = decode::with_lossy(decode) else {
        return Err(DecodeError::new(Some(method), json, &error));
    };
    let parts = lossy.unreadable.iter();
    unreadable
        .extend(parts.map(|part| DecodeError::at(Some(method), &part.json, &part.to_string(), 0)));
    Ok(lossy.value)
}

/// Decodes the notifications of one stream. The errors for parts that cannot be read follow the
/// notification that contains the parts.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    errors: VecDeque<Error>,
}

impl Decoder {
    /// Returns the next error for the last notification.
    pub(crate) fn next_error(&mut self) -> Option<Error> {
        self.errors.pop_front()
    }

    /// Decodes a notification.
    pub(crate) fn decode(&mut self, notification: &RawNotification) -> Result<ServerNotification> {
        let mut unreadable = Vec::new();
        let decoded = notification.decode(&mut unreadable);
        self.errors.extend(unreadable.into_iter().map(Error::from));
        decoded
    }
}
