//! Tests of routes whose turns start and end in various orders.

use tokio::time::Instant;

use super::*;
use crate::{
    routing::turn_log::TurnEnd,
    rpc::raw_notification::{RawNotification, notification},
};

/// Whether an event of this turn is routed to a log.
fn routed(routes: &mut TurnRoutes, turn_id: &str) -> bool {
    routes.route("t", turn_id).is_some()
}

fn unclaimed(routes: &mut TurnRoutes) -> Vec<String> {
    let unclaimed = routes.take_unclaimed();
    unclaimed
        .iter()
        .map(|log| log.turn_id().to_owned())
        .collect()
}

/// Routes the completion of a turn.
fn complete(routes: &mut TurnRoutes, turn_id: &str) {
    let completed: RawNotification = notification(r#"{"method":"turn/completed"}"#);
    if let Some(log) = routes.route("t", turn_id) {
        log.push_notification(&Arc::new(completed), Instant::now(), &mut Vec::new());
        routes.end(&log);
    }
}

fn is_complete(log: &TurnLog) -> bool {
    matches!(log.end(), Some(TurnEnd::Completed))
}

/// Starts a turn: reserves it and claims its response.
fn start(routes: &mut TurnRoutes, turn_id: &str) -> Arc<TurnLog> {
    routes.reserve("t");
    let log = routes.claim("t", turn_id);
    routes.release("t");
    log
}

#[test]
fn an_event_before_the_response_reaches_the_turn_that_the_response_names() {
    let mut routes = TurnRoutes::default();
    assert!(!routed(&mut routes, "u"));
    routes.reserve("t");
    let early = routes.route("t", "u").unwrap();
    complete(&mut routes, "u");
    let claimed = routes.claim("t", "u");
    assert!(Arc::ptr_eq(&early, &claimed));
    routes.release("t");
    // The turn ended before it was claimed, so no route is left.
    assert!(routes.threads.is_empty() && unclaimed(&mut routes).is_empty());
}

#[test]
fn an_event_after_the_end_of_a_turn_does_not_reach_its_log() {
    let mut routes = TurnRoutes::default();
    let log = start(&mut routes, "u");
    // The thread is reserved for another turn, so its routes are kept.
    routes.reserve("t");
    complete(&mut routes, "u");
    assert!(is_complete(&log));
    assert!(!routed(&mut routes, "u"));
    // A response may still name the turn.
    assert!(is_complete(&routes.claim("t", "u")));
    routes.release("t");
    assert!(!routed(&mut routes, "u") && routes.threads.is_empty());
}

#[test]
fn an_unclaimed_turn_is_returned_after_the_last_reservation() {
    let mut routes = TurnRoutes::default();
    routes.reserve("t");
    routes.reserve("t");
    assert!(routed(&mut routes, "other"));
    let own = routes.claim("t", "own");
    assert!(routed(&mut routes, "own"));
    routes.release("t");
    assert!(unclaimed(&mut routes).is_empty());
    routes.release("t");
    assert_eq!(unclaimed(&mut routes), ["other"]);
    assert!(!routed(&mut routes, "other"));
    assert!(routed(&mut routes, "own"));
    drop(own);
}

#[test]
fn a_goal_gets_each_turn_once_and_no_earlier_turn() {
    let mut routes = TurnRoutes::default();
    let running = start(&mut routes, "running");
    assert!(routed(&mut routes, "running"));
    let tracker = GoalTracker::new("t");
    routes.follow_goal(&tracker);
    complete(&mut routes, "running");
    complete(&mut routes, "next");
    assert!(!routed(&mut routes, "next"));
    let own = start(&mut routes, "own");
    assert!(routed(&mut routes, "own"));
    assert!(routes.route("sub-agent", "other").is_none());
    let turns = tracker.turns();
    let ids: Vec<_> = turns.iter().map(|log| log.turn_id()).collect();
    assert_eq!(ids, ["running", "next", "own"]);
    assert!(Arc::ptr_eq(&turns[0], &running) && Arc::ptr_eq(&turns[2], &own));
    assert!(Arc::ptr_eq(&tracker.running().unwrap(), &own));
    assert!(unclaimed(&mut routes).is_empty());
}

#[test]
fn a_dropped_goal_gets_no_turns_and_a_second_goal_supersedes_the_first() {
    let mut routes = TurnRoutes::default();
    routes.follow_goal(&GoalTracker::new("t"));
    assert!(!routed(&mut routes, "u"));
    let (first, second) = (GoalTracker::new("t"), GoalTracker::new("t"));
    routes.follow_goal(&first);
    routes.follow_goal(&second);
    complete(&mut routes, "v");
    assert_eq!((first.turns().len(), second.turns().len()), (0, 1));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(first.poll_end(&mut context).is_ready());
    assert!(second.poll_end(&mut context).is_pending());
    routes.detach("t", DetachReason::ThreadClosed);
    assert!(second.poll_end(&mut context).is_ready());
    assert!(routes.threads.is_empty());
}

#[test]
fn the_thread_is_matched_before_the_turn() {
    let mut routes = TurnRoutes::default();
    let log = start(&mut routes, "u");
    assert!(routes.route("sub-agent", "u").is_none());
    assert!(Arc::ptr_eq(&routes.route("t", "u").unwrap(), &log));
    assert!(!routed(&mut routes, "other"));
}

#[test]
fn the_route_of_a_turn_without_a_handle_or_reader_is_removed() {
    let mut routes = TurnRoutes::default();
    drop(start(&mut routes, "u"));
    assert!(!routed(&mut routes, "u"));
    assert!(routes.threads.is_empty());
}

#[test]
fn two_responses_that_name_the_same_turn_claim_the_same_log() {
    let mut routes = TurnRoutes::default();
    let first = start(&mut routes, "u");
    let second = start(&mut routes, "u");
    assert!(Arc::ptr_eq(&first, &second));
}

#[test]
fn the_running_turns_of_a_thread_are_detached_with_it() {
    let mut routes = TurnRoutes::default();
    let is_detached = |log: &TurnLog| matches!(log.end(), Some(TurnEnd::Early(_)));
    let (done, running) = (start(&mut routes, "d"), start(&mut routes, "u"));
    complete(&mut routes, "d");
    routes.detach("other", DetachReason::ThreadClosed);
    assert!(!is_detached(&running));
    routes.detach("t", DetachReason::ThreadClosed);
    assert!(is_complete(&done) && !is_detached(&done) && is_detached(&running));
    assert!(routes.threads.is_empty());
    assert!(!is_detached(&start(&mut routes, "next")));
}

#[test]
fn the_oldest_of_too_many_unclaimed_turns_are_released() {
    let mut routes = TurnRoutes::default();
    routes.reserve("t");
    for number in 0..MAX_UNCLAIMED + 2 {
        assert!(routed(&mut routes, &number.to_string()));
    }
    assert_eq!(unclaimed(&mut routes), ["0", "1"]);
    let last = (MAX_UNCLAIMED + 1).to_string();
    assert_eq!(routes.claim("t", &last).turn_id(), last);
    routes.release("t");
    assert_eq!(unclaimed(&mut routes).len(), MAX_UNCLAIMED - 1);
}
