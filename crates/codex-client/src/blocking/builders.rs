//! Request builders in blocking code: their names, `send`, and the setters that differ.

use std::sync::Arc;

use codex_types::{
    AccountLoginCompletedNotification, GetAccountResponse, ModelListResponse, Request, ServerCall,
    ThreadListResponse, ThreadReadResponse,
};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    blocking::{
        codex::Codex,
        exec::ExecProcess,
        fs_watch::FsWatcher,
        goal::GoalHandle,
        handler::ServerRequestHandler,
        login::{ChatgptLoginHandle, DeviceCodeLoginHandle},
        thread::Thread,
        turn::TurnHandle,
        worker::{next, wait},
    },
    builder,
    error::Result,
    exec::output::ExecOutput,
    handler_table::handler_table,
    mode::Blocking,
    pages::{self, Paged},
    send_table::send_table,
    server_requests::{handler_result::IntoResponse, handler_thread::run_on_thread},
    transport::Transport,
    turn_result::TurnResult,
};

/// Names the builders of the blocking mode.
macro_rules! aliases {
    ($($name:ident $(<$param:ident $(= $default:ident)?>)?),* $(,)?) => {$(
        #[doc = concat!("[`", stringify!($name), "`](crate::builder::", stringify!($name), ") of blocking code.")]
        pub type $name $(<$param $(= $default)?>)? = builder::$name<$($param,)? Blocking>;
    )*};
}

aliases! {
    AccountReadBuilder,
    ChatgptLoginBuilder,
    CodexBuilder,
    DeviceCodeLoginBuilder,
    ExecBuilder,
    FsWatchBuilder,
    GoalStartBuilder,
    LoginWaitBuilder,
    ModelListBuilder,
    RequestBuilder<R>,
    ReviewBuilder,
    RunBuilder<R = TurnResult>,
    ThreadForkBuilder,
    ThreadListBuilder,
    ThreadReadBuilder,
    ThreadResumeBuilder,
    ThreadStartBuilder,
    TurnStartBuilder<R = TurnResult>,
}

/// The items of a list, page after page, as an iterator.
pub type Pages<R> = pages::Pages<R, Blocking>;

