//! Tests of turns that join a running turn under an id of their own.

use std::time::Duration;

use codex_types::TurnStatus;
use tokio::time::Instant;

use super::*;
use crate::{
    routing::{
        activity::Origin,
        delta_queue::Event,
        quiet_turns::QuietTurns,
        turn_inputs::InputId,
        turn_log::{TurnEnd, TurnReader},
    },
    rpc::{
        delta::{DeltaKind, DeltaRef},
        raw_notification::notification,
        user_message::{InputRequest, content},
    },
};

/// The routes of the thread `t`, in which the turn `u` with the input `one` is running when the
/// response to a `turn/start` with the input `two` names the turn `x`.
struct Joined {
    routes: TurnRoutes,
    running: Arc<TurnLog>,
    log: Arc<TurnLog>,
}

impl Joined {
    fn new() -> Self {
        let mut routes = TurnRoutes::default();
        let running = start(&mut routes, "one", "u");
        push(&mut routes, "u", "turn/started", "");
        push(&mut routes, "u", "item/completed", MESSAGE);
        let log = start(&mut routes, "two", "x");
        Self {
            routes,
            running,
            log,
        }
    }

    fn push(&mut self, turn_id: &str, method: &str, more: &str) {
        push(&mut self.routes, turn_id, method, more);
    }

