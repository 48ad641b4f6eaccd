//! No text of a message that the client cannot read, or does not know, is in its errors or in its
//! `Debug` output.

use std::{collections::BTreeMap, error::Error as _, fmt::Debug};

use codex_client::{Codex, Error, Notifications, builder::CodexBuilder, types::ServerNotification};
use codex_testing::FakeConnection;
use codex_tests::recorded::{Recorded, recorded};
use codex_types::{ModelListParams, rpc::Incoming};
use serde_json::{Value, json};

/// In place of every string of a message.
const CANARY: &str = "sk-c4n4ry-169-\"c4n4ry\\";

/// Part of the canary, which a text that is cut off shows too.
const TRACE: &str = "c4n";

/// Returns everything that a program can print about a value without asking for raw text.
fn debug(value: &impl Debug) -> String {
    format!("{value:?}\n{value:#?}")
}

/// Returns everything that a program can print about an error.
fn printed(error: &Error) -> String {
    let mut shown = format!("{error}\n{}", debug(error));
    match error {
        Error::Decode(inner) => shown += &debug(inner),
        Error::Rpc(inner) => shown += &debug(inner),
        _ => {}
    }
    let mut source = error.source();
    while let Some(error) = source {
        shown += &format!("{error}\n{}", debug(&error));
        source = error.source();
    }
    shown
}

fn assert_hidden(shown: &str, message: &str) {
    assert!(!shown.contains(TRACE), "{message}\n\n{shown}");
}

/// Replaces every string in a value with the canary.
fn plant(value: &mut Value) {
    match value {
        Value::String(text) => CANARY.clone_into(text),
        Value::Array(elements) => elements.iter_mut().for_each(plant),
        Value::Object(members) => members.values_mut().for_each(plant),
        _ => {}
    }
}

/// Returns a short recorded message from the server of each method, with the canary in each string.
fn messages() -> Vec<Value> {
    let mut shortest = BTreeMap::<String, Value>::new();
    let recorded = recorded("recorded").into_iter().flatten();
    for Recorded { message, .. } in recorded.filter(|recorded| recorded.from_server) {
        let Some(method) = message["method"].as_str() else {
            continue;
        };
        let length = message.to_string().len();
        let known = shortest.get(method);
        if known.is_none_or(|known| known.to_string().len() > length) {
            shortest.insert(method.to_owned(), message);
        }
    }
    let mut messages: Vec<Value> = shortest.into_values().collect();
    for message in &mut messages {
        if let Some(params) = message.get_mut("params") {
            plant(params);
        }
    }
    messages
}

/// A server that accepts no secret from the client.
struct Server(FakeConnection);

impl Server {
    async fn start() -> (Codex, Self) {
        let (mut fake, (reader, writer)) = FakeConnection::in_memory();
        let builder: CodexBuilder = Codex::builder();
        let (codex, ()) = tokio::join!(builder.connect(reader, writer), fake.handshake());
        (codex.unwrap(), Self(fake))
    }

    async fn receive(&mut self) -> Value {
        let line = self.0.next_line().await.unwrap();
        assert_hidden(&line, "sent back to the server");
        serde_json::from_str(&line).unwrap()
    }

    async fn send(&mut self, line: &str) {
        self.0.write(format!("{line}\n").as_bytes()).await;
    }
}

