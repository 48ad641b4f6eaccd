//! Servers whose messages differ from the schema in any single member.
//!
//! Every kind of message that was recorded is sent once for each member that is not an identity:
//! without the member, with null, and with values of other types. The turn, handle, stream or page
//! around it must survive, and what did not fit must be reported.

use std::{collections::BTreeMap, future::IntoFuture, time::Duration};

use codex_client::{Codex, Error, Thread, TurnResult, types::ServerNotification};
use codex_testing::FakeConnection;
use codex_tests::{
    json::{changed, members},
    recorded::recorded,
};
use serde_json::{Value, json};
use tokio::time::timeout;

/// A step takes far less than a millisecond. One that reaches this timeout has hung.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);

/// Maximum size of the messages that are spoiled, in bytes. Larger ones of a kind have no other
/// members.
const MOST: usize = 6000;

/// Returns a client, and the server that it is connected to.
pub(crate) async fn connect() -> (Codex, FakeConnection) {
    let (mut fake, (reader, writer)) = FakeConnection::in_memory();
    let connecting = Codex::builder().connect(reader, writer);
    let (codex, ()) = tokio::join!(connecting, fake.handshake());
    (codex.unwrap(), fake)
}

async fn start_thread(codex: &Codex, fake: &mut FakeConnection) -> Thread {
    let response = fake.respond("thread/start", json!({"thread": {"id": "t"}}));
    let (thread, _) = tokio::join!(codex.thread_start().into_future(), response);
    thread.unwrap()
}

/// Returns copies of a value that differ in one member each, and descriptions of the differences.
pub(crate) fn spoiled(value: &Value, identities: &[&str]) -> Vec<(String, Value)> {
    let others = [
        json!(null),
        json!(-1.5),
        json!("x"),
        json!([["x"]]),
        json!({"x": 1}),
        json!(true),
    ];
    let mut pointers = members(value);
    pointers.retain(|pointer| !identities.contains(&&**pointer));
    let mut copies = Vec::new();
    for pointer in &pointers {
        if let Some(copy) = changed(value, pointer, None) {
            copies.push((format!("{pointer} dropped"), copy));
        }
        for other in &others {
            if value.pointer(pointer) != Some(other) {
                let copy = changed(value, pointer, Some(other.clone())).unwrap();
                copies.push((format!("{pointer} = {other}"), copy));
            }
        }
    }
    copies
}

/// Adds a sample of its kind, unless there is a larger one.
fn add(samples: &mut BTreeMap<String, Value>, kind: String, value: &Value) {
    let size = |value: &Value| match value.to_string().len() {
        size if size > MOST => 0,
        size => size,
    };
    let known = samples.entry(kind).or_insert_with(|| value.clone());
    if size(value) > size(known) {
        *known = value.clone();
    }
}

/// Returns a recorded notification about a turn for each method, and for each type of item.
fn notifications_of_turns() -> BTreeMap<String, Value> {
    let mut samples = BTreeMap::new();
    for recorded in recorded("recorded").into_iter().flatten() {
        let message = &recorded.message;
        let params = &message["params"];
        let is_of_turn = params["turnId"].is_string() || params["turn"]["id"].is_string();
        if recorded.from_server && message.get("id").is_none() && is_of_turn {
            let item = params["item"]["type"].as_str().unwrap_or_default();
            let kind = format!("{} {item}", recorded.method.unwrap());
            add(&mut samples, kind, message);
        }
    }
    samples
}

/// Returns a recorded result for each of these methods.
fn results(methods: &[&str]) -> BTreeMap<String, Value> {
    let mut samples = BTreeMap::new();
    for recorded in recorded("recorded").into_iter().flatten() {
        let method = recorded.method.unwrap_or_default();
        if recorded.from_server
            && methods.contains(&&*method)
            && let Some(result) = recorded.message.get("result")
        {
            add(&mut samples, method, result);
        }
    }
    assert_eq!(samples.len(), methods.len(), "not all methods are recorded");
    samples
}

/// A turn with a message that has been spoiled.
struct SpoiledTurn {
    message: Value,
    turn_id: String,
    is_end: bool,
}

