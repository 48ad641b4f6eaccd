//! Recognizes turns that have ended although the server has not reported their end. Performs no I/O
//! and reads no clock.
//!
//! A turn ends with `turn/completed`. If that never arrives, two notifications show that the turn
//! is over: another turn of the thread starts, or the thread becomes inactive. Neither is the end
//! itself: a server reports that the thread is idle shortly before it completes the turn, and the
//! errors of a turn after the thread is in a system error. The turn is therefore given a grace
//! period, which begins again with each of its events.
//!
//! The status of the thread may arrive before the response that names the turn, and a goal that is
//! active may get no further turn. Both are therefore checked against the last status as well.

use std::sync::Arc;

use codex_types::{ThreadStatus, ThreadStatusChangedNotification};
use tokio::time::Instant;

use crate::{
    error::turn_detached::DetachReason::{NextTurnStarted, ThreadInactive},
    routing::{
        quiet_goals::QuietGoals, quiet_turns::QuietTurns, turn_log::TurnLog,
        turn_routes::TurnRoutes,
    },
    rpc::{
        envelope::RoutingKeys,
        raw_notification::{NotificationKind, RawNotification},
    },
};

/// Watches the turns of a thread that a notification shows to be over, or no longer watches those
/// that it shows to be running. `keys` are those of the notification.
pub(crate) fn update(
    quiet_turns: &mut QuietTurns,
    routes: &mut TurnRoutes,
    notification: &RawNotification,
    keys: &RoutingKeys<'_>,
    now: Instant,
) {
    let Some(thread_id) = keys.thread_id.as_deref() else {
        return;
    };
    match (notification.kind(), keys.turn_id.as_deref()) {
        (NotificationKind::TurnStarted, Some(turn_id)) => {
            quiet_turns.cancel(thread_id, ThreadInactive);
            if routes.is_active(thread_id) == Some(false) {
                routes.set_active(thread_id, None);
            }
            // The events of a review name the root of the turn that the review runs under.
            let root_id = keys.root_turn_id.as_deref();
            let own = [Some(turn_id), root_id];
            for log in routes.running(Some(thread_id)) {
                if log.turn_id() == turn_id {
                    quiet_turns.cancel_ends(&log);
                }
                // A turn that has not begun may follow the one that has started. Older servers do
                // not name the root, so a turn that has not started itself may be a review.
                let may_follow = !log.has_begun() || (root_id.is_none() && !log.has_started());
                if !may_follow && !own.contains(&Some(log.turn_id())) {
                    quiet_turns.watch_end(&log, NextTurnStarted, now);
                }
            }
        }
        (NotificationKind::ThreadStatusChanged, _) => match status(notification) {
            Some(ThreadStatus::Active(_)) => {
                routes.set_active(thread_id, Some(true));
                quiet_turns.cancel(thread_id, ThreadInactive);
            }
            Some(ThreadStatus::Idle | ThreadStatus::NotLoaded | ThreadStatus::SystemError) => {
                routes.set_active(thread_id, Some(false));
                for log in routes.running(Some(thread_id)) {
                    quiet_turns.watch_end(&log, ThreadInactive, now);
                }
            }
            _ => routes.set_active(thread_id, None),
        },
        _ => {}
    }
}

/// Watches a turn that a response has named, if its thread is inactive as last reported.
pub(crate) fn claimed(
    quiet_turns: &mut QuietTurns,
    routes: &TurnRoutes,
    log: &Arc<TurnLog>,
    now: Instant,
) {
    if log.end().is_none() && routes.is_active(log.thread_id()) == Some(false) {
        quiet_turns.watch_end(log, ThreadInactive, now);
    }
}

/// Watches the end of the goal of a thread from now on, if turns may follow, but its thread is
/// inactive and has no turn. Otherwise, no longer watches it.
pub(crate) fn update_goal(
    quiet_goals: &mut QuietGoals,
    routes: &TurnRoutes,
    thread_id: &str,
    now: Instant,
) {
    quiet_goals.cancel_end(thread_id);
    let Some(goal) = routes.goal(thread_id) else {
        return;
    };
    quiet_goals.resume(&goal, now);
    if goal.awaits_turn()
        && routes.is_active(thread_id) == Some(false)
        && routes.running(Some(thread_id)).is_empty()
    {
        quiet_goals.watch_end(&goal, now);
    }
}

