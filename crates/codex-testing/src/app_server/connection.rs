//! One connection of a fake app-server, driven by the test.

use std::{ffi::OsString, fmt, panic::Location, sync::Arc};

use serde::Serialize;
use serde_json::{Value, json};
use tokio::io::{
    AsyncBufReadExt, AsyncRead, AsyncWrite, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf,
    duplex, split,
};

use super::{
    messages::{TurnIds, agent_message, initialize_result, notification, request, response, turn},
    output::{Health, Output, Stream},
};
use crate::{
    error::{Error, Result},
    fault::{Fault, error_response},
    process::{Host, ProcessControl, ProcessInfo, process},
};

/// The client's end of a connection in memory: what it reads from, and what it writes to.
pub type ClientStreams = (ReadHalf<DuplexStream>, WriteHalf<DuplexStream>);

/// The number of bytes that one side of a connection in memory may be ahead of the other.
const BUFFER: usize = 1024 * 1024;

pub(crate) type Reader = Lines<BufReader<Box<dyn AsyncRead + Send + Unpin>>>;

/// One connection of a fake app-server, which the test drives message by message.
///
/// Use it where the order of messages matters, and a [`FakeAppServer`](crate::FakeAppServer) for
/// everything else. The methods that receive are assertions: they panic, with the line of the test,
/// if the client sends something else. No method sends anything by itself, not even the response to
/// `initialize`. Dropping the connection closes both streams.
///
/// In memory, it needs no thread and no timer, so it works with a paused clock.
///
/// ```
/// use codex_testing::FakeConnection;
/// use serde_json::json;
///
/// async fn the_client_lists_models() {
///     let (mut fake, (reader, writer)) = FakeConnection::in_memory();
///     let server = async {
///         fake.handshake().await;
///         let request = fake.respond("model/list", json!({"data": []})).await;
///         assert_eq!(request["params"]["limit"], 10);
///     };
///     // Await `server` together with the client, which gets `reader` and `writer`.
/// #   drop((server, reader, writer));
/// }
/// ```
///
/// A program that blocks needs a server on another thread; see [`spawn`](Self::spawn).
pub struct FakeConnection {
    reader: Option<Reader>,
    output: Arc<Output>,
    // Dropped last: it waits until the process has received everything.
    host: Option<Host>,
}

/// Connections.
impl FakeConnection {
    /// Creates a connection in memory, and returns the client's end too.
    #[must_use]
    pub fn in_memory() -> (Self, ClientStreams) {
        let (client, server) = duplex(BUFFER);
        let (reader, writer) = split(server);
        (Self::new(reader, writer), split(client))
    }

    /// Creates a connection over any streams, such as the halves of a socket.
    pub fn new(
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Self {
        Self::over(reader, Stream::Memory(Box::new(writer)))
    }

    /// Creates a connection for a child process that runs
    /// [`run_fake_codex`](crate::run_fake_codex), and that the client starts with the environment
    /// from [`envs`](Self::envs).
    ///
    /// Whatever is sent before the process starts is kept for it, so that a server that fails at
    /// once takes two lines:
    ///
    /// ```
    /// use codex_testing::{Fault, FakeConnection, Result};
    ///
    /// async fn a_server_that_fails_at_once() -> Result<FakeConnection> {
    ///     let mut fake = FakeConnection::child_process()?;
    ///     fake.stderr("the configuration is broken\n").await;
    ///     fake.fault(Fault::Exit(3)).await;
    ///     Ok(fake)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Listen`] if the fake cannot listen on loopback or start its thread.
    pub fn child_process() -> Result<Self> {
        let (end, control, reader) = process();
        let mut end = Some(end);
        let host = Host::start(Box::new(move || end.take())).map_err(Error::Listen)?;
        let mut connection = Self::of_process(reader, control);
        connection.host = Some(host);
        Ok(connection)
    }

    pub(crate) fn of_process(reader: DuplexStream, control: ProcessControl) -> Self {
        Self::over(reader, Stream::Process(control))
    }

    fn over(reader: impl AsyncRead + Send + Unpin + 'static, stream: Stream) -> Self {
        let reader: Box<dyn AsyncRead + Send + Unpin> = Box::new(reader);
        Self {
            reader: Some(BufReader::new(reader).lines()),
            output: Arc::new(Output::new(stream)),
            host: None,
        }
    }

    /// Returns the environment variables that connect a child process to this fake.
    pub fn envs(&self) -> Vec<(&'static str, OsString)> {
        self.host.as_ref().map(Host::envs).unwrap_or_default()
    }

    pub(crate) fn into_parts(self) -> (Option<Reader>, Arc<Output>) {
        (self.reader, self.output)
    }
}

/// The messages that the client sends.
impl FakeConnection {
    /// Receives a line as it was written. Returns `None` once the client has closed the connection.
    pub async fn next_line(&mut self) -> Option<String> {
        next_line(self.reader.as_mut()).await
    }

