//! The table of request builders: the documentation of their `send`, and its output.

/// Calls a macro with the table. Each row is `docs Builder<type parameter> -> output { docs of the
/// dropped future };`, where the block is optional. Names are resolved where the macro is called,
/// so a handle is that of the async or the blocking API.
macro_rules! send_table {
    ($callback:ident) => {
        $callback! {
            /// Reads the account.
            ///
            /// # Errors
            ///
            /// Same as [`RequestBuilder::send`](crate::builder::RequestBuilder::send).
            AccountReadBuilder -> GetAccountResponse;

            /// Starts the login.
            ///
            /// # Errors
            ///
            /// Same as [`RequestBuilder::send`](crate::builder::RequestBuilder::send);
            /// [`Rpc`](crate::Error::Rpc) also if the configuration forbids logins with ChatGPT.
            ChatgptLoginBuilder -> ChatgptLoginHandle;

            /// Starts the login.
            ///
            /// # Errors
            ///
            /// Same as [`RequestBuilder::send`](crate::builder::RequestBuilder::send);
            /// [`Rpc`](crate::Error::Rpc) also if the server gets no code, or if the configuration
            /// forbids logins with ChatGPT.
            DeviceCodeLoginBuilder -> DeviceCodeLoginHandle;

            /// Runs the program to its end and collects its output.
            ///
            /// An exit code other than 0 is not an error.
            ///
            /// # Errors
            ///
            /// [`Rpc`](crate::Error::Rpc) if the program cannot be run,
            /// [`Closed`](crate::Error::Closed) if the connection ends before it, or
            /// [`Decode`](crate::Error::Decode) if the response does not match the protocol.
            ExecBuilder -> ExecOutput {
                /// If the future is dropped, the program is
                /// [terminated](crate::ExecProcess::terminate).
            };

            /// Begins to watch the path. Changes that happen later are reported.
            ///
            /// # Errors
            ///
            /// Same as [`RequestBuilder::send`](crate::builder::RequestBuilder::send);
            /// [`Rpc`](crate::Error::Rpc) also for a path that is not absolute.
            FsWatchBuilder -> FsWatcher;

            /// Begins to pursue the goal. The server starts the first turn when the thread is idle,
            /// possibly after this returns.
            ///
            /// # Errors
            ///
            /// Same as [`RequestBuilder::send`](crate::builder::RequestBuilder::send);
            /// [`Rpc`](crate::Error::Rpc) also for an ephemeral thread, and for a thread without a
            /// goal to resume. After a timeout the goal may be active.
            GoalStartBuilder -> GoalHandle;

            /// Waits for the login to complete, which need not be a success: an attempt that was
            /// cancelled, replaced or refused, or that expired, has `success: false` and the reason
            /// of the server in `error`.
            ///
            /// # Errors
            ///
            /// [`Closed`](crate::Error::Closed) if the connection ends before the login does,
            /// [`Timeout`](crate::Error::Timeout), or [`Decode`](crate::Error::Decode) if the
            /// completion does not match the protocol.
            LoginWaitBuilder -> AccountLoginCompletedNotification {
                /// If the future is dropped, the attempt continues, and can be waited for again.
            };

            /// Requests one page.
            ///
            /// # Errors
            ///
            /// Same as [`RequestBuilder::send`](crate::builder::RequestBuilder::send).
            ModelListBuilder -> ModelListResponse;

            /// Reviews the code. The review is the
            /// [`final_response`](crate::TurnResult::final_response) of the result, and its
            /// [`review`](crate::TurnResult::review).
            ///
            /// # Errors
            ///
            /// Same as [`RequestBuilder::send`](crate::builder::RequestBuilder::send) and
            /// [`TurnHandle::run`];
            /// [`TurnTimeout`](crate::Error::TurnTimeout) if the review was interrupted.
            ReviewBuilder -> TurnResult {
                /// If the future is dropped while the review is running, the review continues.
            };

            /// Runs the turn to its end and collects its result.
            ///
            /// # Errors
            ///
            /// Same as [`TurnStartBuilder::send`](crate::builder::TurnStartBuilder::send) and
            /// [`TurnHandle::run`];
            /// [`TurnTimeout`](crate::Error::TurnTimeout) if the turn was interrupted.
            RunBuilder<R> -> R {
                /// If the future is dropped before the request was sent, nothing happens. If it is
                /// dropped later, the turn continues. To stop a turn, set a
                /// [`timeout`](Self::timeout), or [interrupt](crate::TurnHandle::interrupt) a turn
                /// from [`Thread::turn`](crate::Thread::turn).
            };

            /// Creates the new thread.
            ///
            /// # Errors
            ///
            /// Same as [`RequestBuilder::send`](crate::builder::RequestBuilder::send);
            /// [`Rpc`](crate::Error::Rpc) also for a thread without a turn.
            ThreadForkBuilder -> Thread;

            /// Requests one page.
            ///
            /// # Errors
            ///
            /// Same as [`RequestBuilder::send`](crate::builder::RequestBuilder::send).
            ThreadListBuilder -> ThreadListResponse;

            /// Reads the thread.
            ///
            /// # Errors
            ///
            /// Same as [`RequestBuilder::send`](crate::builder::RequestBuilder::send);
            /// [`Rpc`](crate::Error::Rpc) also for the turns of a thread without one.
            ThreadReadBuilder -> ThreadReadResponse;

            /// Resumes the thread.
            ///
            /// # Errors
            ///
            /// Same as [`RequestBuilder::send`](crate::builder::RequestBuilder::send);
            /// [`Rpc`](crate::Error::Rpc) also for a thread without a turn.
            ThreadResumeBuilder -> Thread;

            /// Starts the thread.
            ///
            /// # Errors
            ///
            /// Same as [`RequestBuilder::send`](crate::builder::RequestBuilder::send).
            /// [`InvalidInput`](crate::Error::InvalidInput) for tools with an invalid or duplicate
            /// name, for tools whose arguments have no schema, and for tools of a client without
            /// the experimental API; nothing is sent then.
            ThreadStartBuilder -> Thread;

            /// Starts the turn and returns its handle.
            ///
            /// # Errors
            ///
            /// Same as [`RequestBuilder::send`](crate::builder::RequestBuilder::send). After a
            /// timeout the turn may be running. With [`output`](Self::output),
            /// [`InvalidInput`](crate::Error::InvalidInput) if the type has no strict schema;
            /// nothing is sent then.
            TurnStartBuilder<R> -> TurnHandle<R> {
                /// If the future is dropped before the request was sent, nothing happens. If it is
                /// dropped later, the turn runs, and its events go to
                /// [`Codex::notifications`](crate::Codex::notifications).
            };
        }
    };
}

pub(crate) use send_table;
