//! Spans and events of a client, as a subscriber of `tracing` sees them.

use codex_client::Codex;
use codex_testing::{FakeAppServer, FakeConnection, Reply, Turn};
use codex_tests::collector::{Collector, Seen};
use serde_json::json;
use tracing::Level;
use tracing_subscriber::filter::LevelFilter;

use crate::fake_codex;

const PROMPT: &str = "a prompt that is not logged";
const SECRET: &str = "s3cr3t-hunter2";

/// Returns the name, the method and the outcome of spans.
fn outcomes(spans: &[Seen]) -> Vec<(&str, &str)> {
    let outcomes = spans.iter();
    outcomes
        .map(|span| (span.field("codex.method"), span.field("codex.outcome")))
        .collect()
}

/// A session with a request that is declined, and one that the server refuses.
async fn session(server: &FakeAppServer) {
    server.push("model/list", Reply::error(-32600, "not now"));
    let (reader, writer) = server.connect();
    let codex = Codex::builder().connect(reader, writer).await.unwrap();
    codex.login_api_key(SECRET).await.unwrap();
    let thread = codex.thread_start().await.unwrap();
    thread.run(PROMPT).await.unwrap();
    codex.models().await.unwrap_err();
    drop(thread);
    codex.close().await.unwrap();
}

#[tokio::test]
async fn spans_name_methods_ids_durations_and_outcomes_and_no_contents() {
    let collector = Collector::start(LevelFilter::DEBUG);
    let server = FakeAppServer::start().unwrap();
    server.push_turn(Turn::new().command_approval("ls -l").then_text("Done."));
    session(&server).await;

    let requests = collector.spans("codex.request");
    assert_eq!(
        outcomes(&requests),
        [
            ("initialize", "ok"),
            ("account/login/start", "ok"),
            ("thread/start", "ok"),
            ("turn/start", "ok"),
            ("model/list", "error"),
        ]
    );
    assert!(
        !requests[3].field("codex.thread").is_empty(),
        "{requests:?}"
    );
    let turns = collector.spans("codex.turn");
    assert_eq!(outcomes(&turns), [("", "completed")]);
    assert_eq!(turns[0].level, Level::INFO);
    let from_server = collector.spans("codex.server_request");
    let approval = "item/commandExecution/requestApproval";
    assert_eq!(outcomes(&from_server), [(approval, "declined")]);
    for span in [&requests[3], &turns[0], &from_server[0]] {
        let duration = span.field("codex.duration_ms").parse::<f64>();
        assert!(duration.is_ok_and(|duration| duration >= 0.0), "{span:?}");
    }
    for span in [&turns[0], &from_server[0]] {
        assert_eq!(span.parent, Some("codex.connection"), "{span:?}");
        assert_eq!(
            span.field("codex.thread"),
            requests[3].field("codex.thread")
        );
    }
    let connections = collector.spans("codex.connection");
    assert_eq!(outcomes(&connections), [("", "requested")]);
    let declined = collector.events("declined by default");
    assert_eq!(declined.len(), 1);
    assert_eq!(declined[0].field("codex.method"), approval);
    let all = format!("{:?}", collector.seen());
    for contents in [PROMPT, SECRET, "ls -l", "Done."] {
        assert!(!all.contains(contents), "{all}");
    }
}

#[tokio::test]
async fn messages_are_shown_at_the_level_trace_without_secrets() {
    let collector = Collector::start(LevelFilter::TRACE);
    let server = FakeAppServer::start().unwrap();
    server.push_turn("Done.");
    session(&server).await;
    let messages = collector.events("message");
    let shown = |direction: &str, text: &str| {
        messages.iter().any(|message| {
            message.level == Level::TRACE
                && message.field("codex.direction") == direction
                && message.field("codex.message").contains(text)
        })
    };
    assert!(shown("out", PROMPT) && shown("in", "Done."), "{messages:?}");
    assert!(shown("out", "\"apiKey\":\"…\""), "{messages:?}");
    assert!(!format!("{:?}", collector.seen()).contains(SECRET));
}

#[tokio::test]
async fn unknown_and_malformed_messages_and_the_end_of_the_process_are_events() {
    let collector = Collector::start(LevelFilter::DEBUG);
    let mut fake = FakeConnection::child_process().unwrap();
    let builder = Codex::builder().binary(fake_codex()).envs(fake.envs());
    let (codex, ()) = tokio::join!(builder.start(), fake.handshake());
    let codex = codex.unwrap();
    fake.notify("future/thing", json!({"text": PROMPT})).await;
    fake.write(format!("{{\"method\": {SECRET}}}\n").as_bytes())
        .await;
    fake.send_request(7, "future/question", json!({})).await;
    assert_eq!(fake.receive().await["id"], 7);
    codex.close().await.unwrap();
    let unknown = collector.events("unknown method");
    let methods: Vec<_> = unknown.iter().map(|it| it.field("codex.method")).collect();
    assert_eq!(methods, ["future/thing", "future/question"]);
    let malformed = collector.events("cannot be read");
    assert_eq!(malformed.len(), 1, "{:?}", collector.seen());
    assert_eq!(malformed[0].level, Level::WARN);
    assert_eq!(malformed[0].parent, Some("codex.connection"));
    let ended = collector.events("the server process has ended");
    assert!(
        ended[0].field("codex.exit_status").contains("exit"),
        "{ended:?}"
    );
    let all = format!("{:?}", collector.seen());
    assert!(!all.contains(PROMPT) && !all.contains(SECRET), "{all}");
}
