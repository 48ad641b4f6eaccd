//! The table of request builders: the documentation and the output of their `send` methods.

/// Calls a macro with the table. Each row is `docs Builder<type parameter> -> output { docs of the
/// dropped future };`, where the block is optional. Names are resolved where the macro is called,
/// so a handle type is the async or the blocking one, depending on the caller.
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
            /// Same as [`RequestBuilder::send`](crate::builder::RequestBuilder::send); also
            /// [`Rpc`](crate::Error::Rpc) if the configuration forbids logins with ChatGPT.
            ChatgptLoginBuilder -> ChatgptLoginHandle;

            /// Starts the login.
            ///
            /// # Errors
            ///
            /// Same as [`RequestBuilder::send`](crate::builder::RequestBuilder::send); also
            /// [`Rpc`](crate::Error::Rpc) if the server cannot obtain a code, or if the
            /// configuration forbids logins with ChatGPT.
            DeviceCodeLoginBuilder -> DeviceCodeLoginHandle;

            /// Runs the program to completion and collects its output.
            ///
            /// An exit code other than 0 is not an error.
            ///
            /// # Errors
            ///
            /// [`Rpc`](crate::Error::Rpc) if the program cannot be run,
            /// [`Closed`](crate::Error::Closed) if the connection ends before the program does, or
            /// [`Decode`](crate::Error::Decode) if the response does not match the protocol.
            ExecBuilder -> ExecOutput {
                /// If the future is dropped, the program is
                /// [terminated](crate::ExecProcess::terminate).
            };

            /// Starts watching the path. Changes are reported from then on.
            ///
            /// # Errors
            ///
            /// Same as [`RequestBuilder::send`](crate::builder::RequestBuilder::send); also
            /// [`Rpc`](crate::Error::Rpc) for a path that is not absolute.
            FsWatchBuilder -> FsWatcher;

            /// Starts pursuing the goal. The server starts the first turn once the thread is idle,
            /// possibly after this call has returned.
            ///
            /// # Errors
            ///
            /// Same as [`RequestBuilder::send`](crate::builder::RequestBuilder::send); also
            /// [`Rpc`](crate::Error::Rpc) for an ephemeral thread, or for a thread without a goal
            /// to resume. After a timeout, the goal may be active.
            GoalStartBuilder -> GoalHandle;

            /// Waits for the login to complete, whether or not it succeeds: an attempt that was
            /// cancelled, replaced or refused, or that expired, has `success: false` and the
            /// server's reason in `error`.
            ///
            /// # Errors
            ///
            /// [`Closed`](crate::Error::Closed) if the connection ends before the login does,
            /// [`Timeout`](crate::Error::Timeout) if the login does not complete in time, or
            /// [`Decode`](crate::Error::Decode) if the completion does not match the protocol.
            LoginWaitBuilder -> AccountLoginCompletedNotification {
                /// If the future is dropped, the attempt continues, and can be waited for again.
            };

            /// Requests one page.
            ///
            /// # Errors
            ///
            /// Same as [`RequestBuilder::send`](crate::builder::RequestBuilder::send).
            ModelListBuilder -> ModelListResponse;

            /// Reviews the code. Both the [`final_response`](crate::TurnResult::final_response) and
            /// the [`review`](crate::TurnResult::review) of the result contain the text of the
            /// review.
            ///
            /// # Errors
            ///
            /// Same as [`RequestBuilder::send`](crate::builder::RequestBuilder::send) and
            /// [`TurnHandle::run`]; [`TurnTimeout`](crate::Error::TurnTimeout) if the review
            /// exceeded its timeout or its idle timeout and was interrupted.
            ReviewBuilder -> TurnResult {
                /// If the future is dropped while the review is running, the review continues.
            };

            /// Runs the turn to completion and collects its result.
            ///
            /// # Errors
            ///
            /// Same as [`TurnStartBuilder::send`](crate::builder::TurnStartBuilder::send) and
            /// [`TurnHandle::run`]; [`TurnTimeout`](crate::Error::TurnTimeout) if the turn exceeded
            /// its timeout or its idle timeout and was interrupted.
            RunBuilder<R> -> R {
                /// If the future is dropped before the request is sent, nothing happens. If it is
                /// dropped later, the turn continues. To stop a turn, set a
                /// [`timeout`](Self::timeout), or [interrupt](crate::TurnHandle::interrupt) a turn
                /// from [`Thread::turn`](crate::Thread::turn).
            };

            /// Creates the new thread.
            ///
            /// # Errors
            ///
            /// Same as [`RequestBuilder::send`](crate::builder::RequestBuilder::send); also
            /// [`Rpc`](crate::Error::Rpc) for a thread without a turn.
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
            /// Same as [`RequestBuilder::send`](crate::builder::RequestBuilder::send); also
            /// [`Rpc`](crate::Error::Rpc) if the turns of a thread that has none are requested.
            ThreadReadBuilder -> ThreadReadResponse;

            /// Resumes the thread.
            ///
            /// # Errors
            ///
            /// Same as [`RequestBuilder::send`](crate::builder::RequestBuilder::send); also
            /// [`Rpc`](crate::Error::Rpc) for a thread without a turn.
            ThreadResumeBuilder -> Thread;

            /// Starts the thread.
            ///
            /// # Errors
            ///
            /// Same as [`RequestBuilder::send`](crate::builder::RequestBuilder::send).
            /// [`InvalidInput`](crate::Error::InvalidInput) for tools with an invalid or duplicate
            /// name, for tools whose arguments have no schema, and for tools of a client without
            /// the experimental API; in these cases, nothing is sent.
            ThreadStartBuilder -> Thread;

            /// Starts the turn and returns its handle.
            ///
            /// # Errors
            ///
            /// Same as [`RequestBuilder::send`](crate::builder::RequestBuilder::send). After a
            /// timeout, the turn may be running. With [`output`](Self::output),
            /// [`InvalidInput`](crate::Error::InvalidInput) if the type has no strict schema, in
            /// which case nothing is sent.
            TurnStartBuilder<R> -> TurnHandle<R> {
                /// If the future is dropped before the request is sent, nothing happens. If it is
                /// dropped later, the turn runs, and its events go to
                /// [`Codex::notifications`](crate::Codex::notifications).
            };
        }
    };
}

pub(crate) use send_table;
