//! Recognizes turns that have ended although the server has not reported their end. Performs no I/O
//! and reads no clock.
//!
//! A turn ends with `turn/completed`. If that never arrives, two notifications show that the turn
//! is over: another turn of the thread starts, or the thread becomes inactive. Neither is the end
//! itself: a server reports that the thread is idle shortly before it completes the turn, and the
//! errors of a turn after the thread is in a system error. The turn is therefore given a grace
//! period, which begins again with each of its events.

use std::time::Duration;

use codex_types::{ThreadStatus, ThreadStatusChangedNotification};
use tokio::time::Instant;

use crate::{
    error::turn_detached::DetachReason::{NextTurnStarted, ThreadInactive},
    routing::{quiet_turns::QuietTurns, turn_routes::TurnRoutes},
    rpc::{
        envelope::RoutingKeys,
        raw_notification::{NotificationKind, RawNotification},
    },
};

/// Watches the turns of a thread that a notification shows to be over, or no longer watches those
/// that it shows to be running. `keys` are those of the notification.
pub(crate) fn update(
    quiet_turns: &mut QuietTurns,
    routes: &TurnRoutes,
    grace: Option<Duration>,
    notification: &RawNotification,
    keys: &RoutingKeys<'_>,
    now: Instant,
) {
    let (Some(grace), Some(thread_id)) = (grace, keys.thread_id.as_deref()) else {
        return;
    };
    match (notification.kind(), keys.turn_id.as_deref()) {
        (NotificationKind::TurnStarted, Some(turn_id)) => {
            quiet_turns.cancel(thread_id, ThreadInactive);
            // The events of a review name the root of the turn that the review runs under.
            let own = [Some(turn_id), keys.root_turn_id.as_deref()];
            for log in routes.running(Some(thread_id)) {
                // A turn that has not begun may follow the one that has started.
                if log.has_begun() && !own.contains(&Some(log.turn_id())) {
                    quiet_turns.watch_end(&log, NextTurnStarted, grace, now);
                }
            }
        }
        (NotificationKind::ThreadStatusChanged, _) => match status(notification) {
            Some(ThreadStatus::Active(_)) => quiet_turns.cancel(thread_id, ThreadInactive),
            Some(ThreadStatus::Idle | ThreadStatus::NotLoaded | ThreadStatus::SystemError) => {
                for log in routes.running(Some(thread_id)) {
                    quiet_turns.watch_end(&log, ThreadInactive, grace, now);
                }
            }
            _ => {}
        },
        _ => {}
    }
}

fn status(notification: &RawNotification) -> Option<ThreadStatus> {
    let changed: ThreadStatusChangedNotification =
        notification.decode_params_around(&mut Vec::new()).ok()?;
    Some(changed.status)
}