fn status(notification: &RawNotification) -> Option<ThreadStatus> {
    let changed: ThreadStatusChangedNotification =
        notification.decode_params_around(&mut Vec::new()).ok()?;
    Some(changed.status)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::{
        routing::{quiet_turns::QuietAction, turn_log::TurnLog},
        rpc::raw_notification::received,
    };

    const GRACE: Duration = Duration::from_secs(5);

    /// The routes of the thread `t`, its quiet turns, and a clock that starts at 0.
    struct Thread {
        routes: TurnRoutes,
        quiet_turns: QuietTurns,
        begun: Instant,
    }

    impl Thread {
        fn new() -> Self {
            Self::with_grace(Some(GRACE))
        }

        fn with_grace(grace: Option<Duration>) -> Self {
            Self {
                routes: TurnRoutes::default(),
                quiet_turns: QuietTurns::new(grace),
                begun: Instant::now(),
            }
        }

        fn at(&self, second: u64) -> Instant {
            self.begun + Duration::from_secs(second)
        }

        /// Starts a turn of this client.
        fn start(&mut self, turn_id: &str) -> Arc<TurnLog> {
            self.routes.claim("t", turn_id)
        }

        /// Receives a notification at this second.
        fn receive(&mut self, second: u64, method: &str, params: &serde_json::Value) {
            let message = json!({"method": method, "params": params}).to_string();
            let (notification, keys) = received(&message);
            let now = self.at(second);
            update(
                &mut self.quiet_turns,
                &mut self.routes,
                &notification,
                &keys,
                now,
            );
            if let (Some(thread_id), Some(turn_id)) = (&keys.thread_id, &keys.turn_id)
                && let Some(log) = self.routes.route(thread_id, turn_id)
            {
                log.push_notification(&Arc::new(notification), now, &mut Vec::new());
            }
        }

        fn started(&mut self, second: u64, turn_id: &str) {
            let params = json!({"threadId": "t", "turn": {"id": turn_id, "rootTurnId": turn_id}});
            self.receive(second, "turn/started", &params);
        }

        fn completed(&mut self, second: u64, turn_id: &str) {
            let params = json!({"threadId": "t", "turn": {"id": turn_id, "status": "completed"}});
            self.receive(second, "turn/completed", &params);
        }

        fn item(&mut self, second: u64, turn_id: &str) {
            let params = json!({"threadId": "t", "turnId": turn_id});
            self.receive(second, "item/started", &params);
        }

        fn status(&mut self, second: u64, status: &str) {
            let params = json!({"threadId": "t", "status": {"type": status}});
            self.receive(second, "thread/status/changed", &params);
        }

        /// Returns the turns that are detached by this second.
        fn detached(&mut self, second: u64) -> Vec<(String, QuietAction)> {
            let lapsed = self.quiet_turns.lapsed(self.at(second)).into_iter();
            lapsed
                .map(|(log, action)| (log.turn_id().to_owned(), action))
                .collect()
        }
    }

    fn inactive(turn_id: &str) -> (String, QuietAction) {
        (turn_id.to_owned(), QuietAction::Detach(ThreadInactive))
    }

    fn superseded(turn_id: &str) -> (String, QuietAction) {
        (turn_id.to_owned(), QuietAction::Detach(NextTurnStarted))
    }

    #[test]
    fn a_turn_of_an_inactive_thread_is_detached_after_the_grace_period() {
        for status in ["idle", "systemError", "notLoaded"] {
            let mut thread = Thread::new();
            let _log = thread.start("u");
            thread.started(0, "u");
            thread.status(60, status);
            assert_eq!(thread.detached(64), [], "{status}");
            assert_eq!(thread.detached(65), [inactive("u")], "{status}");
        }
    }

    #[test]
    fn an_unknown_status_shows_nothing() {
        let mut thread = Thread::new();
        let _log = thread.start("u");
        thread.started(0, "u");
        thread.status(1, "dreaming");
        assert_eq!(thread.detached(99), []);
    }

    #[test]
    fn a_turn_that_ends_within_the_grace_period_is_not_detached() {
        let mut thread = Thread::new();
        let _log = thread.start("u");
        thread.started(0, "u");
        thread.status(1, "idle");
        thread.completed(5, "u");
        assert_eq!(thread.detached(99), []);
    }

    #[test]
    fn the_grace_period_begins_again_with_each_event() {
        let mut thread = Thread::new();
        let _log = thread.start("u");
        thread.started(0, "u");
        thread.status(1, "systemError");
        let error = json!({"threadId": "t", "turnId": "u", "willRetry": false, "error": {}});
        thread.receive(4, "error", &error);
        assert_eq!(thread.detached(8), []);
        assert_eq!(thread.detached(9), [inactive("u")]);
    }

    #[test]
    fn a_thread_that_is_active_again_keeps_its_turn() {
        let mut thread = Thread::new();
        let _log = thread.start("u");
        thread.started(0, "u");
        thread.status(1, "idle");
        thread.status(2, "active");
        assert_eq!(thread.detached(99), []);
        thread.status(100, "idle");
        thread.started(101, "u");
        assert_eq!(thread.detached(199), []);
    }

    #[test]
    fn a_turn_is_detached_after_another_one_has_started() {
        let mut thread = Thread::new();
        let _logs = (thread.start("u"), thread.start("v"));
        thread.started(0, "u");
        thread.started(10, "v");
        assert_eq!(thread.detached(14), []);
        assert_eq!(thread.detached(15), [superseded("u")]);
    }

    #[test]
    fn a_turn_that_completes_after_the_next_one_has_started_is_not_detached() {
        let mut thread = Thread::new();
        let _logs = (thread.start("u"), thread.start("v"));
        thread.started(0, "u");
        thread.started(10, "v");
        thread.completed(11, "u");
        assert_eq!(thread.detached(99), []);
    }

    #[test]
    fn further_turns_do_not_prolong_the_grace_period() {
        let mut thread = Thread::new();
        let _log = thread.start("u");
        thread.started(0, "u");
        for (second, turn_id) in (1..).zip(["a", "b", "c", "d"]) {
            thread.status(second, "active");
            thread.started(second, turn_id);
            thread.completed(second, turn_id);
            thread.status(second, "idle");
        }
        assert_eq!(thread.detached(5), []);
        assert_eq!(thread.detached(6), [superseded("u")]);
    }

    #[test]
    fn a_turn_that_has_not_begun_may_follow_the_one_that_starts() {
        let mut thread = Thread::new();
        let _log = thread.start("u");
        thread.started(0, "compaction");
        assert_eq!(thread.detached(99), []);
        // It does not follow if the thread remains idle.
        thread.status(100, "idle");
        assert_eq!(thread.detached(105), [inactive("u")]);
    }

    #[test]
    fn the_inner_turn_of_a_review_is_the_review_itself() {
        let mut thread = Thread::new();
        let _log = thread.start("review");
        thread.item(0, "review");
        let turn = json!({"id": "inner", "rootTurnId": "review"});
        thread.receive(1, "turn/started", &json!({"threadId": "t", "turn": turn}));
        assert_eq!(thread.detached(99), []);
    }

    #[test]
    fn the_inner_turn_of_a_review_on_a_server_that_names_no_root_is_the_review_itself() {
        let mut thread = Thread::new();
        let _log = thread.start("review");
        thread.item(0, "review");
        let started = |turn_id: &str| json!({"threadId": "t", "turn": {"id": turn_id}});
        thread.receive(1, "turn/started", &started("inner"));
        assert_eq!(thread.detached(99), []);
        thread.status(100, "idle");
        assert_eq!(thread.detached(105), [inactive("review")]);

        let _log = thread.start("u");
        thread.receive(200, "turn/started", &started("u"));
        thread.receive(201, "turn/started", &started("v"));
        assert_eq!(thread.detached(206), [superseded("u")]);
    }

    #[test]
    fn turns_of_other_threads_show_nothing() {
        let mut thread = Thread::new();
        let _log = thread.start("u");
        thread.started(0, "u");
        let turn = json!({"id": "v", "rootTurnId": "u"});
        thread.receive(
            1,
            "turn/started",
            &json!({"threadId": "agent", "turn": turn}),
        );
        let idle = json!({"threadId": "agent", "status": {"type": "idle"}});
        thread.receive(2, "thread/status/changed", &idle);
        assert_eq!(thread.detached(99), []);
    }

    #[test]
    fn without_a_grace_period_no_turn_is_detached() {
        let mut thread = Thread::with_grace(None);
        let _log = thread.start("u");
        thread.started(0, "u");
        thread.status(1, "idle");
        thread.started(2, "v");
        assert_eq!(thread.detached(99), []);
    }
}
