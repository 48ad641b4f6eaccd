//! Turns and goals that have been quiet for too long.

use std::{sync::Arc, time::Duration};

use codex_types::{Request, ThreadGoalSetParams, ThreadGoalStatus, TurnInterruptParams};
use tokio::time::Instant;

use crate::{
    connection::{
        command::{OutgoingRequest, ResponseSink},
        core::Core,
    },
    error::turn_detached::DetachReason,
    routing::{
        goal_tracker::GoalTracker,
        quiet_goals::GoalAction,
        quiet_turns::QuietAction,
        turn_log::{EarlyEnd, INTERRUPT_GRACE, TurnLog},
        unreported_ends,
    },
    rpc::{envelope::RoutingKeys, raw_notification::RawNotification},
};

impl Core {
    /// Schedules the next check of the quiet turns and goals.
    pub(super) fn schedule_quiet_turns(&mut self) {
        self.schedule(self.quiet_turns.next_due());
        self.schedule(self.quiet_goals.next_due());
    }

    /// Watches the turns that a notification shows to be over, and a goal without a turn.
    pub(super) fn update_quiet_turns(
        &mut self,
        notification: &RawNotification,
        keys: &RoutingKeys<'_>,
        now: Instant,
    ) {
        unreported_ends::update(
            &mut self.quiet_turns,
            &mut self.turn_routes,
            notification,
            keys,
            now,
        );
        self.quiet_turns.resume(now);
        if let Some(thread_id) = keys.thread_id.as_deref() {
            self.update_quiet_goal(thread_id, now);
        }
    }

    /// Watches the goal of a thread if no turn is expected to follow, from now on.
    pub(super) fn update_quiet_goal(&mut self, thread_id: &str, now: Instant) {
        unreported_ends::update_goal(&mut self.quiet_goals, &self.turn_routes, thread_id, now);
        self.schedule_quiet_turns();
    }

    /// Watches a turn that a response has named if its thread is inactive. Ends it if the server
    /// waits for a usage limit.
    pub(super) fn watch_claimed(&mut self, log: &Arc<TurnLog>, now: Instant) {
        self.end_at_usage_limit(log, now);
        unreported_ends::claimed(&mut self.quiet_turns, &self.turn_routes, log, now);
        self.update_quiet_goal(log.thread_id(), now);
    }

    /// Watches the turns whose response came while a turn was running that has ended without their
    /// input.
    pub(super) fn watch_left_behind(&mut self, thread_id: &str, now: Instant) {
        let running = self.turn_routes.running(Some(thread_id));
        for log in running.iter().filter(|log| log.may_be_left_behind()) {
            self.quiet_turns
                .watch_end(log, DetachReason::ThreadInactive, now);
        }
        self.quiet_turns.resume(now);
    }

    /// Ends or interrupts the turns and goals that have been quiet for too long.
    pub(super) fn end_quiet_turns(&mut self, now: Instant) {
        for (log, action) in self.quiet_turns.lapsed(now) {
            match action {
                QuietAction::Detach(_) if log.end_interrupted(now) => self.turn_routes.end(&log),
                QuietAction::Detach(reason) => self.detach_turn(&log, reason),
                QuietAction::Interrupt(idle_timeout) => {
                    self.interrupt_silent(&log, idle_timeout, now);
                }
                QuietAction::Abandon(idle_timeout) => {
                    log.end_silent(idle_timeout);
                    self.turn_routes.end(&log);
                    self.active_turns.end(log.thread_id(), Some(log.turn_id()));
                }
            }
            // The goal of the turn may get no further turn.
            self.update_quiet_goal(log.thread_id(), now);
        }
        for (goal, action) in self.quiet_goals.lapsed(now) {
            match action {
                GoalAction::Detach => {
                    goal.end_early(EarlyEnd::Detached(DetachReason::ThreadInactive));
                }
                GoalAction::Stop(idle_timeout) => {
                    match goal.running() {
                        Some(log) => self.interrupt_silent(&log, idle_timeout, now),
                        None => self.pause(&goal, now),
                    }
                    goal.end_silent(idle_timeout);
                }
            }
        }
        self.deliver_unclaimed();
        self.schedule_quiet_turns();
    }

    /// Ends the log of a turn whose end the server does not report. No input joins the turn.
    pub(super) fn detach_turn(&mut self, log: &Arc<TurnLog>, reason: DetachReason) {
        self.turn_routes.detach_turn(log, reason);
        self.active_turns.end(log.thread_id(), Some(log.turn_id()));
    }

    /// Interrupts a turn that has exceeded this idle timeout, unless it was interrupted with the
    /// turn that it has joined.
    fn interrupt_silent(&mut self, log: &Arc<TurnLog>, idle_timeout: Duration, now: Instant) {
        if log.interrupted_after(idle_timeout) {
            self.interrupt(log.thread_id(), log.turn_id(), INTERRUPT_GRACE, now);
            // The server refuses to interrupt a turn that has not begun.
            if !self.has_begun(log) {
                self.interrupt_own(log, now);
            }
        }
        self.quiet_turns
            .watch_interrupted(log, idle_timeout, INTERRUPT_GRACE, now);
    }

    /// Interrupts a turn of this client for which the server waits until a usage limit is reset,
    /// and ends its log.
    pub(super) fn end_at_usage_limit(&mut self, log: &Arc<TurnLog>, now: Instant) {
        if !log.waits_for_usage_limit()
            || !self
                .turn_routes
                .is_claimed(log.thread_id(), log.response_id())
        {
            return;
        }
        self.interrupt(log.thread_id(), log.turn_id(), INTERRUPT_GRACE, now);
        log.end_failed();
        self.quiet_turns.forget(log);
        self.turn_routes.end(log);
        self.active_turns.end(log.thread_id(), Some(log.turn_id()));
        self.update_quiet_goal(log.thread_id(), now);
    }

    /// Interrupts a turn without waiting for the response.
    pub(super) fn interrupt(
        &mut self,
        thread_id: &str,
        turn_id: &str,
        timeout: Duration,
        now: Instant,
    ) {
        let turn_id = self.active_turns.running_id(thread_id, turn_id);
        let params = TurnInterruptParams::new(thread_id, turn_id);
        self.send_and_forget(&params, timeout, now);
    }

    /// Pauses a goal, so that the server starts no further turn of it.
    fn pause(&mut self, goal: &GoalTracker, now: Instant) {
        let params = ThreadGoalSetParams::new(goal.thread_id()).status(ThreadGoalStatus::Paused);
        self.send_and_forget(&params, INTERRUPT_GRACE, now);
    }

    /// Sends a request without waiting for the response.
    fn send_and_forget<R: Request>(&mut self, params: &R, timeout: Duration, now: Instant) {
        let request = OutgoingRequest {
            method: R::METHOD,
            // Params of ids and names can always be encoded.
            params: Some(serde_json::to_vec(params).unwrap_or_default()),
            timeout: Some(timeout),
            is_urgent: false,
            on_response: None,
            sink: ResponseSink::Discard,
        };
        self.enqueue(request, now);
    }
}
