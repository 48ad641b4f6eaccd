//! Turns that begin, end and take each other's place, in every order.

use super::*;
use crate::{routing::turn_log::End, rpc::raw_notification::notification};

/// Whether an event of this turn finds a feed.
fn routed(router: &mut Router, turn_id: &str) -> bool {
    router.route("t", turn_id).is_some()
}

fn strays(router: &mut Router) -> Vec<String> {
    let strays = router.take_strays();
    strays.iter().map(|log| log.turn_id().to_owned()).collect()
}

/// An event of a turn, and then its completion.
fn complete(router: &mut Router, turn_id: &str, now: Instant) {
    let completed = notification(r#"{"method":"turn/completed"}"#);
    if let Some(log) = router.route("t", turn_id) {
        log.push_notification(&Arc::new(completed), &mut Vec::new());
    }
    router.end("t", turn_id, now);
}

fn is_complete(log: &TurnLog) -> bool {
    log.record().completed.is_some()
}

/// A reservation and its answer.
fn start(router: &mut Router, turn_id: &str, now: Instant) -> Arc<TurnLog> {
    router.reserve("t");
    let log = router.claim("t", turn_id, now);
    router.release("t");
    log
}

#[test]
fn an_event_before_the_answer_reaches_the_turn_that_the_answer_names() {
    let (mut router, now) = (Router::default(), Instant::now());
    assert!(!routed(&mut router, "u"));
    router.reserve("t");
    let early = Arc::clone(router.route("t", "u").unwrap());
    complete(&mut router, "u", now);
    let claimed = router.claim("t", "u", now);
    assert!(Arc::ptr_eq(&early, &claimed));
    router.release("t");
    // It had ended before it was claimed, so nothing is left of it.
    assert!(router.threads.is_empty() && strays(&mut router).is_empty());
}

#[test]
fn a_turn_that_nobody_claims_is_given_back() {
    let (mut router, now) = (Router::default(), Instant::now());
    router.reserve("t");
    router.reserve("t");
    assert!(routed(&mut router, "theirs"));
    let ours = router.claim("t", "ours", now);
    assert!(routed(&mut router, "ours"));
    router.release("t");
    assert!(strays(&mut router).is_empty());
    router.release("t");
    assert_eq!(strays(&mut router), ["theirs"]);
    assert!(!routed(&mut router, "theirs"));
    assert!(routed(&mut router, "ours"));
    drop(ours);
}

#[test]
fn whoever_pursues_a_goal_gets_each_turn_once_and_none_that_was_over() {
    let (mut router, now) = (Router::default(), Instant::now());
    let running = start(&mut router, "running", now);
    assert!(routed(&mut router, "running"));
    let tracker = GoalTracker::new("t");
    router.pursue(Arc::clone(&tracker));
    complete(&mut router, "running", now);
    complete(&mut router, "next", now);
    assert!(!routed(&mut router, "next"));
    let ours = start(&mut router, "ours", now);
    assert!(routed(&mut router, "ours"));
    assert!(router.route("sub-agent", "other").is_none());
    let turns = tracker.turns();
    let ids: Vec<_> = turns.iter().map(|log| log.turn_id()).collect();
    assert_eq!(ids, ["running", "next", "ours"]);
    assert!(Arc::ptr_eq(&turns[0], &running) && Arc::ptr_eq(&turns[2], &ours));
    assert!(Arc::ptr_eq(&tracker.running().unwrap(), &ours));
    assert!(strays(&mut router).is_empty());
}

#[test]
fn a_pursuit_that_nobody_holds_gets_nothing_and_a_further_one_takes_its_place() {
    let (mut router, now) = (Router::default(), Instant::now());
    router.pursue(GoalTracker::new("t"));
    assert!(!routed(&mut router, "u"));
    let (first, second) = (GoalTracker::new("t"), GoalTracker::new("t"));
    router.pursue(Arc::clone(&first));
    router.pursue(Arc::clone(&second));
    complete(&mut router, "v", now);
    assert_eq!((first.turns().len(), second.turns().len()), (0, 1));
    let mut context = std::task::Context::from_waker(Waker::noop());
    assert!(first.poll_end(&mut context).is_ready());
    assert!(second.poll_end(&mut context).is_pending());
    router.lose("t", DetachReason::ThreadClosed);
    assert!(second.poll_end(&mut context).is_ready());
    assert!(router.threads.is_empty());
}

#[test]
fn the_thread_is_matched_before_the_turn() {
    let (mut router, now) = (Router::default(), Instant::now());
    let log = start(&mut router, "u", now);
    assert!(router.route("sub-agent", "u").is_none());
    assert!(Arc::ptr_eq(router.route("t", "u").unwrap(), &log));
    assert!(!routed(&mut router, "other"));
}

#[test]
fn a_turn_without_handle_or_reader_is_forgotten() {
    let (mut router, now) = (Router::default(), Instant::now());
    drop(start(&mut router, "u", now));
    assert!(!routed(&mut router, "u"));
    assert!(router.threads.is_empty());
}

#[test]
fn a_turn_that_is_joined_twice_has_one_feed() {
    let (mut router, now) = (Router::default(), Instant::now());
    let first = start(&mut router, "u", now);
    let second = start(&mut router, "u", now);
    assert!(Arc::ptr_eq(&first, &second));
}

#[test]
fn a_turn_that_never_shows_ends_with_the_one_that_took_its_input() {
    let (mut router, now) = (Router::default(), Instant::now());
    let phantom = start(&mut router, "phantom", now);
    complete(&mut router, "running", now);
    assert_eq!(router.deadline(), Some(now + PATIENCE));
    let early = router.settle(now, &mut Vec::new());
    assert!(early.is_empty() && !is_complete(&phantom));
    let settled = router.settle(now + PATIENCE, &mut Vec::new());
    assert!(Arc::ptr_eq(&settled[0], &phantom) && is_complete(&phantom));
    // The events were for the handle, so they are not for others.
    assert!(router.threads.is_empty() && strays(&mut router).is_empty());
    assert_eq!(router.deadline(), None);
}

#[test]
fn a_turn_that_was_over_before_the_answer_can_be_the_one_as_well() {
    let (mut router, now) = (Router::default(), Instant::now());
    let running = start(&mut router, "running", now);
    assert!(routed(&mut router, "running"));
    router.reserve("t");
    complete(&mut router, "running", now);
    let phantom = router.claim("t", "phantom", now);
    router.release("t");
    router.settle(now + PATIENCE, &mut Vec::new());
    assert!(is_complete(&running) && is_complete(&phantom));
    assert!(router.threads.is_empty());
}

#[test]
fn a_turn_that_begins_after_another_has_ended_is_its_own() {
    let (mut router, now) = (Router::default(), Instant::now());
    let late = start(&mut router, "late", now);
    complete(&mut router, "other", now);
    assert!(routed(&mut router, "late"));
    assert_eq!(strays(&mut router), ["other"]);
    let settled = router.settle(now + PATIENCE, &mut Vec::new());
    assert!(settled.is_empty() && !is_complete(&late));
    assert!(routed(&mut router, "late"));
}

#[test]
fn the_turns_that_run_in_a_thread_are_lost_with_it() {
    let (mut router, now) = (Router::default(), Instant::now());
    let is_lost = |log: &TurnLog| matches!(log.end(), Some(End::EarlyEnd(_)));
    let (done, running) = (start(&mut router, "d", now), start(&mut router, "u", now));
    complete(&mut router, "d", now);
    router.lose("other", DetachReason::ThreadClosed);
    assert!(!is_lost(&running));
    router.lose("t", DetachReason::ThreadClosed);
    assert!(is_complete(&done) && !is_lost(&done) && is_lost(&running));
    assert!(router.threads.is_empty());
    assert!(!is_lost(&start(&mut router, "next", now)));
}

#[test]
fn a_turn_that_never_shows_holds_nothing_once_its_handle_is_gone() {
    let (mut router, now) = (Router::default(), Instant::now());
    let phantom = start(&mut router, "phantom", now);
    assert!(routed(&mut router, "running"));
    drop(phantom);
    assert!(!routed(&mut router, "running"));
    assert_eq!(strays(&mut router), ["running"]);
    assert!(router.threads.is_empty());
}
