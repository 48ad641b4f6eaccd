//! Turns that have been quiet for too long.

use codex_types::{Request, TurnInterruptParams};
use tokio::time::Instant;

use crate::{
    connection::{
        command::{OutgoingRequest, ResponseSink},
        core::Core,
    },
    routing::{
        quiet_turns::QuietAction,
        turn_log::{INTERRUPT_GRACE, TurnLog},
        unreported_ends,
    },
    rpc::{envelope::RoutingKeys, raw_notification::RawNotification},
};

impl Core {
    /// Schedules the next check of the quiet turns.
    pub(super) fn schedule_quiet_turns(&mut self) {
        self.schedule(self.quiet_turns.next_due());
    }

    /// Watches the turns that a notification shows to be over.
    pub(super) fn update_quiet_turns(
        &mut self,
        notification: &RawNotification,
        keys: &RoutingKeys<'_>,
        now: Instant,
    ) {
        let (routes, grace) = (&self.turn_routes, self.turn_end_grace);
        unreported_ends::update(
            &mut self.quiet_turns,
            routes,
            grace,
            notification,
            keys,
            now,
        );
        self.schedule_quiet_turns();
    }

    /// Ends or interrupts the turns that have been quiet for too long.
    pub(super) fn end_quiet_turns(&mut self, now: Instant) {
        for (log, action) in self.quiet_turns.lapsed(now) {
            match action {
                QuietAction::Detach(reason) => self.turn_routes.detach_turn(&log, reason),
                QuietAction::Interrupt(idle_timeout) => {
                    log.interrupted_after(idle_timeout);
                    self.interrupt(&log, now);
                    self.quiet_turns
                        .watch_interrupted(&log, idle_timeout, INTERRUPT_GRACE, now);
                }
                QuietAction::Abandon(idle_timeout) => {
                    log.end_silent(idle_timeout);
                    self.turn_routes.end(&log);
                }
            }
        }
        self.deliver_unclaimed();
        self.schedule_quiet_turns();
    }

    /// Interrupts a turn without waiting for the response.
    fn interrupt(&mut self, log: &TurnLog, now: Instant) {
        let turn_id = self.active_turns.running_id(log.thread_id(), log.turn_id());
        let params = TurnInterruptParams::new(log.thread_id(), turn_id);
        // Two strings can always be encoded.
        let params = serde_json::to_vec(&params).unwrap_or_default();
        self.enqueue(
            OutgoingRequest {
                method: TurnInterruptParams::METHOD,
                params: Some(params),
                timeout: Some(INTERRUPT_GRACE),
                on_response: None,
                sink: ResponseSink::Discard,
            },
            now,
        );
    }
}
