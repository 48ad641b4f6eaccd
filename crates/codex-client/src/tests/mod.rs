//! The client against a fake server in memory: what the user sees when things go wrong.

mod blocking;
mod calls;
mod compact;
mod control;
mod dropped;
mod exec;
mod faults;
mod fs_watch;
mod goal;
mod handlers;
mod handshake;
mod inbox;
mod limit;
mod logins;
mod lost;
mod mischief;
mod options;
mod orphans;
mod output;
mod pages;
mod process;
mod requests;
mod review;
mod text;
mod thread_events;
mod tools;
mod turns;

use std::{
    future::IntoFuture,
    pin::pin,
    task::{Context, Poll, Waker},
};

use serde_json::{Value, json};
use tokio::io::{
    AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf,
};

use crate::{
    client::{Codex, Thread},
    codex::builder::CodexBuilder,
};

/// The other end of a connection: reads and writes what it is told to.
struct Fake {
    lines: Lines<BufReader<ReadHalf<DuplexStream>>>,
    writer: WriteHalf<DuplexStream>,
}

impl Fake {
    /// A client that has done the handshake with a fake server.
    async fn start() -> (Codex, Self) {
        Self::start_with(Codex::builder()).await
    }

    async fn start_with(builder: CodexBuilder) -> (Codex, Self) {
        let (ours, theirs) = tokio::io::duplex(1024 * 1024);
        let mut fake = Self::at(theirs);
        let (reader, writer) = tokio::io::split(ours);
        let handshake = async {
            fake.answer("initialize", handshake()).await;
            assert_eq!(fake.receive().await["method"], "initialized");
        };
        let (codex, ()) = tokio::join!(builder.connect(reader, writer), handshake);
        (codex.unwrap(), fake)
    }

    /// At this end of a connection.
    fn at(end: DuplexStream) -> Self {
        let (reader, writer) = tokio::io::split(end);
        Self {
            lines: BufReader::new(reader).lines(),
            writer,
        }
    }

    /// With a thread called `t`.
    async fn start_thread() -> (Thread, Self) {
        let (codex, mut fake) = Self::start().await;
        let call = codex.thread_start().into_future();
        let answer = async { fake.answer("thread/start", thread_started()).await };
        let (thread, _) = tokio::join!(call, answer);
        (thread.unwrap(), fake)
    }

    async fn receive(&mut self) -> Value {
        let line = self.lines.next_line().await.unwrap();
        serde_json::from_str(&line.expect("the client has hung up")).unwrap()
    }

    /// Receives a request and returns its id.
    async fn request(&mut self, method: &str) -> Value {
        let message = self.receive().await;
        assert_eq!(message["method"], method, "{message}");
        message["id"].clone()
    }

    /// Receives a request and answers it; returns it.
    async fn answer(&mut self, method: &str, result: Value) -> Value {
        let message = self.receive().await;
        assert_eq!(message["method"], method, "{message}");
        self.send(&json!({"id": message["id"], "result": result}))
            .await;
        message
    }

    async fn send(&mut self, message: &Value) {
        self.write(format!("{message}\n").as_bytes()).await;
    }

    async fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({"method": method, "params": params}))
            .await;
    }

    async fn write(&mut self, bytes: &[u8]) {
        self.writer.write_all(bytes).await.unwrap();
    }

    async fn delta(&mut self, turn_id: &str, delta: &str) {
        let params = json!({"threadId": "t", "turnId": turn_id, "itemId": "i", "delta": delta});
        self.notify("item/agentMessage/delta", params).await;
    }

    async fn complete_item(&mut self, turn_id: &str, text: &str) {
        let item = json!({"type": "agentMessage", "id": "i", "text": text});
        let params = json!({
            "threadId": "t", "turnId": turn_id, "item": item, "completedAtMs": 1,
        });
        self.notify("item/completed", params).await;
    }

    async fn start_turn(&mut self, turn_id: &str) {
        let turn = json!({"id": turn_id, "items": [], "status": "inProgress"});
        let params = json!({"threadId": "t", "turn": turn});
        self.notify("turn/started", params).await;
    }

    async fn complete_turn(&mut self, turn_id: &str, status: &str) {
        let turn = json!({"id": turn_id, "items": [], "status": status});
        let params = json!({"threadId": "t", "turn": turn});
        self.notify("turn/completed", params).await;
    }
}

/// An ordinary call, which works. All that was sent before its answer is routed then.
async fn settle(codex: &Codex, fake: &mut Fake) {
    let (list, _) = tokio::join!(
        codex.models().into_future(),
        fake.answer("model/list", json!({"data": []}))
    );
    list.unwrap();
}

/// What a future has to say at once.
fn at_once<F: Future>(future: F) -> Option<F::Output> {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

fn handshake() -> Value {
    json!({
        "userAgent": "codex/0.0.0",
        "codexHome": "/codex-home",
        "platformFamily": "unix",
        "platformOs": "linux",
    })
}

fn turn_started(turn_id: &str) -> Value {
    json!({"turn": {"id": turn_id, "items": [], "status": "inProgress"}})
}

fn thread_started() -> Value {
    let captured = include_str!("thread_start.json");
    serde_json::from_str(captured).unwrap()
}
