//! Tests of logs with several readers.

use super::*;
use crate::{
    error::connection_closed::CloseReason,
    rpc::{delta::DeltaKind, raw_notification::notification},
};

fn delta(log: &TurnLog, text: &str) -> usize {
    let mut wakes = Vec::new();
    let delta = DeltaRef {
        kind: DeltaKind::AgentMessage,
        turn_id: None,
        item_id: "i",
        index: 0,
        text,
        emitted_at_ms: None,
    };
    log.push_delta(&delta, Instant::now(), &mut wakes);
    wakes.len()
}

fn complete(log: &TurnLog) -> usize {
    let mut wakes = Vec::new();
    let completed = notification(r#"{"method":"turn/completed"}"#);
    log.push_notification(&Arc::new(completed), Instant::now(), &mut wakes);
    wakes.len()
}

/// Returns the unread events, and whether no more events follow.
fn read(reader: &mut TurnReader) -> (Vec<String>, bool) {
    let mut context = Context::from_waker(Waker::noop());
    let mut events = Vec::new();
    loop {
        match reader.poll(&mut context) {
            Poll::Ready(Ok(Event::Delta(delta))) => events.push(delta.text),
            Poll::Ready(Ok(Event::Notification(notification))) => {
                events.push(notification.method().to_owned());
            }
            Poll::Ready(Ok(Event::Unreadable(error))) => events.push(error.reason.clone()),
            Poll::Ready(Ok(Event::SessionLost(closed))) => events.push(closed.reason.to_string()),
            Poll::Ready(Err(_)) => return (events, true),
            Poll::Pending => return (events, false),
        }
    }
}

#[test]
fn each_reader_reads_everything_from_where_it_began() {
    let log = TurnLog::new("t", "u");
    delta(&log, "a");
    let mut first = log.reader();
    assert_eq!(read(&mut first), (vec!["a".into()], false));
    delta(&log, "b");
    let mut second = log.reader();
    delta(&log, "c");
    complete(&log);
    let rest = ["b", "c", "turn/completed"].map(String::from).to_vec();
    assert_eq!(read(&mut first), (rest.clone(), true));
    assert_eq!(read(&mut second), (rest, true));
}

#[test]
fn a_waiter_for_only_the_end_is_woken_once_and_nothing_is_kept() {
    let log = TurnLog::new("t", "u");
    let mut context = Context::from_waker(Waker::noop());
    log.discard_unclaimed();
    assert!(log.poll_end(&mut context).is_pending());
    assert_eq!(delta(&log, "a"), 0);
    assert_eq!(complete(&log), 1);
    assert!(log.poll_end(&mut context).is_ready());
    assert!(matches!(log.end(), Some(TurnEnd::Completed)));
    assert!(log.lock().slots.iter().all(Option::is_none));
}

#[test]
fn a_reader_is_woken_once_for_everything_received_before_it_reads() {
    let log = TurnLog::new("t", "u");
    let mut reader = log.reader();
    assert_eq!(read(&mut reader), (vec![], false));
    assert_eq!(delta(&log, "a"), 1);
    assert_eq!(delta(&log, "b"), 0);
    assert_eq!(read(&mut reader).0, ["a", "b"]);
}

#[test]
fn a_waiter_for_the_end_takes_nothing_from_the_first_reader() {
    let log = TurnLog::new("t", "u");
    let mut context = Context::from_waker(Waker::noop());
    assert!(log.poll_end(&mut context).is_pending());
    delta(&log, "a");
    assert_eq!(complete(&log), 1);
    assert!(log.poll_end(&mut context).is_ready());
    let all = ["a", "turn/completed"].map(String::from).to_vec();
    assert_eq!(read(&mut log.reader()), (all, true));
}

#[test]
fn a_muted_reader_keeps_nothing() {
    let log = TurnLog::new("t", "u");
    let mut reader = log.reader();
    delta(&log, "a");
    reader.mute();
    assert_eq!(read(&mut reader), (vec![], false));
    complete(&log);
    assert_eq!(read(&mut reader), (vec![], true));
}

#[test]
fn a_turn_that_was_complete_when_the_connection_ended_stays_complete() {
    let closed = Arc::new(ConnectionClosed::new(CloseReason::EndOfStream));
    let (done, cut) = (TurnLog::new("t", "u"), TurnLog::new("t", "v"));
    complete(&done);
    for log in [&done, &cut] {
        log.end_early(EarlyEnd::Closed(Arc::clone(&closed)));
    }
    assert!(matches!(done.lock().end, Some(TurnEnd::Completed)));
    assert!(matches!(cut.lock().end, Some(TurnEnd::Early(_))));
}
