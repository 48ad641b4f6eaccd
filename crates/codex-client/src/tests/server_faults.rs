//! Server faults, and assertions about how the client reports them. They are shared by the tests of
//! the async client and those of the blocking client.

use codex_types::{MessagePhase, ServerNotification, ThreadItem};
use serde_json::{Value, json};

use crate::{
    error::{Error, Result},
    tests::FakeServer,
};

pub(super) type Events = Vec<Result<ServerNotification>>;

/// Lines that are not messages, each with part of the error that reports it.
pub(super) const INVALID_LINES: [(&[u8], &str); 8] = [
    (b"npm warn deprecated\n", "not a JSON-RPC message"),
    (
        b"{\"method\":\"x\",\"params\":{\"a\":\"\xff\"}}\n",
        "not valid UTF-8",
    ),
    (
        b"{\"method\":\"item/agentMessage/delta\",\"params\":{\"threadId\":\"t\",\"turnId\":\"u\",\"delta\":\"\xff\"}}\n",
        "not valid UTF-8",
    ),
    (b"{\"id\":\n", "not a JSON-RPC message"),
    (
        b"{\"id\":null,\"error\":{\"code\":-32700,\"message\":\"bad\"}}\n",
        "could not read",
    ),
    (b"[]\n", "not a JSON-RPC message"),
    // Control characters where a value is expected.
    (b"{\"\":[\0\n", "not a JSON-RPC message"),
    (b"{\"\":[\x1b[0m]}\n", "not a JSON-RPC message"),
];

/// A function that returns the end of a response.
type End = fn() -> Vec<u8>;

/// Endings that make a response unreadable, each with part of the error that the request returns.
pub(super) const UNREADABLE_RESPONSES: [(End, &str); 3] = [
    (|| b"\xff\"}}".to_vec(), "not valid UTF-8"),
    (|| b"\"".to_vec(), "not a JSON-RPC message"),
    (|| vec![b'x'; 200_000], "over the limit"),
];

/// Asserts that a `model/list` request failed because its response is unreadable for the given
/// reason.
pub(super) fn assert_unreadable<T: std::fmt::Debug>(response: &Result<T>, reason: &str) {
    let Err(error @ Error::Decode(_)) = response else {
        panic!("{response:?}")
    };
    let text = error.to_string();
    assert!(
        text.contains("`model/list`") && text.contains(reason),
        "{text}"
    );
}

impl FakeServer {
    /// Responds to `model/list` with a message that ends with `end`.
    pub(super) async fn respond_unreadably(&mut self, end: &[u8]) {
        let id = self.receive_request("model/list").await;
        let begin = format!("{{\"id\":{id},\"result\":{{\"data\":[],\"nextCursor\":\"");
        self.write(&[begin.as_bytes(), end, b"\n"].concat()).await;
    }
}

/// Asserts that `reports` covers exactly the invalid lines.
pub(super) fn assert_invalid_lines_reported(reports: &Events) {
    assert_eq!(reports.len(), INVALID_LINES.len());
    for (report, (_, reason)) in reports.iter().zip(INVALID_LINES) {
        let Err(error @ Error::Decode(_)) = report else {
            panic!("{report:?}")
        };
        assert!(error.to_string().contains(reason), "{error}");
    }
}

/// Sends every fault that the turn `u` must survive, then completes the turn.
pub(super) async fn complete_turn_with_faults(fake: &mut FakeServer) {
    fake.delta("u", "before").await;
    for (line, _) in INVALID_LINES {
        fake.write(line).await;
    }
    fake.write(b"\n\r\n").await;
    let params =
        |item: Value| json!({"threadId": "t", "turnId": "u", "completedAtMs": 1, "item": item});
    fake.notify("turn/future", params(json!({}))).await;
    let item = json!({"type": "futureItem", "id": "f"});
    fake.notify("item/completed", params(item)).await;
    let value = json!({"type": "agentMessage", "id": "i", "text": "x", "phase": "tomorrow"});
    fake.notify("item/completed", params(value)).await;
    let malformed = json!({"type": "agentMessage", "id": "i", "text": 5});
    fake.notify("item/started", params(malformed)).await;
    fake.send(&json!({"id": "ours", "method": "future/ask"}))
        .await;
    assert_eq!(fake.receive().await["error"]["code"], -32601);
    fake.delta("u", "after").await;
    fake.complete_turn("u", "completed").await;
}

