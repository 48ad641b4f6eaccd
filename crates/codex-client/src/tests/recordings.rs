//! Recordings of connections. The unit tests of `recording` cover the file itself.

use std::{fs, path::Path, sync::mpsc};

use codex_types::Request;
use serde_json::{Value, json};

use crate::{blocking, client::Codex, error::Error, tests::FakeServer};

const SECRET: &str = "s3cr3t-hunter2";

/// Returns the recorded lines without their times.
fn recorded(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    assert!(!text.contains(SECRET), "{text}");
    let lines = text.lines().map(|line| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        let at = line.as_object_mut().unwrap().remove("at");
        assert!(at.is_some_and(|at| at.is_number()), "{line}");
        line
    });
    lines.collect()
}

/// Returns the direction and the method, or else the members, of a recorded line.
fn shape(line: &Value) -> String {
    let message = &line["msg"];
    let direction = line["dir"].as_str().unwrap_or_default();
    match (message["method"].as_str(), message.get("error")) {
        (Some(method), _) => format!("{direction} {method}"),
        (None, Some(_)) => format!("{direction} error {}", message["id"]),
        (None, None) if message.is_object() => format!("{direction} result {}", message["id"]),
        (None, None) => format!("{direction} unreadable {}", line["unreadable"]),
    }
}

/// The lines of a session of both faces.
const SESSION: &[&str] = &[
    "out initialize",
    "in result 1",
    "out initialized",
    "out account/login/start",
    "in future/thing",
    "in unreadable 25",
    "in result 2",
    "in future/question",
    "out error 7",
    "out account/read",
    "in result 3",
];

async fn serve_session(fake: &mut FakeServer) {
    let id = fake.receive_request("account/login/start").await;
    let secret = json!({"deep": [{"authToken": SECRET}], "text": format!("API_KEY={SECRET}")});
    fake.notify("future/thing", secret).await;
    fake.write(format!("torn {{\"apiKey\":\"{}\n", &SECRET[..9]).as_bytes())
        .await;
    fake.send(json!({"id": id, "result": {"type": "apiKey"}}))
        .await;
    fake.send(json!({"id": 7, "method": "future/question", "params": {"password": SECRET}}))
        .await;
    let refused = fake.receive().await;
    assert_eq!(refused["error"]["code"], -32601);
}

fn assert_session(path: &Path) {
    let lines = recorded(path);
    let shapes: Vec<_> = lines.iter().map(shape).collect();
    assert_eq!(shapes, SESSION);
    assert_eq!(
        lines[3]["msg"]["params"],
        json!({"type": "apiKey", "apiKey": "…"})
    );
}

#[tokio::test]
async fn a_recording_has_all_messages_in_order_without_secrets() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("%n-%p.jsonl");
    let (codex, mut fake) = FakeServer::start_with(Codex::builder().record(&path)).await;
    let (login, ()) = tokio::join!(codex.login_api_key(SECRET), serve_session(&mut fake));
    login.unwrap();
    fake.round_trip(&codex).await;
    codex.close().await.unwrap();
    let files: Vec<_> = fs::read_dir(directory.path()).unwrap().collect();
    let [Ok(file)] = &files[..] else {
        panic!("{files:?}")
    };
    let name = file.file_name().into_string().unwrap();
    let process = format!("-{}.jsonl", std::process::id());
    assert!(name.ends_with(&process) && !name.starts_with('%'), "{name}");
    assert_session(&file.path());
}

#[test]
fn a_blocking_client_records_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("f.jsonl");
    let (fake, (reader, writer)) = FakeServer::in_memory();
    let (served, is_served) = mpsc::channel();
    let server = fake.run_on_thread(|mut fake| async move {
        fake.handshake().await;
        serve_session(&mut fake).await;
        served.send(()).unwrap();
        fake.respond("account/read", json!({"requiresOpenaiAuth": false}))
            .await;
    });
    let builder = blocking::Codex::builder().record(&path);
    let codex = builder.connect(reader, writer).unwrap();
    codex.login_api_key(SECRET).unwrap();
    // The next request could overtake the response to the question that follows the login.
    is_served.recv().unwrap();
    codex.account().send().unwrap();
    server.join().unwrap();
    // Without `close`: the drop of the last handle completes the file too.
    drop(codex);
    assert_session(&path);
}

#[tokio::test]
async fn a_recording_that_cannot_be_written_is_reported_and_the_connection_continues() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("missing/f.jsonl");
    let (codex, mut fake) = FakeServer::start_with(Codex::builder().record(&path)).await;
    let mut notifications = codex.notifications();
    let report = notifications.next().await.unwrap().unwrap_err();
    assert!(matches!(report, Error::Recording { .. }), "{report}");
    fake.round_trip(&codex).await;
    codex.close().await.unwrap();
    assert!(notifications.next().await.is_none());
}

#[tokio::test]
async fn a_request_that_is_never_sent_is_not_recorded() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("f.jsonl");
    let builder = Codex::builder().record(&path).max_in_flight(1);
    let (codex, mut fake) = FakeServer::start_with(builder).await;
    let first = tokio::spawn(codex.models().into_future());
    let id = fake.receive_request("model/list").await;
    // Waits for the first one, and is dropped.
    assert!(
        super::poll_once(
            codex
                .request(codex_types::request::MemoryReset)
                .into_future()
        )
        .is_none()
    );
    fake.send(json!({"id": id, "result": {"data": []}})).await;
    first.await.unwrap().unwrap();
    fake.round_trip(&codex).await;
    codex.close().await.unwrap();
    let unsent = codex_types::request::MemoryReset::METHOD;
    let text = fs::read_to_string(&path).unwrap();
    assert!(
        text.contains("model/list") && !text.contains(unsent),
        "{text}"
    );
}
