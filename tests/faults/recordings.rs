//! Recordings of sessions, and their replay.

use std::{
    fs,
    path::{Path, PathBuf},
};

use codex_client::{Codex, Decision, Result, Sandbox, blocking, builder::CodexBuilder};
use codex_testing::{FakeAppServer, Replay, Turn};
use codex_tests::manifest_dir::manifest_dir;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use crate::fake_codex;

/// A session with an approval, in a directory of its own.
struct Session {
    directory: TempDir,
    fake: FakeAppServer,
}

impl Session {
    fn new() -> Self {
        let fake = FakeAppServer::start().unwrap();
        let turn = Turn::new().command_approval("cargo test");
        fake.push_turn(turn.then_text("All tests pass."));
        fake.push_turn("You are welcome.");
        let directory = tempfile::tempdir().unwrap();
        Self { directory, fake }
    }

    fn recording(&self) -> PathBuf {
        self.directory.path().join("session.jsonl")
    }
}

fn builder() -> CodexBuilder {
    Codex::builder().on_approval(async |_| Decision::Accept)
}

/// The code under test: runs two turns.
async fn run(codex: &Codex, directory: &Path, prompt: &str) -> Result<Vec<Option<String>>> {
    let thread = codex.thread_start().cwd(directory).await?;
    let first = thread.run(prompt).await?;
    let second = thread.run("Thank you.").await?;
    Ok(vec![first.final_response, second.final_response])
}

fn run_blocking(codex: &blocking::Codex, directory: &Path) -> Result<Vec<Option<String>>> {
    let thread = codex.thread_start().cwd(directory).send()?;
    let first = thread.run("Run the tests.").send()?;
    let second = thread.run("Thank you.").send()?;
    Ok(vec![first.final_response, second.final_response])
}

const RESPONSES: [&str; 2] = ["All tests pass.", "You are welcome."];

fn assert_responses(responses: &[Option<String>]) {
    let responses: Vec<_> = responses.iter().flatten().collect();
    assert_eq!(responses, RESPONSES);
}

