//! Turns to act on if the server sends no event of them for some time. Performs no I/O and reads no
//! clock.
//!
//! The time since the last event is not tracked event by event: a turn is looked at when it may be
//! due, and again later if it has had events since then.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    error::turn_detached::DetachReason,
    routing::turn_log::{INTERRUPT_GRACE, TurnLog},
};

/// The turns that are being watched.
#[derive(Debug)]
pub(crate) struct QuietTurns {
    /// The time that a turn that is over is given to end; `None` if such turns do not end.
    grace: Option<Duration>,
    watches: Vec<Watch>,
}

#[derive(Debug)]
struct Watch {
    log: Weak<TurnLog>,
    action: QuietAction,
    begun: Instant,
    limit: Duration,
    /// The end of the limit, or an earlier time.
    due: Instant,
}

/// The action to take on a quiet turn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum QuietAction {
    /// End the log of a turn that has ended, as far as the server has shown.
    Detach(DetachReason),
    /// Interrupt a turn that has exceeded this idle timeout.
    Interrupt(Duration),
    /// End the log of a turn that was interrupted because it has exceeded this idle timeout. Events
    /// do not postpone this action.
    Abandon(Duration),
}

impl QuietAction {
    fn is_detach(self) -> bool {
        matches!(self, Self::Detach(_))
    }
}

impl QuietTurns {
    pub(crate) fn new(grace: Option<Duration>) -> Self {
        Self {
            grace,
            watches: Vec::new(),
        }
    }

    /// Detaches a turn once it has been quiet for the grace period, counted from now at the
    /// earliest. A turn that is already watched for this is not given more time. A turn that may have
    /// joined an interrupted turn ends even if there is no grace period, because its input may be lost.
    pub(crate) fn watch_end(&mut self, log: &Arc<TurnLog>, reason: DetachReason, now: Instant) {
        let mut watches = self.watches.iter();
        let is_watched = watches.any(|watch| watch.is_of(log) && watch.action.is_detach());
        let interrupted = log.follows_interrupt().then_some(INTERRUPT_GRACE);
        if let Some(grace) = self.grace.or(interrupted)
            && !is_watched
        {
            self.push(log, QuietAction::Detach(reason), grace, now);
        }
    }

    /// Interrupts a turn once it has been quiet for `idle_timeout`, counted from now at the
    /// earliest. Replaces an earlier idle timeout.
    pub(crate) fn watch_silence(
        &mut self,
        log: &Arc<TurnLog>,
        idle_timeout: Duration,
        now: Instant,
    ) {
        self.watches
            .retain(|watch| !watch.is_of(log) || watch.action.is_detach());
        self.push(log, QuietAction::Interrupt(idle_timeout), idle_timeout, now);
    }

    /// Abandons an interrupted turn after `grace`.
    pub(crate) fn watch_interrupted(
        &mut self,
        log: &Arc<TurnLog>,
        idle_timeout: Duration,
        grace: Duration,
        now: Instant,
    ) {
        self.push(log, QuietAction::Abandon(idle_timeout), grace, now);
    }

    /// Limits the silence of the turns again that were to be abandoned, but have turned out not to
    /// be those that were interrupted.
    pub(crate) fn resume(&mut self, now: Instant) {
        for watch in &mut self.watches {
            if let QuietAction::Abandon(idle_timeout) = watch.action
                && watch.log.upgrade().is_some_and(|log| !log.is_interrupted())
            {
                watch.action = QuietAction::Interrupt(idle_timeout);
                (watch.begun, watch.limit) = (now, idle_timeout);
                watch.due = now.checked_add(idle_timeout).unwrap_or(watch.due);
            }
        }
    }

    fn push(&mut self, log: &Arc<TurnLog>, action: QuietAction, limit: Duration, now: Instant) {
        // A limit that is too long for the clock never ends.
        if let Some(due) = now.checked_add(limit) {
            self.watches.push(Watch {
                log: Arc::downgrade(log),
                action,
                begun: now,
                limit,
                due,
            });
        }
    }

    /// Stops watching a turn that has ended.
    pub(crate) fn forget(&mut self, log: &Arc<TurnLog>) {
        self.watches.retain(|watch| !watch.is_of(log));
    }

    /// No longer detaches the turns of a thread for this reason.
    pub(crate) fn cancel(&mut self, thread_id: &str, reason: DetachReason) {
        self.watches.retain(|watch| {
            let log = watch.log.upgrade();
            log.is_some_and(|log| {
                watch.action != QuietAction::Detach(reason) || log.thread_id() != thread_id
            })
        });
    }

