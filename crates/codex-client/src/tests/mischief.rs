//! What servers do that they should not, and what is to be seen of it: the same for tasks and for
//! threads that wait.

use codex_types::{MessagePhase, ServerNotification, ThreadItem};
use serde_json::{Value, json};

use crate::{
    error::{Error, Result},
    tests::Fake,
};

pub(super) type Events = Vec<Result<ServerNotification>>;

/// Lines that are no messages, and what is said of them.
pub(super) const NO_MESSAGES: [(&[u8], &str); 6] = [
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
];

/// How an answer ends.
type End = fn() -> Vec<u8>;

/// Ends of answers that cannot be read, and what is said of them.
pub(super) const UNREADABLE: [(End, &str); 3] = [
    (|| b"\xff\"}}".to_vec(), "not valid UTF-8"),
    (|| b"\"".to_vec(), "not a JSON-RPC message"),
    (|| vec![b'x'; 200_000], "over the limit"),
];

/// Whether a call of `model/list` has ended for this reason.
pub(super) fn is_unreadable<T: std::fmt::Debug>(answer: &Result<T>, reason: &str) {
    let Err(error @ Error::Decode(_)) = answer else {
        panic!("{answer:?}")
    };
    let text = error.to_string();
    assert!(
        text.contains("`model/list`") && text.contains(reason),
        "{text}"
    );
}

impl Fake {
    /// Begins to answer a `model/list`, and ends like that.
    pub(super) async fn answer_unreadably(&mut self, end: &[u8]) {
        let id = self.request("model/list").await;
        let begin = format!("{{\"id\":{id},\"result\":{{\"data\":[],\"nextCursor\":\"");
        self.write(&[begin.as_bytes(), end, b"\n"].concat()).await;
    }
}

/// Whether this is what is reported of the lines that are no messages.
pub(super) fn tell_of_no_messages(reports: &Events) {
    assert_eq!(reports.len(), NO_MESSAGES.len());
    for (report, (_, reason)) in reports.iter().zip(NO_MESSAGES) {
        let Err(error @ Error::Decode(_)) = report else {
            panic!("{report:?}")
        };
        assert!(error.to_string().contains(reason), "{error}");
    }
}

/// All that a server may say in the turn `u` without breaking it, and then its end.
pub(super) async fn babble(fake: &mut Fake) {
    fake.delta("u", "before").await;
    for (line, _) in NO_MESSAGES {
        fake.write(line).await;
    }
    fake.write(b"\n\r\n").await;
    let of_the_turn = |more: Value| {
        let mut params = json!({"threadId": "t", "turnId": "u", "completedAtMs": 1});
        params["item"] = more;
        params
    };
    fake.notify("turn/future", of_the_turn(json!({}))).await;
    let item = json!({"type": "futureItem", "id": "f"});
    fake.notify("item/completed", of_the_turn(item)).await;
    let value = json!({"type": "agentMessage", "id": "i", "text": "x", "phase": "tomorrow"});
    fake.notify("item/completed", of_the_turn(value)).await;
    let malformed = json!({"type": "agentMessage", "id": "i", "text": 5});
    fake.notify("item/started", of_the_turn(malformed)).await;
    fake.send(&json!({"id": "ours", "method": "future/ask"}))
        .await;
    assert_eq!(fake.receive().await["error"]["code"], -32601);
    fake.delta("u", "after").await;
    fake.complete_turn("u", "completed").await;
}

/// Whether these are the events of the turn in which that was said.
pub(super) fn are_whole_in_spite_of_it(events: &Events) {
    use ServerNotification as Event;

    let [
        Ok(Event::AgentMessageDelta(before)),
        Ok(Event::Unrecognized(method)),
        Ok(Event::ItemCompleted(item)),
        Ok(Event::ItemCompleted(value)),
        Err(Error::Decode(malformed)),
        Ok(Event::AgentMessageDelta(after)),
        Ok(Event::TurnCompleted(_)),
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!((&*before.delta, &*after.delta), ("before", "after"));
    assert_eq!(method.method, "turn/future");
    assert!(matches!(item.item, ThreadItem::Unrecognized(_)));
    let ThreadItem::AgentMessage(message) = &value.item else {
        panic!("{value:?}")
    };
    assert!(matches!(message.phase, Some(MessagePhase::Unrecognized(_))));
    assert!(malformed.to_string().contains("text"), "{malformed}");
}

const LARGE: usize = 64 * 1024 * 1024;

impl Fake {
    /// Writes a line with a long text in it.
    async fn write_large(&mut self, before: &str, after: &str) {
        self.write(before.as_bytes()).await;
        self.write(&vec![b'x'; LARGE]).await;
        self.write(format!("{after}\n").as_bytes()).await;
    }

    /// Says it all at once in the turn `u`, and ends it.
    pub(super) async fn say_at_length(&mut self) {
        let params = r#"{"threadId":"t","turnId":"u","itemId":"i","delta":""#;
        let before = format!(r#"{{"method":"item/agentMessage/delta","params":{params}"#);
        self.write_large(&before, r#""}}"#).await;
        self.complete_turn("u", "completed").await;
    }

    /// Answers a `model/list` at length.
    pub(super) async fn answer_at_length(&mut self) {
        let id = self.request("model/list").await;
        let before = format!(r#"{{"id":{id},"result":{{"data":[],"nextCursor":""#);
        self.write_large(&before, r#""}}"#).await;
    }
}

/// Whether a text is all that was said at length.
pub(super) fn is_large(text: &str) {
    assert_eq!(text.len(), LARGE);
}

/// How many notifications are a flood: of one MiB each, more than are kept for a reader.
const FLOOD: u64 = 20;

/// Says more than is kept for a reader that does not read, and then a last word.
pub(super) async fn flood(fake: &mut Fake) {
    let params = json!({"threadId": "t", "threadName": "x".repeat(1024 * 1024)});
    let line = json!({"method": "thread/name/updated", "params": params});
    let line = format!("{line}\n");
    for _ in 0..FLOOD {
        fake.write(line.as_bytes()).await;
    }
    fake.notify("thread/archived", json!({"threadId": "t"}))
        .await;
}

/// Whether a reader that was too slow has read what is left of the flood, in the order of events.
pub(super) fn are_what_is_left(events: &Events) {
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