async fn record(session: &Session) {
    let (reader, writer) = session.fake.connect();
    let builder = builder().record(session.recording());
    let codex = builder.connect(reader, writer).await.unwrap();
    let responses = run(&codex, Path::new("/recorded/work"), "Run the tests.").await;
    assert_responses(&responses.unwrap());
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_recorded_session_is_replayed_in_memory() {
    let session = Session::new();
    record(&session).await;
    let replay = Replay::open(session.recording()).unwrap().workspace("/now");
    for _ in 0..2 {
        let (reader, writer) = replay.connect();
        let codex = builder().connect(reader, writer).await.unwrap();
        let responses = run(&codex, Path::new("/now"), "Run the tests.").await;
        assert_responses(&responses.unwrap());
        codex.close().await.unwrap();
        replay.finished().await.unwrap();
    }
}

#[test]
fn a_recorded_session_is_replayed_to_a_blocking_client_as_a_child_process() {
    let session = Session::new();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(record(&session));
    let replay = Replay::open(session.recording()).unwrap().workspace("/now");
    let codex = blocking::Codex::builder()
        .binary(fake_codex())
        .envs(replay.envs().unwrap())
        .on_approval(|_| Decision::Accept)
        .start()
        .unwrap();
    assert_responses(&run_blocking(&codex, Path::new("/now")).unwrap());
    codex.close().unwrap();
    replay.blocking_finished().unwrap();
}

#[tokio::test]
async fn the_difference_to_a_recording_names_the_line_the_method_and_the_member() {
    let session = Session::new();
    record(&session).await;
    let replay = Replay::open(session.recording()).unwrap();
    let (reader, writer) = replay.connect();
    // Declines the request.
    let codex = Codex::builder().connect(reader, writer).await.unwrap();
    let directory = Path::new("/recorded/work");
    run(&codex, directory, "Run all tests.").await.unwrap();
    assert!(codex.models().await.is_err());
    codex.close().await.unwrap();
    let error = replay.finished().await.unwrap_err().to_string();
    for expected in [
        "session.jsonl",
        "`turn/start`:\n  params.input[0].text: recorded \"Run the tests.\", sent \"Run all tests.\"",
        "the response to the request",
        "result.decision: recorded \"accept\", sent \"decline\"",
        "`model/list` is not in the recording",
    ] {
        assert!(error.contains(expected), "{error}");
    }
    assert!(!error.contains("Thank you"), "{error}");
}

/// Plays the client's part of a recording, with other ids, and checks what the server sends.
async fn play(path: &Path) {
    let text = fs::read_to_string(path).unwrap();
    let replay = Replay::open(path).unwrap();
    let (reader, mut writer) = replay.connect();
    let mut reader = BufReader::new(reader).lines();
    let present = |id: &Value| json!(format!("request {id}"));
    for line in text.lines() {
        let entry: Value = serde_json::from_str(line).unwrap();
        let mut message = entry["msg"].clone();
        let is_response = message.get("method").is_none();
        let is_of_client = entry["dir"] == "out";
        // The ids of the requests of the client, and of the responses to them.
        if message.get("id").is_some() && is_of_client != is_response {
            message["id"] = present(&message["id"]);
        }
        if is_of_client {
            writer
                .write_all(format!("{message}\n").as_bytes())
                .await
                .unwrap();
        } else {
            let received = reader.next_line().await.unwrap().unwrap();
            let received: Value = serde_json::from_str(&received).unwrap();
            assert_eq!(received, message, "{}", path.display());
        }
    }
    drop((reader, writer));
    let finished = replay.finished().await;
    finished.unwrap();
}

#[tokio::test]
async fn the_recordings_of_the_fixtures_replay() {
    let mut played = 0;
    for directory in ["recorded", "recorded-0.163.0"] {
        let directory = manifest_dir().join("fixtures").join(directory);
        for entry in fs::read_dir(directory).unwrap() {
            play(&entry.unwrap().path()).await;
            played += 1;
        }
    }
    assert!(played > 11, "{played}");
}

#[tokio::test]
async fn the_recording_of_the_demo_is_replayed() {
    let replay = Replay::open(manifest_dir().join("fixtures/demo.jsonl")).unwrap();
    let (reader, writer) = replay.connect();
    let codex = Codex::builder().connect(reader, writer).await.unwrap();
    let thread = codex.thread_start().sandbox(Sandbox::ReadOnly);
    let thread = thread.await.unwrap();
    let result = thread.run("What is in this directory?").await.unwrap();
    let response = result.final_response.unwrap_or_default();
    assert!(response.starts_with("There are two files"), "{response}");
    codex.close().await.unwrap();
    replay.finished().await.unwrap();
}

#[test]
fn a_file_that_is_no_recording_is_refused_with_its_line() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("f.jsonl");
    fs::write(&path, "{\"dir\":\"in\",\"msg\":{}}\nnonsense\n").unwrap();
    let error = Replay::open(&path).unwrap_err().to_string();
    assert!(
        error.contains("f.jsonl") && error.contains("line 2"),
        "{error}"
    );
    assert!(Replay::open(directory.path().join("missing")).is_err());
}

/// The program ends with `return`, without `close`.
#[cfg(unix)]
#[tokio::test]
async fn the_variable_names_a_recording_for_each_process() {
    for runtime in ["current_thread", "multi_thread", "blocking"] {
        let fake = FakeAppServer::start().unwrap();
        fake.push_turn("Done.");
        let directory = tempfile::tempdir().unwrap();
        let program = {
            let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_way_out"));
            command
                .args([runtime, "return"])
                .env("SERVER", fake_codex())
                .env("LIFELINE", "/dev/null")
                .env("READY", "/dev/null")
                .env("CODEX_CLIENT_RECORD", directory.path().join("%p.jsonl"))
                .envs(fake.envs().unwrap())
                .kill_on_drop(true);
            command.spawn().unwrap()
        };
        let id = program.id().unwrap();
        fake.next_request("thread/start").await.unwrap();
        let ready = json!({"name": "m", "status": "ready", "error": null, "threadId": "t"});
        fake.notify("mcpServer/startupStatus/updated", ready);
        let output = program.wait_with_output().await.unwrap();
        assert!(output.status.success(), "{runtime}: {output:?}");
        let text = fs::read_to_string(directory.path().join(format!("{id}.jsonl"))).unwrap();
        for method in ["initialize", "thread/start", "startupStatus/updated"] {
            assert!(text.contains(method), "{runtime}: {text}");
        }
        assert!(text.ends_with('\n'), "{runtime}: {text}");
    }
}