    /// Whether any turn is interrupted for silence.
    pub(crate) fn limits_silence(&self) -> bool {
        let mut watches = self.watches.iter();
        watches.any(|watch| matches!(watch.action, QuietAction::Interrupt(_)))
    }

    /// No longer detaches a turn, because it has started.
    pub(crate) fn cancel_ends(&mut self, log: &Arc<TurnLog>) {
        self.watches
            .retain(|watch| !watch.is_of(log) || !watch.action.is_detach());
    }

    /// Returns the time at which to call [`lapsed`](Self::lapsed).
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.watches.iter().map(|watch| watch.due).min()
    }

    /// Removes and returns the turns whose action is due.
    pub(crate) fn lapsed(&mut self, now: Instant) -> Vec<(Arc<TurnLog>, QuietAction)> {
        self.resume(now);
        let mut lapsed = Vec::new();
        self.watches.retain_mut(|watch| {
            if watch.due > now {
                return true;
            }
            let Some(log) = watch.log.upgrade().filter(|log| log.end().is_none()) else {
                return false;
            };
            let Some(due) = watch.due_after(&log, now) else {
                return false;
            };
            watch.due = due;
            if due <= now {
                lapsed.push((log, watch.action));
            }
            due > now
        });
        lapsed
    }
}

impl Watch {
    fn is_of(&self, log: &Arc<TurnLog>) -> bool {
        std::ptr::eq(self.log.as_ptr(), Arc::as_ptr(log))
    }

