//! Websockets over streams of the program, and the recording and the spans of connections to
//! servers that listen.

#[cfg(unix)]
use std::process::Stdio;

use codex_client::{Codex, Error, Result, blocking, types::ServerNotification};
#[cfg(unix)]
use codex_testing::codex_bin;
use codex_testing::{ModelResponse, Replay};
use codex_tests::{
    collector::Collector,
    stage::Stage,
    via::{TOKEN, Via},
};
use tokio::net::TcpStream;
use tracing_subscriber::filter::LevelFilter;

/// The ways to servers that listen, as traces name them.
const WAYS: [(Via, &str); 2] = [(Via::HashedToken, "websocket"), (Via::UnixSocket, "unix")];

/// The code under test.
async fn ask(codex: &Codex) -> Result<String> {
    let thread = codex.thread_start().await?;
    let result = thread.run("hi").await?;
    Ok(result.final_response.unwrap_or_default())
}

#[tokio::test]
async fn a_connection_to_a_server_that_listens_is_traced_and_its_recording_replays() {
    for (via, transport) in WAYS {
        if via == Via::UnixSocket && cfg!(not(unix)) {
            continue;
        }
        let collector = Collector::start(LevelFilter::TRACE);
        let stage = Stage::echo();
        let path = stage.home.root().join("session.jsonl");
        let builder = via.equip(stage.builder(), &stage.home);
        let server = builder.clone().spawn_listening(via.url(&stage.home));
        let server = server.await.unwrap();
        let codex = builder.record(&path).connect_url(server.url()).await;
        let codex = codex.unwrap();
        assert_eq!(ask(&codex).await.unwrap(), "You said hi");
        codex.close().await.unwrap();
        server.close().await.unwrap();

        let spans = collector.spans("codex.connection");
        assert_eq!(spans.len(), 1, "{spans:?}");
        assert_eq!(spans[0].field("codex.transport"), transport);
        assert_eq!(spans[0].field("codex.outcome"), "requested");
        let recorded = std::fs::read_to_string(&path).unwrap();
        assert!(!recorded.contains(TOKEN));
        let replay = Replay::open(&path).unwrap();
        let (reader, writer) = replay.connect();
        let codex = Codex::builder().connect(reader, writer).await.unwrap();
        assert_eq!(ask(&codex).await.unwrap(), "You said hi");
        codex.close().await.unwrap();
        replay.finished().await.unwrap();
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_proxy_of_codex_carries_a_websocket_over_its_standard_streams() {
    let stage = Stage::echo();
    let url = Via::UnixSocket.url(&stage.home);
    let server = stage.builder().spawn_listening(url).await.unwrap();
    let socket = server.url().strip_prefix("unix://").unwrap();
    let mut proxy = tokio::process::Command::new(codex_bin().unwrap())
        .args(["app-server", "proxy", "--sock", socket])
        .envs(stage.home.envs())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let (reader, writer) = (proxy.stdout.take().unwrap(), proxy.stdin.take().unwrap());
    let builder = Codex::builder();
    let codex = builder.connect_websocket(reader, writer).await.unwrap();
    assert_eq!(ask(&codex).await.unwrap(), "You said hi");
    codex.close().await.unwrap();
    proxy.wait().await.unwrap();
    server.close().await.unwrap();
}

#[tokio::test]
async fn a_token_is_presented_over_streams_of_the_program() {
    let stage = Stage::echo();
    let builder = Via::HashedToken.equip(stage.builder(), &stage.home);
    let server = builder.clone().spawn_listening("ws://127.0.0.1:0").await;
    let server = server.unwrap();
    let address = server.url().strip_prefix("ws://").unwrap().to_owned();
    let streams = async || TcpStream::connect(&address).await.unwrap().into_split();
    let (reader, writer) = streams().await;
    let error = Codex::builder().connect_websocket(reader, writer).await;
    match error.unwrap_err() {
        Error::Connect(failed) => {
            assert_eq!((&failed.url, failed.status), (&None, Some(401)));
            assert!(failed.to_string().contains("over the streams"), "{failed}");
        }
        other => panic!("{other:?}"),
    }
    let (reader, writer) = streams().await;
    let codex = builder.connect_websocket(reader, writer).await.unwrap();
    assert_eq!(ask(&codex).await.unwrap(), "You said hi");
    codex.close().await.unwrap();
    server.close().await.unwrap();
}

#[test]
fn a_blocking_client_joins_a_server_over_streams_of_the_program() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stage = Stage::echo();
    let server = stage.blocking_builder().spawn_listening("ws://127.0.0.1:0");
    let server = server.unwrap();
    let address = server.url().strip_prefix("ws://").unwrap();
    let streams = runtime.block_on(TcpStream::connect(address)).unwrap();
    let (reader, writer) = streams.into_split();
    let builder = blocking::Codex::builder();
    let codex = builder.connect_websocket(reader, writer).unwrap();
    assert_eq!(codex.ask("hi").unwrap(), "You said hi");
    codex.close().unwrap();
    server.close().unwrap();
}

#[tokio::test]
async fn a_server_does_not_cut_off_a_client_whose_program_does_not_read() {
    // A server keeps up to 128 messages for a client.
    const DELTAS: usize = 3000;
    let stage = Stage::new();
    let deltas = (0..DELTAS).map(|number| format!("{number} "));
    let expected: String = deltas.clone().collect();
    stage.model.push(ModelResponse::deltas(deltas));
    let server = stage.builder().spawn_listening("ws://127.0.0.1:0");
    let server = server.await.unwrap();
    let codex = Codex::connect(server.url()).await.unwrap();
    let thread = codex.thread_start().await.unwrap();
    let notifications = codex.notifications();
    let turn = thread.turn("Count.").await.unwrap();
    let mut events = turn.stream();
    let result = turn.run().await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some(&*expected));
    let mut text = String::new();
    while let Some(event) = events.next().await {
        if let ServerNotification::AgentMessageDelta(delta) = event.unwrap() {
            text += &delta.delta;
        }
    }
    assert_eq!(text, expected);
    drop(notifications);
    codex.close().await.unwrap();
    server.close().await.unwrap();
}
