//! Lines that cannot be read.

use std::sync::Arc;

use codex_types::{
    AccountLoginCompletedNotification, TurnCompletedNotification,
    rpc::{JsonRpcError, error_code},
};
use tokio::time::Instant;

use crate::{
    connection::core::Core,
    error::{Error, decode_error::DecodeError, turn_detached::DetachReason},
    routing::turn_log::TurnLog,
    rpc::{
        addressee::{Addressee, TurnPart, addressee},
        raw_notification::{NotificationKind, RawNotification},
    },
};

impl Core {
    /// Handles a line that cannot be read. If the line begins like a response, the error goes to
    /// the caller, and otherwise to the subscribers. If it begins like a request, the error also
    /// goes to the server. If it begins like a part of a turn, the error also goes to that turn,
    /// which ends as detached if the part is its end. If it begins like the completion of a login,
    /// the error also goes to the attempt.
    pub(super) fn unreadable(&mut self, readable: &[u8], error: DecodeError, now: Instant) {
        match addressee(readable) {
            Some(Addressee::Caller(id)) => {
                if let Some(waiter) = self.pending.complete(id) {
                    self.accepted(waiter.input.as_ref(), None);
                    self.settle(waiter.on_response, None);
                    let error = error.with_method(waiter.method);
                    return waiter.sink.send(Err(error.into()));
                }
            }
            Some(Addressee::Server(id)) => {
                let refusal = JsonRpcError::new(error_code::PARSE_ERROR, &error.reason);
                self.outbound.response(&id, &Err(refusal));
            }
            Some(Addressee::Turn(part)) => {
                let error = Arc::new(error.with_method(&part.method));
                self.unreadable_part(&part, &error, now);
                return self.report(Error::Decode(error));
            }
            Some(Addressee::Login(login_id)) => {
                let error = Arc::new(error.with_method("account/login/completed"));
                match login_id {
                    Some(id) => self.logins.complete(&id, Err(Arc::clone(&error))),
                    None => self.logins.fail_all(&error),
                }
                return self.report(Error::Decode(error));
            }
            None => {}
        }
        self.malformed(|| error);
    }

    fn unreadable_part(&mut self, part: &TurnPart, error: &Arc<DecodeError>, now: Instant) {
        let TurnPart {
            method,
            thread_id,
            turn_id,
        } = part;
        let kind = NotificationKind::of(method);
        // Deltas add nothing to the result.
        let is_recorded = !matches!(kind, NotificationKind::Delta(_));
        let turns = self.possible_turns(thread_id.as_deref(), turn_id.as_deref());
        for log in &turns {
            log.push_unreadable(error, is_recorded, now, &mut self.wakes);
        }
        if let Some(thread_id) = thread_id {
            self.sub_agent_event(thread_id, now);
            self.agent_unreadable(thread_id, error);
            self.thread_subscriptions
                .push_unreadable(thread_id, error, &mut self.wakes);
        }
        if kind != NotificationKind::TurnCompleted {
            return;
        }
        match (thread_id, turn_id) {
            (Some(thread_id), Some(turn_id)) => {
                self.active_turns.end(thread_id, Some(turn_id));
                // There are several if others have joined the turn.
                for log in &turns {
                    self.detach_turn(log, DetachReason::UnreadableEnd);
                }
            }
            (Some(thread_id), None) => {
                self.active_turns.end(thread_id, None);
                self.turn_routes
                    .detach(thread_id, DetachReason::UnreadableEnd);
            }
            (None, None) => self.watch_possible_ends(now),
            _ => self.watch_unreadable_ends(&turns, now),
        }
        self.deliver_unclaimed();
    }

    /// Handles a notification that can be read, but whose params are not those of its method, so
    /// that it names neither a turn nor a login attempt.
    pub(super) fn without_keys(&mut self, notification: &RawNotification, now: Instant) {
        match notification.kind() {
            NotificationKind::TurnCompleted => {
                self.record_unreadable_end(notification, None, now);
                self.watch_possible_ends(now);
            }
            NotificationKind::LoginCompleted => {
                let params = notification.decode_params::<AccountLoginCompletedNotification>();
                if let Err(Error::Decode(error)) = params {
                    self.logins.fail_all(&error);
                }
            }
            _ => {}
        }
    }

    /// Records in each turn that a `turn/completed` may belong to why it names none.
    pub(super) fn record_unreadable_end(
        &mut self,
        notification: &RawNotification,
        thread_id: Option<&str>,
        now: Instant,
    ) {
        let params = notification.decode_params::<TurnCompletedNotification>();
        if let Err(Error::Decode(error)) = params {
            for log in self.possible_turns(thread_id, None) {
                log.push_unreadable(&error, true, now, &mut self.wakes);
            }
        }
    }

    /// Detaches each running turn that is quiet from now on and whose end may be one that could not
    /// be read. A turn of an active thread continues, unless no other turn is running: if it is the
    /// one that ended, its thread becomes inactive.
    fn watch_possible_ends(&mut self, now: Instant) {
        let mut turns = self.turn_routes.running(None);
        let is_only = turns.len() == 1;
        turns.retain(|log| {
            let thread_id = log.thread_id();
            self.turn_routes.is_active(thread_id) != Some(true)
                || (is_only && self.active_turns.only_in(thread_id))
        });
        self.watch_unreadable_ends(&turns, now);
    }

    /// Detaches each of these turns that is quiet from now on.
    fn watch_unreadable_ends(&mut self, turns: &[Arc<TurnLog>], now: Instant) {
        for log in turns {
            self.quiet_turns
                .watch_end(log, DetachReason::UnreadableEnd, now);
        }
        self.schedule_quiet_turns();
    }

    /// Returns the running turns to which a message with these ids may belong. An id that cannot be
    /// read matches all turns.
    fn possible_turns(&self, thread_id: Option<&str>, turn_id: Option<&str>) -> Vec<Arc<TurnLog>> {
        let mut turns = self.turn_routes.running(thread_id);
        turns.retain(|log| turn_id.is_none_or(|turn_id| log.turn_id() == turn_id));
        turns
    }
}
