//! Turns that are interrupted because their callers are gone.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    connection::{command::OnResponse, core::Core},
    routing::turn_log::TurnLog,
    rpc::envelope,
};

/// The time to wait for the response to an interrupt that no caller waits for.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(2);

impl Core {
    /// Interrupts a turn. One that has not begun is interrupted as soon as it begins.
    pub(super) fn interrupt_abandoned(&mut self, log: &TurnLog, now: Instant) {
        let has_begun = self.has_begun(log);
        self.interrupt_begun(log.thread_id(), log.turn_id(), has_begun, now);
        if !has_begun || log.turn_id() != log.response_id() {
            self.interrupt_own(log, now);
        }
    }

    /// Interrupts the turn that the response has named, as soon as it begins. It may be a turn of
    /// its own although it was taken for an input of another one.
    pub(super) fn interrupt_own(&mut self, log: &TurnLog, now: Instant) {
        let (thread_id, turn_id) = (log.thread_id(), log.response_id());
        match self.active_turns.has_started(thread_id, turn_id) {
            true => self.interrupt(thread_id, turn_id, RESPONSE_TIMEOUT, now),
            false => self.abandoned_turns.add(thread_id, turn_id),
        }
    }

    /// Interrupts a turn that has begun, or may have: the server reports no turns of a thread that
    /// this client has unsubscribed from.
    fn interrupt_begun(&mut self, thread_id: &str, turn_id: &str, has_begun: bool, now: Instant) {
        if has_begun || self.unsubscribed_threads.contains(thread_id) {
            self.interrupt(thread_id, turn_id, RESPONSE_TIMEOUT, now);
        }
    }

    /// Whether the server accepts an interrupt of a turn. The turn may have begun before a response
    /// named it, and a review runs under another id: the log knows of neither.
    pub(super) fn has_begun(&self, log: &TurnLog) -> bool {
        let (thread_id, turn_id) = (log.thread_id(), log.turn_id());
        log.has_begun() || self.active_turns.has_started(thread_id, turn_id)
    }

    /// Remembers a request that has expired, if its turn is to be interrupted.
    pub(super) fn remember_start(&mut self, id: i64, on_response: Option<&OnResponse>) {
        if let Some(OnResponse::ClaimTurn {
            thread_id,
            interrupt_on_drop: true,
            ..
        }) = on_response
        {
            self.expired_starts.insert(id, thread_id.clone());
        }
    }

    /// Interrupts the turn that a late response names, if its caller is gone.
    pub(super) fn late_response(&mut self, id: i64, result: Option<&str>, now: Instant) {
        let Some(thread_id) = self.expired_starts.remove(&id) else {
            return;
        };
        let keys = result.and_then(envelope::result_keys);
        let Some(turn_id) = keys.and_then(|keys| keys.turn_id) else {
            return;
        };
        let has_begun = self.active_turns.has_started(&thread_id, &turn_id);
        self.interrupt_begun(&thread_id, &turn_id, has_begun, now);
        if !has_begun {
            self.abandoned_turns.add(&thread_id, &turn_id);
        }
    }
}