    /// Returns the time at which the action is due if no further event is received.
    fn due_after(&self, log: &TurnLog, now: Instant) -> Option<Instant> {
        let activity = log.activity();
        let quiet_since = match self.action {
            QuietAction::Abandon(_) => self.begun,
            // Sub-agents may outlive the turn.
            QuietAction::Detach(_) => activity.own.quiet_since(self.begun, now),
            QuietAction::Interrupt(_) => activity.silent_since(self.begun, now),
        };
        quiet_since.checked_add(self.limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        error::turn_detached::DetachReason::{NextTurnStarted, ThreadInactive},
        routing::activity::Origin,
        rpc::raw_notification::notification,
    };

    const LIMIT: Duration = Duration::from_secs(10);
    const DETACH: QuietAction = QuietAction::Detach(ThreadInactive);
    const INTERRUPT: QuietAction = QuietAction::Interrupt(LIMIT);

    fn after(begun: Instant, seconds: u64) -> Instant {
        begun + Duration::from_secs(seconds)
    }

    fn event(log: &TurnLog, now: Instant) {
        let event = Arc::new(notification(r#"{"method":"item/started"}"#));
        log.push_notification(&event, now, &mut Vec::new());
    }

    fn actions(turns: &mut QuietTurns, now: Instant) -> Vec<QuietAction> {
        let lapsed = turns.lapsed(now);
        lapsed.into_iter().map(|(_, action)| action).collect()
    }

    #[test]
    fn a_quiet_turn_is_due_once_after_its_limit() {
        let (mut turns, begun) = (QuietTurns::new(Some(LIMIT)), Instant::now());
        let log = TurnLog::new("t", "u");
        turns.watch_silence(&log, LIMIT, begun);
        assert_eq!(turns.next_due(), Some(after(begun, 10)));
        assert_eq!(actions(&mut turns, after(begun, 9)), []);
        assert_eq!(actions(&mut turns, after(begun, 10)), [INTERRUPT]);
        assert_eq!(actions(&mut turns, after(begun, 99)), []);
        assert_eq!(turns.next_due(), None);
    }

    #[test]
    fn an_event_postpones_the_action() {
        let (mut turns, begun) = (QuietTurns::new(Some(LIMIT)), Instant::now());
        let log = TurnLog::new("t", "u");
        event(&log, begun - LIMIT);
        turns.watch_end(&log, ThreadInactive, begun);
        event(&log, after(begun, 7));
        assert_eq!(actions(&mut turns, after(begun, 10)), []);
        assert_eq!(turns.next_due(), Some(after(begun, 17)));
        assert_eq!(actions(&mut turns, after(begun, 17)), [DETACH]);
    }

    #[test]
    fn an_open_request_postpones_the_action_until_its_response() {
        let (mut turns, begun) = (QuietTurns::new(Some(LIMIT)), Instant::now());
        let log = TurnLog::new("t", "u");
        turns.watch_silence(&log, LIMIT, begun);
        log.request_opened(Origin::Turn);
        log.request_opened(Origin::SubAgent);
        assert_eq!(actions(&mut turns, after(begun, 10)), []);
        log.request_closed(Origin::Turn, after(begun, 12));
        assert_eq!(actions(&mut turns, after(begun, 20)), []);
        log.request_closed(Origin::SubAgent, after(begun, 23));
        assert_eq!(actions(&mut turns, after(begun, 32)), []);
        assert_eq!(actions(&mut turns, after(begun, 33)), [INTERRUPT]);
    }

    #[test]
    fn the_work_of_a_sub_agent_ends_the_silence_of_a_turn_but_does_not_postpone_its_end() {
        let (mut turns, begun) = (QuietTurns::new(Some(LIMIT)), Instant::now());
        let log = TurnLog::new("t", "u");
        turns.watch_end(&log, ThreadInactive, begun);
        turns.watch_silence(&log, LIMIT, begun);
        log.sub_agent_event(after(begun, 7));
        assert_eq!(actions(&mut turns, after(begun, 10)), [DETACH]);
        assert_eq!(turns.next_due(), Some(after(begun, 17)));
        turns.watch_end(&log, ThreadInactive, after(begun, 10));
        log.request_opened(Origin::SubAgent);
        assert_eq!(actions(&mut turns, after(begun, 20)), [DETACH]);
        log.request_closed(Origin::SubAgent, after(begun, 25));
        assert_eq!(actions(&mut turns, after(begun, 34)), []);
        assert_eq!(actions(&mut turns, after(begun, 35)), [INTERRUPT]);
    }

    #[test]
    fn an_interrupted_turn_is_abandoned_in_spite_of_its_events() {
        let (mut turns, begun) = (QuietTurns::new(Some(LIMIT)), Instant::now());
        let log = TurnLog::new("t", "u");
        log.interrupted_after(LIMIT);
        turns.watch_interrupted(&log, LIMIT, LIMIT, begun);
        event(&log, after(begun, 9));
        let abandoned = actions(&mut turns, after(begun, 10));
        assert_eq!(abandoned, [QuietAction::Abandon(LIMIT)]);
    }

    #[test]
    fn a_turn_that_ends_or_is_dropped_is_not_due() {
        let (mut turns, begun) = (QuietTurns::new(Some(LIMIT)), Instant::now());
        let (ended, forgotten) = (TurnLog::new("t", "u"), TurnLog::new("t", "v"));
        turns.watch_silence(&ended, LIMIT, begun);
        turns.watch_silence(&forgotten, LIMIT, begun);
        turns.watch_silence(&TurnLog::new("t", "w"), LIMIT, begun);
        let completed = Arc::new(notification(r#"{"method":"turn/completed"}"#));
        ended.push_notification(&completed, begun, &mut Vec::new());
        turns.forget(&forgotten);
        assert_eq!(actions(&mut turns, after(begun, 10)), []);
        assert_eq!(turns.next_due(), None);
    }

    #[test]
    fn an_action_is_cancelled_for_one_thread_only() {
        let (mut turns, begun) = (QuietTurns::new(Some(LIMIT)), Instant::now());
        let (one, two) = (TurnLog::new("t", "u"), TurnLog::new("other", "u"));
        for log in [&one, &two] {
            turns.watch_end(log, ThreadInactive, begun);
        }
        turns.watch_silence(&one, LIMIT, begun);
        turns.cancel("t", ThreadInactive);
        assert_eq!(actions(&mut turns, after(begun, 10)), [DETACH, INTERRUPT]);
    }

    #[test]
    fn a_turn_is_given_its_grace_period_only_once() {
        let (mut turns, begun) = (QuietTurns::new(Some(LIMIT)), Instant::now());
        let log = TurnLog::new("t", "u");
        turns.watch_end(&log, NextTurnStarted, begun);
        turns.watch_end(&log, ThreadInactive, after(begun, 6));
        turns.cancel("t", ThreadInactive);
        let detach = QuietAction::Detach(NextTurnStarted);
        assert_eq!(actions(&mut turns, after(begun, 10)), [detach]);
    }

    #[test]
    fn a_limit_that_is_too_long_for_the_clock_never_ends() {
        let (mut turns, begun) = (QuietTurns::new(Some(LIMIT)), Instant::now());
        turns.watch_silence(&TurnLog::new("t", "u"), Duration::MAX, begun);
        assert_eq!(turns.next_due(), None);
    }
}