impl SpoiledTurn {
    /// Plays the turn, and returns what did not survive.
    async fn play(
        self,
        codex: &Codex,
        fake: &mut FakeConnection,
        thread: &Thread,
    ) -> Result<(), String> {
        let Self {
            message,
            turn_id,
            is_end,
        } = self;
        let mut reports = codex.notifications();
        let response = fake.respond("turn/start", json!({"turn": {"id": turn_id}}));
        let (turn, _) = tokio::join!(thread.turn("Go.").into_future(), response);
        let turn = turn.map_err(|error| error.to_string())?;
        let mut events = turn.stream();
        let answer = json!({
            "threadId": "t", "turnId": turn_id, "item": {"type": "agentMessage", "id": "m", "text": "done"},
        });
        if is_end {
            fake.notify("item/completed", answer).await;
            fake.send(&message).await;
        } else {
            fake.send(&message).await;
            fake.notify("item/completed", answer).await;
            fake.complete_turn("t", &turn_id, "completed").await;
        }
        let result = match turn.run().await {
            Ok(result) => result,
            // Without a status that can be read, the end of the turn is not one of its results.
            Err(Error::TurnDetached(detached)) if is_end => {
                detached.partial.clone().ok_or("no partial result")?
            }
            Err(Error::TurnFailed(failed)) if is_end => TurnResult::clone(&failed),
            Err(error) => return Err(error.to_string()),
        };
        if result.final_response.as_deref() != Some("done") {
            return Err(format!("the response is {:?}", result.final_response));
        }
        let mut reported = result.unreadable.len();
        while let Some(event) = events.next().await {
            reported += usize::from(event.is_err());
        }
        // The reports precede the end of the turn, so nothing has to be waited for.
        while let Ok(Some(report)) = timeout(Duration::ZERO, reports.next()).await {
            reported += usize::from(report.is_err());
        }
        match serde_json::from_value::<ServerNotification>(message) {
            Err(error) if reported == 0 => Err(format!("not reported: {error}")),
            _ => Ok(()),
        }
    }
}

#[tokio::test]
async fn a_turn_survives_any_spoiled_member_of_its_notifications() {
    let identities = [
        // The time at which the server wrote the message is no part of it.
        "/emittedAtMs",
        "/method",
        "/params",
        "/params/threadId",
        "/params/turnId",
        "/params/turn",
        "/params/turn/id",
    ];
    let (codex, mut fake) = connect().await;
    let thread = start_thread(&codex, &mut fake).await;
    let samples = notifications_of_turns();
    let mut tried = 0;
    for (kind, message) in &samples {
        for (difference, mut message) in spoiled(message, &identities) {
            tried += 1;
            let turn_id = format!("u{tried}");
            let params = &mut message["params"];
            params["threadId"] = json!("t");
            if params["turn"].is_object() {
                params["turn"]["id"] = json!(turn_id);
            } else {
                params["turnId"] = json!(turn_id);
            }
            let is_end = kind.starts_with("turn/completed");
            let turn = SpoiledTurn {
                message,
                turn_id,
                is_end,
            };
            let played = timeout(TIMEOUT, turn.play(&codex, &mut fake, &thread)).await;
            let played = played.unwrap_or_else(|_| Err("hangs".to_owned()));
            played.unwrap_or_else(|fault| panic!("{kind}: {difference}: {fault}"));
        }
    }
    println!(
        "turns: {tried} notifications of {} kinds tried = held",
        samples.len()
    );
    assert!(tried > 2000, "only {tried}");
}

#[tokio::test]
async fn handles_and_pages_survive_any_spoiled_member_of_a_response() {
    let identities = ["/thread", "/thread/id", "/turn", "/turn/id"];
    let methods = [
        "account/read",
        "model/list",
        "thread/fork",
        "thread/list",
        "thread/read",
        "thread/resume",
        "thread/start",
        "turn/start",
    ];
    let (codex, mut fake) = connect().await;
    let thread = start_thread(&codex, &mut fake).await;
    let mut tried = 0;
    for (method, result) in results(&methods) {
        let entries = result["data"].as_array().map_or(0, Vec::len);
        for (difference, result) in spoiled(&result, &identities) {
            tried += 1;
            let response = fake.respond(&method, result);
            let call = async {
                Ok::<_, Error>(match &*method {
                    "account/read" => codex.account().await.map(|_| 0)?,
                    "model/list" => codex.models().await?.data.len(),
                    "thread/fork" => codex.thread_fork("t").await.map(|_| 0)?,
                    "thread/list" => codex.thread_list().await?.data.len(),
                    "thread/read" => thread.read().await.map(|_| 0)?,
                    "thread/resume" => codex.thread_resume("t").await.map(|_| 0)?,
                    "thread/start" => codex.thread_start().await.map(|_| 0)?,
                    _ => thread.turn("Go.").await.map(|_| 0)?,
                })
            };
            let both = async { tokio::join!(call, response).0 };
            let read = timeout(TIMEOUT, both).await;
            let read = read.unwrap_or_else(|_| panic!("{method}: {difference}: hangs"));
            let read = read.unwrap_or_else(|error| panic!("{method}: {difference}: {error}"));
            // The entry itself may be the one that was spoiled.
            let is_list = !difference.starts_with("/data ");
            assert!(
                !is_list || read + 1 >= entries,
                "{method}: {difference}: {read} of {entries}"
            );
        }
    }
    println!("handles and pages: {tried} responses tried = held");
    assert!(tried > 3000, "only {tried}");
}
