//! Spans of a turn on the real app-server, and its recording, which a replay plays.

use codex_client::{Codex, Result, types::TurnStatus};
use codex_testing::Replay;
use codex_tests::{collector::Collector, stage::Stage};
use tracing_subscriber::filter::LevelFilter;

/// The code under test. Returns the response and the status of a turn.
async fn run(codex: &Codex, prompt: &str) -> Result<(Option<String>, TurnStatus)> {
    let thread = codex.thread_start().await?;
    let result = thread.run(prompt).await?;
    Ok((result.final_response, result.status))
}

#[tokio::test]
async fn a_turn_has_a_span_with_its_ids_and_its_outcome() {
    let collector = Collector::start(LevelFilter::INFO);
    let stage = Stage::echo();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    thread.run("Hello.").await.unwrap();
    codex.close().await.unwrap();
    let turns = collector.spans("codex.turn");
    assert_eq!(turns.len(), 1, "{turns:?}");
    assert_eq!(turns[0].field("codex.thread"), thread.id());
    assert_eq!(turns[0].field("codex.outcome"), "completed");
    assert_eq!(collector.events("the server process has ended").len(), 1);
}

#[tokio::test]
async fn a_recording_of_the_real_server_replays_without_it() {
    let stage = Stage::echo();
    let path = stage.home.root().join("session.jsonl");
    let codex = stage.builder().record(&path).start().await.unwrap();
    let live = run(&codex, "Hello.").await.unwrap();
    codex.close().await.unwrap();
    assert_eq!(live.0.as_deref(), Some("You said Hello."));

    let replay = Replay::open(&path).unwrap();
    let (reader, writer) = replay.connect();
    let codex = Codex::builder().connect(reader, writer).await.unwrap();
    assert_eq!(run(&codex, "Hello.").await.unwrap(), live);
    codex.close().await.unwrap();
    replay.finished().await.unwrap();

    let (reader, writer) = replay.connect();
    let codex = Codex::builder().connect(reader, writer).await.unwrap();
    run(&codex, "Goodbye.").await.unwrap();
    codex.close().await.unwrap();
    let error = replay.finished().await.unwrap_err().to_string();
    let expected = "params.input[0].text: recorded \"Hello.\", sent \"Goodbye.\"";
    assert!(error.contains(expected), "{error}");
}
