//! The request builders in blocking mode: their names, `send`, and the setters that differ.

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
        worker::{join, next, wait},
    },
    builder,
    error::Result,
    exec::output::ExecOutput,
    handler_table::handler_table,
    mode::Blocking,
    pages::{self, Paged},
    send_table::send_table,
    server_requests::{handler_result::IntoResponse, handler_thread::run_on_thread},
    turn_result::TurnResult,
};

/// Defines the names of the builders in blocking mode.
macro_rules! aliases {
    ($($(#[$doc:meta])* $name:ident $(<$param:ident $(= $default:ident)?>)?),* $(,)?) => {$(
        $(#[$doc])*
        pub type $name $(<$param $(= $default)?>)? = builder::$name<$($param,)? Blocking>;
    )*};
}

aliases! {
    /// A request for the account that is logged in (`account/read`), returned by
    /// [`Codex::account`].
    AccountReadBuilder,
    /// A request to start a login with a web browser (`account/login/start`), returned by
    /// [`Codex::login_chatgpt`].
    ChatgptLoginBuilder,
    /// A builder that configures a client and its server, returned by [`Codex::builder`].
    CodexBuilder,
    /// A request to start a login with a device code (`account/login/start`), returned by
    /// [`Codex::login_chatgpt_device_code`].
    DeviceCodeLoginBuilder,
    /// A request to run a command (`command/exec`), returned by [`Codex::exec`].
    ExecBuilder,
    /// A request to watch a path (`fs/watch`), returned by [`Codex::fs_watch`].
    FsWatchBuilder,
    /// A request to pursue a goal (`thread/goal/set`), returned by [`Thread::goal_start`] and
    /// [`Thread::goal_resume`].
    GoalStartBuilder,
    /// A wait for the end of a login, returned by [`ChatgptLoginHandle::wait`] and
    /// [`DeviceCodeLoginHandle::wait`]. There is no timeout by default.
    LoginWaitBuilder,
    /// A request for the list of models (`model/list`), returned by [`Codex::models`].
    ModelListBuilder,
    /// A request for any method of the protocol, returned by [`Codex::request`].
    RequestBuilder<R>,
    /// A request to review code (`review/start`), returned by [`Thread::review`].
    ReviewBuilder,
    /// A request to run a turn to its end (`turn/start`), returned by [`Thread::run`].
    RunBuilder<R = TurnResult>,
    /// A request to create a thread that begins with the history of another one (`thread/fork`),
    /// returned by [`Codex::thread_fork`].
    ThreadForkBuilder,
    /// A request for the list of saved threads (`thread/list`), returned by [`Codex::thread_list`].
    ThreadListBuilder,
    /// A request to read a saved thread (`thread/read`), returned by [`Thread::read`].
    ThreadReadBuilder,
    /// A request to resume a saved thread (`thread/resume`), returned by [`Codex::thread_resume`].
    ThreadResumeBuilder,
    /// A request to start a thread (`thread/start`), returned by [`Codex::thread_start`].
    ThreadStartBuilder,
    /// A request to start a turn (`turn/start`), returned by [`Thread::turn`].
    TurnStartBuilder<R = TurnResult>,
}

/// An iterator over the items of a list, page by page, returned by [`RequestBuilder::stream`] and
/// the `stream` methods of the list builders.
///
/// The next page is requested when all items of the previous one have been read. The iterator ends
/// after the last item of the list or after the first error.
pub type Pages<R> = pages::Pages<R, Blocking>;

macro_rules! define_send {
    ($(
        $(#[$doc:meta])* $builder:ident $(<$param:ident>)? -> $output:ty
        $({ $(#[$dropped:meta])* })?;
    )*) => {$(
        impl$(<$param>)? $builder$(<$param>)? {
            $(#[$doc])*
            ///
            /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker)
            /// if the calling thread cannot block.
            pub fn send(self) -> Result<$output> {
                wait(self.execute()).map(Into::into)
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
    /// [`Rpc`](crate::Error::Rpc) if the server refuses the request;
    /// [`Timeout`](crate::Error::Timeout) if the response does not arrive in time;
    /// [`Closed`](crate::Error::Closed) if the connection has ended;
    /// [`Decode`](crate::Error::Decode) if the response does not match the protocol.
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn send(self) -> Result<R::Response> {
        wait(self.execute())
    }
}

impl CodexBuilder {
    /// Starts the server and performs the handshake (`initialize`, `initialized`).
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::Error::InvalidInput) if an option is invalid;
    /// [`CodexNotFound`](crate::Error::CodexNotFound) if no `codex` is found;
    /// [`Launch`](crate::Error::Launch) if it cannot be started; [`Closed`](crate::Error::Closed),
    /// with the end of its standard error, if it ends before the handshake is complete;
    /// [`HandshakeTimeout`](crate::Error::HandshakeTimeout) if it does not respond in time;
    /// [`Rpc`](crate::Error::Rpc) if it refuses the handshake; [`Decode`](crate::Error::Decode) if
    /// its response cannot be read; [`VersionMismatch`](crate::Error::VersionMismatch) if the
    /// [policy](Self::version_policy) refuses its version.
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn start(self) -> Result<Codex> {
        wait(self.launch()).map(waiting_on_drop)
    }

    /// Performs the handshake with a server at the other end of these streams, which carry one JSON
    /// message per line: for example, a fake server in a test, or a server that another program has
    /// started. Options for the server process are ignored.
    ///
    /// # Errors
    ///
    /// Same as [`start`](Self::start), except for `CodexNotFound` and `Launch`. A client that is
    /// [supervised](Self::supervise) could not open the streams again:
    /// [`InvalidInput`](crate::Error::InvalidInput).
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn connect<R, W>(self, reader: R, writer: W) -> Result<Codex>
    where
        R: AsyncRead + Unpin + Send + 'static,
        W: AsyncWrite + Unpin + Send + 'static,
    {
        wait(self.join_streams(reader, writer)).map(waiting_on_drop)
    }
}

/// Returns the blocking client. Its runtime ends with the program: the drop of the last handle has to
/// wait for the end of the server.
pub(crate) fn waiting_on_drop(codex: crate::Codex) -> Codex {
    codex.connection().join_on_drop(join);
    codex.into()
}

impl ReviewBuilder {
    /// Starts the review and returns its turn as soon as the server has begun it, to stream its
    /// events or interrupt it. A review cannot be steered.
    ///
    /// # Errors
    ///
    /// Same as [`RequestBuilder::send`](crate::blocking::RequestBuilder#method.send).
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn start(self) -> Result<TurnHandle> {
        wait(self.start_turn()).map(Into::into)
    }
}

impl ExecBuilder {
    /// Starts the program and returns at once. The server does not report that a program has
    /// started: if it cannot be started, the first method called on the process returns the error.
    ///
    /// The output is streamed, which the Windows sandbox does not support: a server on Windows
    /// refuses the request.
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
        // Any error ends the list, so the flag need not be kept.
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
                #[doc = concat!("Sets the handler for [`ServerRequestHandler::", stringify!($method), "`].")]
                ///
                $(#[$doc])*
                ///
                /// The handler returns the response, or a `Result` containing it. It runs
                /// concurrently with other handlers, on a thread where it may block and use the
                /// client; it is not stopped when the server withdraws the request. If the
                /// handler returns an error or panics, the request is declined, and
                /// [`Codex::notifications`] reports the failure. Setting the handler again replaces
                /// it.
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

            /// Sets the handler for one kind of server request, which is selected by the type of
            /// its params.
            ///
            /// `.on_request(|params: FileChangeRequestApprovalParams| { .. })` handles approval
            /// requests for file changes.
            ///
            /// The handler runs in the same way as one set by the setter for a particular request.
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

            /// Sets one value as the handler for all requests, replacing all handlers set before.
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
