//! An in-memory fake server that the test drives message by message.

use serde_json::{Value, json};
use tokio::io::{
    AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf,
};

use crate::{
    client::{Codex, Thread},
    codex::builder::CodexBuilder,
};

/// The server's end of a connection.
pub(super) struct FakeServer {
    pub(super) lines: Lines<BufReader<ReadHalf<DuplexStream>>>,
    writer: WriteHalf<DuplexStream>,
}

impl FakeServer {
    /// Creates a server that uses this end of a connection.
    pub(super) fn new(end: DuplexStream) -> Self {
        let (reader, writer) = tokio::io::split(end);
        Self {
            lines: BufReader::new(reader).lines(),
            writer,
        }
    }

    /// Returns a client and its server after the handshake.
    pub(super) async fn start() -> (Codex, Self) {
        Self::start_with(Codex::builder()).await
    }

    /// Returns a client with options and its server after the handshake.
    pub(super) async fn start_with(builder: CodexBuilder) -> (Codex, Self) {
        let (client_end, server_end) = tokio::io::duplex(1024 * 1024);
        let mut fake = Self::new(server_end);
        let (reader, writer) = tokio::io::split(client_end);
        let handshake = async {
            fake.respond("initialize", initialize_response()).await;
            assert_eq!(fake.receive().await["method"], "initialized");
        };
        let (codex, ()) = tokio::join!(builder.connect(reader, writer), handshake);
        (codex.unwrap(), fake)
    }

    /// Returns a client's thread with the id `t`, and its server.
    pub(super) async fn start_thread() -> (Thread, Self) {
        let (codex, mut fake) = Self::start().await;
        let thread = fake.thread_start(&codex).await;
        (thread, fake)
    }

    /// Starts a thread with the id `t`.
    pub(super) async fn thread_start(&mut self, codex: &Codex) -> Thread {
        let response = self.respond("thread/start", thread_start_response());
        let (thread, _) = tokio::join!(codex.thread_start().send(), response);
        thread.unwrap()
    }

    /// Receives a message.
    pub(super) async fn receive(&mut self) -> Value {
        let line = self.lines.next_line().await.unwrap();
        serde_json::from_str(&line.expect("the client has closed the connection")).unwrap()
    }

    /// Waits until the client closes the connection.
    pub(super) async fn receive_end(&mut self) {
        assert!(self.lines.next_line().await.unwrap().is_none());
    }

    /// Receives a request and returns its id.
    pub(super) async fn receive_request(&mut self, method: &str) -> Value {
        let message = self.receive().await;
        assert_eq!(message["method"], method, "{message}");
        message["id"].clone()
    }

    /// Receives a request, responds to it and returns the request.
    pub(super) async fn respond(&mut self, method: &str, result: Value) -> Value {
        let message = self.receive().await;
        assert_eq!(message["method"], method, "{message}");
        self.send(&json!({"id": message["id"], "result": result}))
            .await;
        message
    }

    /// Receives a request, responds with an error and returns the request.
    pub(super) async fn respond_error(&mut self, method: &str, message: &str) -> Value {
        let request = self.receive().await;
        assert_eq!(request["method"], method, "{request}");
        let error = json!({"code": -32600, "message": message});
        self.send(&json!({"id": request["id"], "error": error}))
            .await;
        request
    }

    /// Has the client send a request, and responds to it. Everything that either side sent earlier
    /// has then been received and routed.
    pub(super) async fn round_trip(&mut self, codex: &Codex) {
        let response = self.respond("account/read", json!({"requiresOpenaiAuth": false}));
        let (account, _) = tokio::join!(codex.account().send(), response);
        assert!(!account.unwrap().requires_openai_auth);
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) {
        self.writer.write_all(bytes).await.unwrap();
    }

    pub(super) async fn send(&mut self, message: &Value) {
        self.write(format!("{message}\n").as_bytes()).await;
    }

    pub(super) async fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({"method": method, "params": params}))
            .await;
    }

    /// Sends a request for the turn `u`, with these params in addition to its ids.
    pub(super) async fn send_request(&mut self, id: i64, method: &str, more: &Value) {
        let mut params = json!({"threadId": "t", "turnId": "u", "itemId": "i", "startedAtMs": 1});
        let members = more.as_object().unwrap().clone();
        params.as_object_mut().unwrap().extend(members);
        let request = json!({"id": id, "method": method, "params": params});
        self.send(&request).await;
    }

    /// Sends a request for the turn `u` and returns the client's response.
    pub(super) async fn request(&mut self, id: i64, method: &str, more: &Value) -> Value {
        self.send_request(id, method, more).await;
        let response = self.receive().await;
        assert_eq!(response["id"], id, "{response}");
        response
    }

    /// Tells the client that a request is withdrawn.
    pub(super) async fn resolve_request(&mut self, id: i64) {
        let params = json!({"threadId": "t", "requestId": id});
        self.notify("serverRequest/resolved", params).await;
    }

    pub(super) async fn start_turn(&mut self, turn_id: &str) {
        let turn = json!({"id": turn_id, "items": [], "status": "inProgress"});
        let params = json!({"threadId": "t", "turn": turn});
        self.notify("turn/started", params).await;
    }

    pub(super) async fn delta(&mut self, turn_id: &str, delta: &str) {
        let params = json!({"threadId": "t", "turnId": turn_id, "itemId": "i", "delta": delta});
        self.notify("item/agentMessage/delta", params).await;
    }

    pub(super) async fn complete_item(&mut self, turn_id: &str, text: &str) {
        let item = json!({"type": "agentMessage", "id": "i", "text": text});
        let params = json!({
            "threadId": "t", "turnId": turn_id, "item": item, "completedAtMs": 1,
        });
        self.notify("item/completed", params).await;
    }

    pub(super) async fn complete_turn(&mut self, turn_id: &str, status: &str) {
        let turn = json!({"id": turn_id, "items": [], "status": status});
        let params = json!({"threadId": "t", "turn": turn});
        self.notify("turn/completed", params).await;
    }
}

/// The result of `initialize`.
pub(super) fn initialize_response() -> Value {
    json!({
        "userAgent": "codex/0.0.0",
        "codexHome": "/codex-home",
        "platformFamily": "unix",
        "platformOs": "linux",
    })
}

/// The result of `thread/start`, as recorded from a real server.
pub(super) fn thread_start_response() -> Value {
    let captured = include_str!("thread_start.json");
    serde_json::from_str(captured).unwrap()
}

/// The result of `turn/start`.
pub(super) fn turn_start_response(turn_id: &str) -> Value {
    json!({"turn": {"id": turn_id, "items": [], "status": "inProgress"}})
}
