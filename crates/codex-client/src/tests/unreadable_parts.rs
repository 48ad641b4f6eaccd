//! Messages of a turn that cannot be read at all. Unreadable ends of turns are tested in
//! `detached_turns.rs`.

use codex_types::ServerNotification;
use serde_json::json;

use crate::{
    client::{Codex, Thread},
    error::{Error, turn_detached::DetachReason},
    tests::{FakeServer, detached_turns::detached, turns::start},
};

/// The beginning of an `item/completed`, in the order in which the server writes its members.
const ITEM: &str =
    r#"{"method":"item/completed","params":{"item":{"type":"plan","id":"i","text":""#;
const AFTER_ITEM: &str = r#""},"threadId":"t","turnId":"u"}}"#;

async fn start_thread() -> (Thread, FakeServer) {
    let builder = Codex::builder().max_message(1500);
    let (codex, mut fake) = FakeServer::start_with(builder).await;
    let thread = fake.thread_start(&codex).await;
    (thread, fake)
}

#[tokio::test]
async fn the_result_lists_items_that_could_not_be_read() {
    let torn = ITEM.as_bytes().to_vec();
    let too_long = [ITEM.as_bytes(), &[b'x'; 2000], AFTER_ITEM.as_bytes()].concat();
    let not_utf8 = [ITEM.as_bytes(), b"\xff", AFTER_ITEM.as_bytes()].concat();
    for (line, reason) in [
        (torn, "not a JSON-RPC message"),
        (too_long, "over the limit"),
        (not_utf8, "not valid UTF-8"),
    ] {
        let (thread, mut fake) = start_thread().await;
        let mut notifications = thread.codex.notifications();
        let turn = start(&thread, &mut fake, "u").await;
        let mut events = turn.stream();
        fake.write(&[&line[..], b"\n"].concat()).await;
        fake.complete_item("u", "done").await;
        fake.complete_turn("u", "completed").await;
        let result = turn.run().await.unwrap();
        assert_eq!(result.final_response.as_deref(), Some("done"));
        let [lost] = &result.unreadable[..] else {
            panic!("{:?}", result.unreadable)
        };
        assert_eq!(lost.method.as_deref(), Some("item/completed"));
        assert!(lost.reason.contains(reason), "{lost}");
        assert_eq!(turn.partial().unreadable, result.unreadable);
        // The stream has the error in the place of the event.
        let Err(Error::Decode(event)) = events.next().await.unwrap() else {
            panic!("the event was read")
        };
        assert_eq!(&*event, lost);
        let next = events.next().await.unwrap().unwrap();
        assert!(
            matches!(next, ServerNotification::ItemCompleted(_)),
            "{next:?}"
        );
        let report = notifications.next().await.unwrap();
        assert!(matches!(report, Err(Error::Decode(_))), "{report:?}");
    }
}

#[tokio::test]
async fn every_kind_of_part_is_listed_except_for_deltas() {
    for (method, listed) in [
        ("item/started", 1),
        ("turn/diff/updated", 1),
        ("error", 1),
        ("thread/tokenUsage/updated", 1),
        ("item/agentMessage/delta", 0),
        ("thread/name/updated", 0),
    ] {
        let (thread, mut fake) = start_thread().await;
        let turn = start(&thread, &mut fake, "u").await;
        let line = format!("{{\"method\":\"{method}\",\"params\":{{\"threadId\":\"t\",\"x\n");
        fake.write(line.as_bytes()).await;
        fake.complete_turn("u", "completed").await;
        let result = turn.run().await.unwrap();
        assert_eq!(result.unreadable.len(), listed, "{method}");
    }
}

#[tokio::test]
async fn a_part_is_listed_by_all_turns_that_it_may_belong_to() {
    let (thread, mut fake) = start_thread().await;
    let other = fake.thread_start(&thread.codex).await;
    let turns = [
        start(&thread, &mut fake, "u").await,
        start(&thread, &mut fake, "v").await,
    ];
    let ended = start(&other, &mut fake, "ended").await;
    fake.complete_turn("ended", "completed").await;
    let unreadable = |line: &str| format!("{{\"method\":\"item/completed\",\"params\":{{{line}");
    // The number of turns that list each line: one, all of the thread, none, all.
    for (line, expected) in [
        (r#""threadId":"t","turnId":"u","#, [1, 0]),
        (r#""threadId":"t","#, [2, 1]),
        (r#""threadId":"elsewhere","#, [2, 1]),
        (r#""item":"#, [3, 2]),
    ] {
        fake.write(format!("{}\n", unreadable(line)).as_bytes())
            .await;
        fake.round_trip(&thread.codex).await;
        let listed = turns.each_ref().map(|turn| turn.partial().unreadable.len());
        assert_eq!(listed, expected, "{line}");
    }
    assert!(ended.run().await.unwrap().unreadable.is_empty());
}

#[tokio::test]
async fn an_unreadable_end_that_names_its_turn_detaches_only_that_turn() {
    let (thread, mut fake) = start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    let next = start(&thread, &mut fake, "v").await;
    let end = r#"{"method":"turn/completed","params":{"threadId":"t","turn":{"id":"u"},"#;
    fake.write(format!("{end}\n").as_bytes()).await;
    let ended = detached(turn.run().await);
    assert_eq!(ended.reason, DetachReason::UnreadableEnd);
    assert_eq!(ended.partial.unwrap().unreadable.len(), 1);
    fake.complete_turn("v", "completed").await;
    assert!(next.run().await.unwrap().unreadable.is_empty());
}

#[tokio::test]
async fn the_events_of_the_thread_have_the_error_too() {
    let (thread, mut fake) = start_thread().await;
    let mut events = thread.events();
    fake.round_trip(&thread.codex).await;
    fake.write(b"{\"method\":\"item/started\",\"params\":{\"threadId\":\"t\",\n")
        .await;
    let event = events.next().await.unwrap();
    assert!(matches!(event, Err(Error::Decode(_))), "{event:?}");
    fake.notify("thread/name/updated", json!({"threadId": "t"}))
        .await;
    events.next().await.unwrap().unwrap();
}
