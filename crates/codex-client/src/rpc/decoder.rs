//! Decodes messages from the server, skipping the parts that cannot be read.

use std::collections::VecDeque;

use codex_types::ServerNotification;

use crate::{
    error::{Error, Result},
    rpc::raw_notification::RawNotification,
};

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