/// Asserts that `events` are exactly the events of the turn with faults.
pub(super) fn assert_all_events_of_turn_with_faults(events: &Events) {
    use ServerNotification as Event;

    let [
        Ok(Event::AgentMessageDelta(before)),
        Err(Error::Decode(lost)),
        Ok(Event::Unrecognized(method)),
        Ok(Event::ItemCompleted(item)),
        Ok(Event::ItemCompleted(value)),
        Ok(Event::ItemStarted(_)),
        Err(Error::Decode(malformed)),
        Ok(Event::AgentMessageDelta(after)),
        Ok(Event::TurnCompleted(_)),
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!((&*before.delta, &*after.delta), ("before", "after"));
    assert_eq!(lost.method.as_deref(), Some("item/agentMessage/delta"));
    assert_eq!(method.method, "turn/future");
    assert!(matches!(item.item, ThreadItem::Unrecognized(_)));
    let ThreadItem::AgentMessage(message) = &value.item else {
        panic!("{value:?}")
    };
    assert!(matches!(message.phase, Some(MessagePhase::Unrecognized(_))));
    assert!(malformed.to_string().contains("text"), "{malformed}");
}

const LARGE: usize = 64 * 1024 * 1024;

impl FakeServer {
    /// Writes a line that contains [`LARGE`] bytes of text.
    async fn write_large(&mut self, before: &str, after: &str) {
        self.write(before.as_bytes()).await;
        self.write(&vec![b'x'; LARGE]).await;
        self.write(format!("{after}\n").as_bytes()).await;
    }

    /// Sends a large delta of the turn `u`, and completes the turn.
    pub(super) async fn complete_turn_with_large_delta(&mut self) {
        let params = r#"{"threadId":"t","turnId":"u","itemId":"i","delta":""#;
        let before = format!(r#"{{"method":"item/agentMessage/delta","params":{params}"#);
        self.write_large(&before, r#""}}"#).await;
        self.complete_turn("u", "completed").await;
    }

    /// Responds to `model/list` with a large message.
    pub(super) async fn respond_with_large_message(&mut self) {
        let id = self.receive_request("model/list").await;
        let before = format!(r#"{{"id":{id},"result":{{"data":[],"nextCursor":""#);
        self.write_large(&before, r#""}}"#).await;
    }
}

/// Asserts that the text arrived in full.
pub(super) fn assert_large(text: &str) {
    assert_eq!(text.len(), LARGE);
}

/// The number of notifications in a flood. Each is 1 MiB, and together they exceed the buffer of a
/// reader.
const FLOOD: u64 = 20;

/// Sends more notifications than a reader's buffer holds, then `thread/archived`.
pub(super) async fn flood(fake: &mut FakeServer) {
    let params = json!({"threadId": "t", "threadName": "x".repeat(1024 * 1024)});
    let line = json!({"method": "thread/name/updated", "params": params});
    let line = format!("{line}\n");
    for _ in 0..FLOOD {
        fake.write(line.as_bytes()).await;
    }
    fake.notify("thread/archived", json!({"threadId": "t"}))
        .await;
}

/// Asserts that a slow reader got the rest of the flood, in order.
pub(super) fn assert_rest_of_flood(events: &Events) {
    let [Err(Error::Lagged { skipped }), names @ .., Ok(last)] = &events[..] else {
        panic!("{} events, the first: {:?}", events.len(), events.first())
    };
    let count = u64::try_from(names.len()).unwrap();
    assert_eq!(skipped + count, FLOOD);
    assert!(count > FLOOD / 2, "{count}");
    let is_name = |event: &Result<_>| matches!(event, Ok(ServerNotification::ThreadNameUpdated(_)));
    assert!(names.iter().all(is_name));
    assert_eq!(last.method(), "thread/archived");
}
