//! Turns that are interrupted because their callers are gone.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use crate::{connection::core::Core, routing::turn_log::TurnLog};

/// The time to wait for the response to an interrupt that no caller waits for.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(2);

impl Core {
    /// Interrupts a turn. The server refuses to interrupt a turn that has not begun: that one is
    /// interrupted as soon as it begins.
    pub(super) fn interrupt_abandoned(&mut self, log: Arc<TurnLog>, now: Instant) {
        if log.has_begun() {
            self.interrupt(&log, RESPONSE_TIMEOUT, now);
        } else {
            self.abandoned_turns.push(log);
        }
    }

    /// Interrupts the abandoned turns that have begun, and forgets those that have ended.
    pub(super) fn update_abandoned(&mut self, now: Instant) {
        if self.abandoned_turns.is_empty() {
            return;
        }
        self.abandoned_turns.retain(|log| log.end().is_none());
        let begun = self.abandoned_turns.extract_if(.., |log| log.has_begun());
        for log in begun.collect::<Vec<_>>() {
            self.interrupt(&log, RESPONSE_TIMEOUT, now);
        }
    }
}