macro_rules! define_send {
    ($($(#[$doc:meta])* $builder:ident $(<$param:ident>)? -> $output:ty;)*) => {$(
        impl$(<$param>)? $builder$(<$param>)? {
            $(#[$doc])*
            ///
            /// In blocking code, [`InsideRuntime`](crate::Error::InsideRuntime) or
            /// [`Worker`](crate::Error::Worker) if this thread cannot wait.
            pub fn send(self) -> Result<$output> {
                wait(self.perform()).map(Into::into)
            }
        }
    )*};
}

send_table!(define_send);

impl<R: Request> RequestBuilder<R> {
    /// Sends the request and waits for the response.
    ///
    /// # Errors
    ///
    /// [`Rpc`](crate::Error::Rpc) if the server refuses, [`Timeout`](crate::Error::Timeout),
    /// [`Closed`](crate::Error::Closed), [`Decode`](crate::Error::Decode) if the response does not match
    /// the protocol, or [`InsideRuntime`](crate::Error::InsideRuntime) or
    /// [`Worker`](crate::Error::Worker) if this thread cannot wait.
    pub fn send(self) -> Result<R::Response> {
        wait(self.perform())
    }
}

impl CodexBuilder {
    /// Starts the server and performs the handshake (`initialize`, `initialized`).
    ///
    /// # Errors
    ///
    /// [`CodexNotFound`](crate::Error::CodexNotFound) if there is no `codex`,
    /// [`Launch`](crate::Error::Launch) if it cannot be started, [`Closed`](crate::Error::Closed) with
    /// the end of its standard error if it ends before the handshake does,
    /// [`Timeout`](crate::Error::Timeout), [`Rpc`](crate::Error::Rpc) if it refuses the handshake;
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if this thread
    /// cannot wait.
    pub fn start(self) -> Result<Codex> {
        wait(self.launch()).map(Into::into)
    }

    /// Performs the handshake with a server at the other end of these streams, with one JSON message per
    /// line: a fake server in a test, or a server that another program has started. Options of the server
    /// process are ignored.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start), except for the first two.
    pub fn connect<R, W>(self, reader: R, writer: W) -> Result<Codex>
    where
        R: AsyncRead + Unpin + Send + 'static,
        W: AsyncWrite + Unpin + Send + 'static,
    {
        let transport = Transport::streams(reader, writer);
        wait(self.handshake(transport)).map(Into::into)
    }
}

impl ReviewBuilder {
    /// Starts the review and returns its turn as soon as the server has begun it, to stream its events or
    /// interrupt it. A review cannot be steered.
    ///
    /// # Errors
    ///
    /// As [`RequestBuilder::send`](crate::builder::RequestBuilder::send).
    pub fn start(self) -> Result<TurnHandle> {
        wait(self.begin()).map(Into::into)
    }
}

impl ExecBuilder {
    /// Starts the program and returns at once. The server does not report that a program has started: if
    /// it cannot be started, the first method of the process that is called returns the error.
    ///
    /// The output is streamed, which the sandbox of Windows does not support: the server refuses there.
    ///
    /// # Errors
    ///
    /// [`Closed`](crate::Error::Closed) if the connection has ended,
    /// [`InvalidInput`](crate::Error::InvalidInput) for a [`cwd`](Self::cwd) that cannot be sent.
    pub fn spawn(self) -> Result<ExecProcess> {
        self.start(true).map(Into::into)
    }
}

impl<R: Paged> Iterator for Pages<R> {
    type Item = Result<R::Item>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_ended() {
            return None;
        }
        // The first error of any kind ends the list, so there is nothing to remember.
        let item = next(&mut false, |context| self.poll(context));
        if let Some(Err(_)) = item {
            self.end();
        }
        item
    }
}

macro_rules! define_setters {
    ($(
        $(#[$doc:meta])* $method:ident, $setter:ident, $on:ident($request:ty) -> $response:ty;
    )*) => {
        impl CodexBuilder {
            $(
                $(#[$doc])*
                ///
                /// The handler returns the response, or a `Result` of it. It runs concurrently with
                /// others, on a thread of its own, where it may wait and use the client; it is not stopped
                /// when the server withdraws the request. An error or a panic declines, and is reported by
                /// [`Codex::notifications`](crate::blocking::Codex::notifications). The last handler that
                /// is set replaces the previous ones.
                pub fn $setter<F, T>(mut self, handler: F) -> Self
                where
                    F: Fn($request) -> T + Send + Sync + 'static,
                    T: IntoResponse<$response>,
                {
                    let handler = Arc::new(handler);
                    self.handlers.$on(move |request, _| {
                        let handler = Arc::clone(&handler);
                        run_on_thread(move || handler(request).into_response())
                    });
                    self
                }
            )*

            /// Sets a handler for requests of any method of the server, by the type of its params:
            /// `.on_request(|params: FileChangeRequestApprovalParams| { .. })`.
            ///
            /// Otherwise as the setters for single methods.
            pub fn on_request<P, F, T>(mut self, handler: F) -> Self
            where
                P: ServerCall + Send + 'static,
                F: Fn(P) -> T + Send + Sync + 'static,
                T: IntoResponse<P::Response>,
            {
                let handler = Arc::new(handler);
                self.handlers.on(move |params: P, _| {
                    let handler = Arc::clone(&handler);
                    run_on_thread(move || handler(params).into_response())
                });
                self
            }

            /// Sets one value as the handler of all requests. Replaces all handlers that were set
            /// before.
            pub fn handler(mut self, handler: impl ServerRequestHandler) -> Self {
                let handler = Arc::new(handler);
                $({
                    let handler = Arc::clone(&handler);
                    self.handlers.$on(move |request: $request, codex| {
                        let handler = Arc::clone(&handler);
                        run_on_thread(move || handler.$method(codex.into(), request))
                    });
                })*
                self
            }
        }
    };
}

handler_table!(define_setters);