    fn complete(&mut self, turn_id: &str, status: &str) {
        let more = format!(r#","turn":{{"id":"{turn_id}","status":"{status}"}}"#);
        self.push(turn_id, "turn/completed", &more);
    }

    fn status(&self) -> Option<TurnStatus> {
        let end = self.log.end()?;
        Some(self.log.result(end).unwrap().status)
    }
}

const MESSAGE: &str = r#","item":{"type":"agentMessage","id":"m","text":"half"}"#;

fn user_message(text: &str) -> String {
    let content = format!(r#"[{{"type":"text","text":"{text}"}}]"#);
    format!(r#","item":{{"type":"userMessage","id":"n","content":{content}}}"#)
}

/// Sends an input, as the connection does.
fn send(routes: &mut TurnRoutes, text: &str, steered_turn: Option<&str>) -> InputId {
    let request = InputRequest {
        thread_id: "t".to_owned(),
        content: content(text),
        steered_turn: steered_turn.map(ToOwned::to_owned),
    };
    routes.input_sent(request).unwrap()
}

/// Starts a turn with this input, whose response names this turn. The running turn is `u`.
fn start(routes: &mut TurnRoutes, text: &str, turn_id: &str) -> Arc<TurnLog> {
    routes.reserve("t");
    let input = send(routes, text, None);
    let log = match turn_id {
        "u" => routes.claim("t", "u"),
        _ => routes.claim_joining("t", turn_id, "u"),
    };
    routes.release("t");
    routes.input_accepted(&input, Some(&log));
    log
}

/// Routes a notification as the connection does.
fn push(routes: &mut TurnRoutes, turn_id: &str, method: &str, more: &str) {
    let params = format!(r#"{{"threadId":"t","turnId":"{turn_id}"{more}}}"#);
    let text = format!(r#"{{"method":"{method}","params":{params}}}"#);
    if let Some(log) = routes.route("t", turn_id) {
        let notification = Arc::new(notification(&text));
        match method {
            "item/completed" => routes.item_completed("t", turn_id, &notification),
            "turn/completed" => routes.settle_joins(&log),
            _ => {}
        }
        log.push_notification(&notification, Instant::now(), &mut Vec::new());
        if method == "turn/completed" {
            routes.end(&log);
        }
    }
}

/// Returns the methods of the unread notifications, and the turn and text of the unread deltas.
fn read(reader: &mut TurnReader) -> Vec<String> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let mut events = Vec::new();
    while let std::task::Poll::Ready(Ok(event)) = reader.poll(&mut context) {
        events.push(match event {
            Event::Notification(notification) => notification.method().to_owned(),
            Event::Delta(delta) => format!("{:?} {}", delta.turn_id.as_deref(), delta.text),
            Event::Unreadable(error) => error.reason.clone(),
        });
    }
    events
}

#[test]
fn a_joined_turn_has_the_id_the_events_and_the_result_of_the_running_one() {
    let mut joined = Joined::new();
    let mut reader = joined.log.reader();
    assert_eq!(read(&mut reader), ["turn/started", "item/completed"]);
    let delta = DeltaRef {
        kind: DeltaKind::AgentMessage,
        turn_id: None,
        item_id: "i",
        index: 0,
        text: "a",
        emitted_at_ms: None,
    };
    joined
        .running
        .push_delta(&delta, Instant::now(), &mut Vec::new());
    joined.push("u", "item/completed", &user_message("two"));
    joined.complete("u", "completed");
    let expected = [r#"Some("u") a"#, "item/completed", "turn/completed"];
    assert_eq!(read(&mut reader), expected);
    assert_eq!(joined.log.turn_id(), "u");
    assert_eq!(joined.status(), Some(TurnStatus::Completed));
    assert_eq!(joined.log.partial(), joined.running.partial());
    assert!(joined.routes.threads.is_empty());
}

#[test]
fn a_turn_that_begins_after_the_running_one_has_ended_is_its_own() {
    let mut joined = Joined::new();
    joined.complete("u", "completed");
    assert_eq!((joined.log.turn_id(), joined.status()), ("x", None));
    assert!(joined.log.partial().items.is_empty() && !joined.log.has_begun());
    joined.push("x", "turn/started", "");
    joined.complete("x", "interrupted");
    assert_eq!(joined.status(), Some(TurnStatus::Interrupted));
    assert_eq!(
        read(&mut joined.log.reader()),
        ["turn/started", "turn/completed"]
    );
    assert_eq!(joined.running.partial().status, TurnStatus::Completed);
}

#[test]
fn an_event_of_its_own_separates_a_turn_from_the_running_one() {
    let mut joined = Joined::new();
    joined.push("x", "turn/started", "");
    joined.push("u", "item/completed", &user_message("two"));
    joined.complete("u", "completed");
    assert_eq!((joined.log.turn_id(), joined.status()), ("x", None));
    assert_eq!(read(&mut joined.log.reader()), ["turn/started"]);
}

#[test]
fn an_event_that_arrives_before_the_response_shows_that_a_turn_is_its_own() {
    let mut routes = TurnRoutes::default();
    let _running = routes.claim("t", "u");
    routes.reserve("t");
    push(&mut routes, "x", "turn/started", "");
    let log = routes.claim_joining("t", "x", "u");
    assert_eq!((log.turn_id(), log.has_started()), ("x", true));
}

#[test]
fn input_does_not_join_a_turn_of_an_inactive_thread() {
    for (is_active, id) in [(Some(false), "x"), (Some(true), "u"), (None, "u")] {
        let mut routes = TurnRoutes::default();
        let _running = routes.claim("t", "u");
        push(&mut routes, "u", "turn/started", "");
        routes.set_active("t", is_active);
        assert_eq!(routes.claim_joining("t", "x", "u").turn_id(), id);
    }
}

#[test]
fn an_interrupted_turn_may_have_dropped_the_input_or_may_be_followed_by_its_turn() {
    let mut joined = Joined::new();
    joined.complete("u", "interrupted");
    assert_eq!(joined.status(), None);
    assert!(joined.log.end_interrupted(Instant::now()));
    assert_eq!(joined.status(), Some(TurnStatus::Interrupted));
    assert_eq!(joined.log.turn_id(), "u");

    let mut joined = Joined::new();
    joined.complete("u", "interrupted");
    joined.push("x", "turn/started", "");
    assert!(!joined.log.end_interrupted(Instant::now()));
    assert_eq!((joined.log.turn_id(), joined.status()), ("x", None));
}

#[test]
fn an_interrupt_that_this_client_asks_for_ends_the_input_that_it_has_sent_before() {
    let mut joined = Joined::new();
    joined.routes.interrupt_requested("t");
    joined.complete("u", "interrupted");
    assert_eq!(joined.status(), Some(TurnStatus::Interrupted));
}

#[test]
fn the_running_turn_of_another_client_is_followed_without_its_earlier_events() {
    let mut routes = TurnRoutes::default();
    let log = start(&mut routes, "two", "x");
    push(&mut routes, "u", "item/completed", &user_message("two"));
    let mut joined = Joined {
        running: routes.claim("t", "u"),
        routes,
        log,
    };
    joined.complete("u", "completed");
    assert_eq!(joined.status(), Some(TurnStatus::Completed));
    // No reader of the running turn keeps its events.
    assert_eq!(read(&mut joined.running.reader()), Vec::<String>::new());
}

#[test]
fn a_message_of_the_own_input_of_the_running_turn_or_of_a_steer_shows_no_join() {
    let mut joined = Joined::new();
    send(&mut joined.routes, "three", Some("u"));
    for text in ["one", "three"] {
        joined.push("u", "item/completed", &user_message(text));
    }
    joined.complete("u", "completed");
    assert_eq!((joined.log.turn_id(), joined.status()), ("x", None));
}

#[test]
fn a_message_shows_only_the_join_of_its_input() {
    for (text, [x, y]) in [("two", ["u", "y"]), ("three", ["x", "u"])] {
        let mut joined = Joined::new();
        let third = start(&mut joined.routes, "three", "y");
        joined.push("u", "item/completed", &user_message(text));
        joined.complete("u", "completed");
        assert_eq!([joined.log.turn_id(), third.turn_id()], [x, y]);
        assert_eq!(
            [joined.log.end(), third.end()].map(|end| end.is_some()),
            [x == "u", y == "u"]
        );
    }
}

#[test]
fn an_equal_input_that_was_refused_takes_no_message() {
    for is_refused in [false, true] {
        let mut joined = Joined::new();
        let steer = send(&mut joined.routes, "two", Some("u"));
        joined.push("u", "item/completed", &user_message("two"));
        if is_refused {
            joined.routes.input_refused(&steer);
        }
        joined.complete("u", "completed");
        assert_eq!(joined.status().is_some(), is_refused);
    }
}

#[test]
fn input_that_misses_the_running_turn_may_join_the_next_one() {
    for status in ["completed", "interrupted"] {
        let mut joined = Joined::new();
        let third = start(&mut joined.routes, "three", "y");
        joined.complete("u", status);
        joined.push("x", "turn/started", "");
        joined.push("x", "item/completed", &user_message("two"));
        joined.push("x", "item/completed", &user_message("three"));
        assert_eq!([joined.log.turn_id(), third.turn_id()], ["x", "x"]);
        joined.push("x", "item/completed", MESSAGE);
        joined.complete("x", "completed");
        assert_eq!(third.partial(), joined.log.partial());
        assert_eq!(joined.status(), Some(TurnStatus::Completed));
        assert!(matches!(third.end(), Some(TurnEnd::Completed)));
        let events = [
            "turn/started",
            "item/completed",
            "item/completed",
            "item/completed",
        ];
        assert_eq!(read(&mut third.reader())[..4], events);
        drop((joined.log, joined.running, third));
        joined.routes.release("t");
        assert!(joined.routes.threads.is_empty());
    }
}

#[test]
fn input_joins_no_turn_that_has_ended() {
    for is_reserved in [false, true] {
        let mut joined = Joined::new();
        joined.complete("u", "completed");
        if is_reserved {
            joined.routes.reserve("t");
        }
        joined.push("u", "item/completed", &user_message("two"));
        joined.complete("u", "completed");
        assert_eq!((joined.log.turn_id(), joined.status()), ("x", None));
    }
    let mut routes = TurnRoutes::default();
    let log = start(&mut routes, "two", "u");
    routes.reserve("t");
    push(&mut routes, "v", "item/completed", &user_message("two"));
    assert_eq!(log.turn_id(), "u");
}

#[test]
fn a_turn_without_a_grace_period_ends_after_the_turn_that_it_may_have_joined_was_interrupted() {
    let mut quiet_turns = QuietTurns::new(None);
    let now = Instant::now();
    let reason = DetachReason::ThreadInactive;
    for (status, ends) in [("completed", false), ("interrupted", true)] {
        let mut joined = Joined::new();
        joined.complete("u", status);
        quiet_turns.watch_end(&joined.log, reason, now);
        assert_eq!(quiet_turns.next_due().is_some(), ends);
    }
}

#[test]
fn a_joined_turn_waits_ends_early_and_is_silent_as_the_running_one_is() {
    let mut joined = Joined::new();
    joined.running.request_opened(Origin::Turn);
    assert_eq!(joined.log.activity().own.open_requests, 1);
    joined.running.request_closed(Origin::Turn, Instant::now());
    assert_eq!(joined.log.activity().own.open_requests, 0);
    joined.running.end_silent(Duration::from_secs(1));
    assert!(matches!(joined.log.end(), Some(TurnEnd::Silent(_))));
    joined.routes.end(&joined.running);
    assert!(joined.routes.running(None).is_empty());
}

#[test]
fn a_request_that_outlives_a_join_is_counted_once_by_each_turn_that_waits_for_it() {
    for origin in [Origin::Turn, Origin::SubAgent] {
        let mut joined = Joined::new();
        let logs = [Arc::clone(&joined.running), Arc::clone(&joined.log)];
        logs.iter().for_each(|log| log.request_opened(origin));
        joined.complete("u", "completed");
        assert_eq!(joined.log.activity().of(origin).open_requests, 1);
        let now = Instant::now();
        logs.iter().for_each(|log| log.request_closed(origin, now));
        assert_eq!(joined.log.activity().of(origin).open_requests, 0);
    }
}

#[test]
fn only_a_turn_that_has_not_begun_itself_may_be_left_behind() {
    let mut joined = Joined::new();
    assert!(joined.log.may_be_left_behind() && !joined.running.may_be_left_behind());
    joined.complete("u", "completed");
    assert!(joined.log.may_be_left_behind());
    joined.push("x", "turn/started", "");
    assert!(!joined.log.may_be_left_behind());
}

#[test]
fn two_responses_that_name_the_same_turn_join_with_the_same_log() {
    let mut joined = Joined::new();
    let second = joined.routes.claim_joining("t", "x", "u");
    assert!(Arc::ptr_eq(&second, &joined.log));
    joined.complete("u", "completed");
    joined.push("x", "turn/started", "");
    joined.complete("x", "completed");
    assert_eq!(joined.status(), Some(TurnStatus::Completed));
}
