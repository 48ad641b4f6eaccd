//! The fake app-server of `codex-testing`, with a client, for the thread `t` and its turns.

use std::{
    ops::{Deref, DerefMut},
    thread::JoinHandle,
};

use codex_testing::{ClientStreams, FakeConnection};
use serde_json::{Value, json};
use tokio::io::{duplex, split};

use crate::{
    client::{Codex, Thread},
    codex::builder::CodexBuilder,
};

/// The server's end of a connection, which the test drives message by message.
pub(super) struct FakeServer(FakeConnection);

impl FakeServer {
    /// Creates a server before the handshake, and returns the client's end too.
    pub(super) fn in_memory() -> (Self, ClientStreams) {
        let (fake, streams) = FakeConnection::in_memory();
        (Self(fake), streams)
    }

    /// Like [`in_memory`](Self::in_memory), with a connection that holds this number of unread
    /// bytes.
    pub(super) fn with_capacity(bytes: usize) -> (Self, ClientStreams) {
        let (client_end, server_end) = duplex(bytes);
        let (reader, writer) = split(server_end);
        (Self(FakeConnection::new(reader, writer)), split(client_end))
    }

    /// Runs a script on a thread of its own, for a client that blocks.
    pub(super) fn run_on_thread<F>(
        self,
        script: impl FnOnce(Self) -> F + Send + 'static,
    ) -> JoinHandle<()>
    where
        F: Future<Output = ()>,
    {
        self.0.run_on_thread(|fake| script(Self(fake)))
    }

    /// Returns a client and its server after the handshake.
    pub(super) async fn start() -> (Codex, Self) {
        Self::start_with(Codex::builder()).await
    }

    /// Returns a client with options and its server after the handshake.
    pub(super) async fn start_with(builder: CodexBuilder) -> (Codex, Self) {
        let (mut fake, (reader, writer)) = Self::in_memory();
        let (codex, ()) = tokio::join!(builder.connect(reader, writer), fake.handshake());
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

    /// Has the client send a request, and responds to it. Everything that either side sent earlier
    /// has then been received and routed.
    pub(super) async fn round_trip(&mut self, codex: &Codex) {
        let response = self.respond("account/read", json!({"requiresOpenaiAuth": false}));
        let (account, _) = tokio::join!(codex.account().send(), response);
        assert!(!account.unwrap().requires_openai_auth);
    }

    /// Sends a request for the turn `u`, with these params in addition to its ids.
    pub(super) async fn send_request(&mut self, id: i64, method: &str, more: &Value) {
        self.0.send_request(id, method, with_ids(more)).await;
    }

    /// Sends a request for the turn `u` and returns the client's response.
    #[track_caller]
    pub(super) fn request(
        &mut self,
        id: i64,
        method: &str,
        more: &Value,
    ) -> impl Future<Output = Value> {
        self.0.request(id, method, with_ids(more))
    }

    pub(super) async fn resolve_request(&mut self, id: i64) {
        self.0.resolve_request("t", id).await;
    }

    pub(super) async fn start_turn(&mut self, turn_id: &str) {
        self.0.start_turn("t", turn_id).await;
    }

    pub(super) async fn delta(&mut self, turn_id: &str, delta: &str) {
        self.0.delta("t", turn_id, "i", delta).await;
    }

    pub(super) async fn complete_item(&mut self, turn_id: &str, text: &str) {
        self.0.complete_item("t", turn_id, "i", text).await;
    }

    pub(super) async fn complete_turn(&mut self, turn_id: &str, status: &str) {
        self.0.complete_turn("t", turn_id, status).await;
    }
}

impl Deref for FakeServer {
    type Target = FakeConnection;

    fn deref(&self) -> &FakeConnection {
        &self.0
    }
}

impl DerefMut for FakeServer {
    fn deref_mut(&mut self) -> &mut FakeConnection {
        &mut self.0
    }
}

/// Adds the ids of the turn `u` to params.
fn with_ids(more: &Value) -> Value {
    let mut params = json!({"threadId": "t", "turnId": "u", "itemId": "i", "startedAtMs": 1});
    let members = more.as_object().unwrap().clone();
    params.as_object_mut().unwrap().extend(members);
    params
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
    let mut response = old_turn_start_response(turn_id);
    response["turn"]["rootTurnId"] = turn_id.into();
    response
}

/// The result of `turn/start` on a server that does not name the root of a turn.
pub(super) fn old_turn_start_response(turn_id: &str) -> Value {
    json!({"turn": {"id": turn_id, "items": [], "status": "inProgress"}})
}