    /// Receives a message. Returns `None` once the client has closed the connection.
    ///
    /// # Panics
    ///
    /// If the client sends a line that is not JSON.
    #[track_caller]
    pub fn next_message(&mut self) -> impl Future<Output = Option<Value>> + Send {
        self.next_message_for(Location::caller())
    }

    /// Receives a message.
    ///
    /// # Panics
    ///
    /// If the client closes the connection, or sends a line that is not JSON.
    #[track_caller]
    pub fn receive(&mut self) -> impl Future<Output = Value> + Send {
        self.receive_for(Location::caller())
    }

    /// Receives a request or notification of this method, and returns the whole message.
    ///
    /// # Panics
    ///
    /// If the client sends another message, or closes the connection.
    #[track_caller]
    pub fn receive_method(&mut self, method: &str) -> impl Future<Output = Value> + Send {
        self.receive_method_for(Location::caller(), method)
    }

    /// Receives a request of this method, and returns its id.
    ///
    /// # Panics
    ///
    /// Same as [`receive_method`](Self::receive_method).
    #[track_caller]
    pub fn receive_request(&mut self, method: &str) -> impl Future<Output = Value> + Send {
        let next = self.receive_method(method);
        async move { next.await["id"].take() }
    }

    /// Waits until the client closes the connection.
    ///
    /// # Panics
    ///
    /// If the client sends a message.
    #[track_caller]
    pub fn receive_end(&mut self) -> impl Future<Output = ()> + Send {
        let caller = Location::caller();
        let next = self.next_message();
        async move {
            if let Some(message) = next.await {
                panic!("{caller}: the client sent {message} instead of closing the connection");
            }
        }
    }

    /// Completes the handshake: responds to `initialize`, and receives `initialized`.
    ///
    /// # Panics
    ///
    /// If the client sends something else.
    #[track_caller]
    pub fn handshake(&mut self) -> impl Future<Output = ()> + Send {
        let caller = Location::caller();
        async move {
            self.respond_for(caller, "initialize", Ok(initialize_result()))
                .await;
            self.receive_method_for(caller, "initialized").await;
        }
    }

    /// Receives a request of this method, responds with the result, and returns the request.
    ///
    /// # Panics
    ///
    /// Same as [`receive_method`](Self::receive_method).
    #[track_caller]
    pub fn respond(
        &mut self,
        method: &str,
        result: impl Serialize,
    ) -> impl Future<Output = Value> + Send {
        self.respond_for(Location::caller(), method, Ok(json!(result)))
    }

    /// Receives a request of this method, responds with an error of the code -32600, and returns
    /// the request.
    ///
    /// # Panics
    ///
    /// Same as [`receive_method`](Self::receive_method).
    #[track_caller]
    pub fn respond_error(
        &mut self,
        method: &str,
        message: &str,
    ) -> impl Future<Output = Value> + Send {
        self.respond_for(Location::caller(), method, Err(message))
    }

    // An async function has the line of its `await` as its caller, so these get that of the test.

    async fn next_message_for(&mut self, caller: &Location<'_>) -> Option<Value> {
        let line = self.next_line().await?;
        match serde_json::from_str(&line) {
            Ok(message) => Some(message),
            Err(error) => panic!("{caller}: the client sent a line that is not JSON: {error}"),
        }
    }

    async fn receive_for(&mut self, caller: &Location<'_>) -> Value {
        match self.next_message_for(caller).await {
            Some(message) => message,
            None => panic!("{caller}: the client closed the connection instead of sending"),
        }
    }

    async fn receive_method_for(&mut self, caller: &Location<'_>, method: &str) -> Value {
        match self.next_message_for(caller).await {
            Some(message) if message["method"] == method => message,
            Some(message) => panic!("{caller}: the client sent {message} instead of `{method}`"),
            None => {
                panic!("{caller}: the client closed the connection instead of sending `{method}`")
            }
        }
    }

    async fn respond_for(
        &mut self,
        caller: &Location<'_>,
        method: &str,
        result: Result<Value, &str>,
    ) -> Value {
        let request = self.receive_method_for(caller, method).await;
        let message = match result {
            Ok(result) => response(&request["id"], &result),
            Err(message) => error_response(&request["id"], -32600, message),
        };
        self.send(&message).await;
        request
    }
}

/// The messages that the server sends. Everything that a client no longer reads is discarded.
impl FakeConnection {
    /// Sends a message.
    pub async fn send(&mut self, message: impl Serialize) {
        self.output.send(&json!(message), None).await;
    }