/// Sends a line and checks its errors. Returns their number, and the notifications that were read.
async fn send_spoiled(
    server: &mut Server,
    notifications: &mut Notifications,
    line: &str,
) -> (usize, Vec<ServerNotification>) {
    server.send(line).await;
    server.send(r#"{"method":"test/next"}"#).await;
    let (mut errors, mut read) = (0, Vec::new());
    loop {
        match notifications.next().await.unwrap() {
            Err(error) => {
                errors += 1;
                assert_hidden(&printed(&error), line);
            }
            Ok(notification) if notification.method() == "test/next" => return (errors, read),
            Ok(notification) => read.push(notification),
        }
    }
}

#[tokio::test]
async fn a_message_that_is_torn_at_any_byte_shows_no_text() {
    let mut lines = Vec::new();
    for message in messages() {
        let text = message.to_string();
        // The shape of a longer message repeats itself.
        for end in 1..text.len().min(1_500) {
            if text.is_char_boundary(end) {
                lines.push(text[..end].to_owned());
                lines.push(text[end..].to_owned());
            }
        }
    }
    // The rest of a message may be a JSON value, but no message.
    lines.retain(|line| Incoming::parse(line.as_bytes()).is_err());
    lines.push(format!("OPENAI_API_KEY={CANARY}"));
    lines.push(format!("{{\"{CANARY}\": {CANARY}"));
    lines.push(format!("npm warn {CANARY}"));
    let (codex, mut server) = Server::start().await;
    let mut notifications = codex.notifications();
    let mut errors = 0;
    for line in lines.iter().filter(|line| !line.trim().is_empty()) {
        let (count, read) = send_spoiled(&mut server, &mut notifications, line).await;
        errors += count;
        assert!(read.is_empty(), "{line} was read: {}", read[0].method());
    }
    codex.close().await.unwrap();
    let tried = lines.len();
    assert!(errors > 10_000, "{errors} errors for {tried} lines");
    println!("{tried} torn lines, {errors} errors");
}

#[tokio::test]
async fn a_part_that_cannot_be_read_shows_no_text() {
    let (codex, mut server) = Server::start().await;
    let mut notifications = codex.notifications();
    let mut errors = 0;
    for message in messages() {
        if message.get("id").is_some() {
            continue;
        }
        for pointer in leaves(&message["params"], "/params") {
            let mut spoiled = message.clone();
            *spoiled.pointer_mut(&pointer).unwrap() = json!(CANARY);
            let line = spoiled.to_string();
            errors += send_spoiled(&mut server, &mut notifications, &line).await.0;
        }
    }
    assert!(errors > 100, "{errors} errors");
    codex.close().await.unwrap();
}

/// Returns the JSON pointers of the values that are not strings.
fn leaves(value: &Value, path: &str) -> Vec<String> {
    match value {
        Value::String(_) => Vec::new(),
        Value::Object(members) => members
            .iter()
            .flat_map(|(key, value)| leaves(value, &format!("{path}/{key}")))
            .chain([path.to_owned()])
            .collect(),
        Value::Array(elements) => elements
            .iter()
            .enumerate()
            .flat_map(|(index, value)| leaves(value, &format!("{path}/{index}")))
            .chain([path.to_owned()])
            .collect(),
        _ => vec![path.to_owned()],
    }
}

#[tokio::test]
async fn an_unknown_message_item_or_value_shows_only_its_name() {
    let (codex, mut server) = Server::start().await;
    let mut notifications = codex.notifications();
    let unknown_item = json!({"type": "hologram", "id": "i", "secret": CANARY});
    let params = json!({
        "threadId": "t", "turnId": "u", "completedAtMs": 1, "item": unknown_item,
    });
    for (message, shown) in [
        (
            json!({"method": "x/new", "params": {"a": [CANARY]}}),
            "x/new",
        ),
        (
            json!({"method": CANARY, "params": {"a": [CANARY]}}),
            "bytes",
        ),
        (
            json!({"method": "item/completed", "params": params}),
            "hologram",
        ),
    ] {
        server.send(&message.to_string()).await;
        let notification: ServerNotification = notifications.next().await.unwrap().unwrap();
        let text = debug(&notification);
        assert_hidden(&text, &message.to_string());
        assert!(text.contains(shown), "{text}");
    }
    // Nothing is lost.
    let kept = json!({"method": "x/new", "params": {"a": CANARY}});
    server.send(&kept.to_string()).await;
    let notification = notifications.next().await.unwrap().unwrap();
    assert_eq!(serde_json::to_value(&notification).unwrap(), kept);
    let decoded: Result<codex_types::ReasoningEffort, _> = serde_json::from_value(json!(CANARY));
    assert_hidden(&debug(&decoded.unwrap()), "an enum");
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_response_that_cannot_be_read_and_an_error_response_show_no_secret() {
    let (codex, mut server) = Server::start().await;
    let result = json!({"data": [{"id": CANARY, "isDefault": CANARY}], "nextCursor": CANARY});
    let whole = json!({"id": 0, "result": result}).to_string();
    let error =
        json!({"code": -32600, "message": "the key sk-c4n4ry-169 is wrong", "data": [CANARY]});
    let mut bodies: Vec<String> = (1..whole.len())
        .map(|end| whole[..end].to_owned())
        .collect();
    bodies.push(json!({"id": 0, "error": error}).to_string());
    bodies.push(json!({"id": 0, "error": CANARY}).to_string());
    bodies.push(json!({"id": 0, "result": CANARY}).to_string());
    let mut failed = 0;
    for body in bodies {
        let request = tokio::spawn({
            let codex = codex.clone();
            async move { codex.request(ModelListParams::default()).await }
        });
        let id = server.receive().await["id"].clone();
        server
            .send(&body.replacen("\"id\":0", &format!("\"id\":{id}"), 1))
            .await;
        server
            .send(&json!({"id": id, "result": {"data": []}}).to_string())
            .await;
        if let Err(error) = request.await.unwrap() {
            failed += 1;
            assert_hidden(&printed(&error), &body);
        }
    }
    assert!(failed > 50, "{failed} failed");
    codex.close().await.unwrap();
}

#[tokio::test]
async fn the_text_that_could_not_be_read_is_returned_on_request() {
    let (codex, mut server) = Server::start().await;
    let mut notifications = codex.notifications();
    server.send("OPENAI_API_KEY=sk-secret").await;
    let Some(Err(Error::Decode(error))) = notifications.next().await else {
        panic!("not reported")
    };
    assert_eq!(error.raw_text(), Some("OPENAI_API_KEY=sk-secret"));
    codex.close().await.unwrap();
}