    /// Sends a message with a fault.
    pub async fn send_with(&mut self, fault: Fault, message: impl Serialize) {
        self.output.send(&json!(message), Some(fault)).await;
        self.end_if_broken();
    }

    /// Lets a fault occur: to the next message, if it is one of a message, or else now.
    pub async fn fault(&mut self, fault: Fault) {
        self.output.fault(fault).await;
        self.end_if_broken();
    }

    /// Writes bytes as they are.
    pub async fn write(&mut self, bytes: &[u8]) {
        self.output.write(bytes).await;
    }

    /// Sends a notification.
    pub async fn notify(&mut self, method: &str, params: impl Serialize) {
        self.send(notification(method, &json!(params))).await;
    }

    /// Sends a request, without waiting for its response.
    pub async fn send_request(&mut self, id: impl Serialize, method: &str, params: impl Serialize) {
        self.send(request(&json!(id), method, &json!(params))).await;
    }

    /// Sends a request, and returns the client's response.
    ///
    /// # Panics
    ///
    /// If the client sends another message, or closes the connection.
    #[track_caller]
    pub fn request(
        &mut self,
        id: impl Serialize,
        method: &str,
        params: impl Serialize,
    ) -> impl Future<Output = Value> + Send {
        let caller = Location::caller();
        let (id, params) = (json!(id), json!(params));
        async move {
            self.send_request(&id, method, params).await;
            let message = self.receive_for(caller).await;
            if message["id"] != id || message.get("method").is_some() {
                panic!("{caller}: the client sent {message} instead of a response to {id}");
            }
            message
        }
    }

    /// Sends `serverRequest/resolved`, which withdraws a request.
    pub async fn resolve_request(&mut self, thread_id: &str, id: impl Serialize) {
        let params = json!({"threadId": thread_id, "requestId": id});
        self.notify("serverRequest/resolved", params).await;
    }

    /// Sends `turn/started`.
    pub async fn start_turn(&mut self, thread_id: &str, turn_id: &str) {
        let ids = TurnIds::new(thread_id, turn_id);
        let turn = turn(turn_id, "inProgress");
        self.send(ids.turn_event("turn/started", &turn)).await;
    }

    /// Sends text of the agent (`item/agentMessage/delta`), of the item `item`.
    pub async fn delta(&mut self, thread_id: &str, turn_id: &str, item_id: &str, delta: &str) {
        let ids = TurnIds::new(thread_id, turn_id);
        self.send(ids.delta(item_id, delta)).await;
    }

    /// Sends the whole text of an item of the agent (`item/completed`).
    pub async fn complete_item(
        &mut self,
        thread_id: &str,
        turn_id: &str,
        item_id: &str,
        text: &str,
    ) {
        let ids = TurnIds::new(thread_id, turn_id);
        self.send(ids.item_completed(&agent_message(item_id, text)))
            .await;
    }

    /// Sends `turn/completed` with this status: `completed`, `interrupted` or `failed`.
    pub async fn complete_turn(&mut self, thread_id: &str, turn_id: &str, status: &str) {
        let ids = TurnIds::new(thread_id, turn_id);
        let turn = turn(turn_id, status);
        self.send(ids.turn_event("turn/completed", &turn)).await;
    }

    fn end_if_broken(&mut self) {
        if self.output.health() == Health::Ended {
            self.reader = None;
        }
    }
}

/// The child process. In memory, these methods do nothing.
impl FakeConnection {
    /// Writes to standard error.
    pub async fn stderr(&mut self, text: &str) {
        self.output.stderr(text.as_bytes()).await;
    }

    /// Keeps the process running after the end of its standard input, until a fault ends it.
    pub async fn outlive_input(&mut self) {
        self.output.outlive_input().await;
    }

    /// Has the process start a descendant, which holds the streams of the process open and ends
    /// only by a signal or with the fake.
    pub async fn start_descendant(&mut self) {
        if let Some(process) = self.output.process().await {
            process.start_descendant().await;
        }
    }

    /// Waits until the process runs, and describes it.
    pub async fn started(&mut self) -> Option<ProcessInfo> {
        self.output.process().await?.info().await
    }

    /// Waits until the process has ended.
    pub async fn ended(&mut self) {
        if let Some(process) = self.output.process().await {
            process.ended().await;
        }
    }

    /// Waits until the descendants of the process have ended.
    pub async fn descendants_ended(&mut self) {
        if let Some(process) = self.output.process().await {
            process.descendants_ended().await;
        }
    }
}

/// Reads a line. A server that has ended reads no more.
pub(crate) async fn next_line(reader: Option<&mut Reader>) -> Option<String> {
    reader?.next_line().await.ok().flatten()
}

impl fmt::Debug for FakeConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeConnection")
            .field("health", &self.output.health())
            .finish_non_exhaustive()
    }
}
