//! The methods of the client.

pub(crate) mod builder;
pub(crate) mod handler_setters;
#[cfg(feature = "websocket")]
pub(crate) mod remote;

use std::{
    future::Future,
    path::{self, Path},
    sync::Arc,
};

use codex_types::{
    ApiKeyLoginAccountParams, GetAccountRateLimitsParams, GetAccountRateLimitsResponse,
    InitializeResponse, LoginAccountParams, Request, ThreadArchiveParams, ThreadSortKey,
    ThreadUnarchiveParams, ThreadUnsubscribeParams, request,
};

use crate::{
    account::AccountReadBuilder,
    client::{Codex, Thread, WeakCodex},
    codex::builder::CodexBuilder,
    error::{Error, Result, connection_closed::ConnectionClosed},
    exec::start::ExecBuilder,
    fs_watch::FsWatchBuilder,
    inbox::request_inbox::RequestInbox,
    login::start::{ChatgptLoginBuilder, DeviceCodeLoginBuilder},
    models::ModelListBuilder,
    notifications::Notifications,
    request_builder::RequestBuilder,
    run_input::RunInput,
    stderr::StderrLines,
    supervisor::events::SessionEvents,
    thread::{
        list::ThreadListBuilder,
        start::{ThreadForkBuilder, ThreadResumeBuilder, ThreadStartBuilder},
    },
    version::Version,
};

impl Codex {
    /// Finds the installed `codex`, starts its app-server and performs the handshake, with the
    /// defaults of [`builder`](Self::builder).
    ///
    /// # Errors
    ///
    /// Same as [`CodexBuilder::start`].
    pub async fn start() -> Result<Self> {
        Self::builder().start().await
    }

    /// Returns a builder to configure the server and the connection.
    ///
    /// ```no_run
    /// use codex_client::{Codex, Result};
    ///
    /// async fn example() -> Result<Codex> {
    ///     Codex::builder()
    ///         .cwd("/work/app")
    ///         .config("model", "gpt-5.4")
    ///         .start()
    ///         .await
    /// }
    /// ```
    pub fn builder() -> CodexBuilder {
        CodexBuilder::new()
    }

    /// Starts a thread (`thread/start`).
    ///
    /// ```no_run
    /// use codex_client::{Codex, Result, Sandbox, Thread};
    ///
    /// async fn example(codex: &Codex) -> Result<Thread> {
    ///     codex
    ///         .thread_start()
    ///         .model("gpt-5.4")
    ///         .sandbox(Sandbox::WorkspaceWrite)
    ///         .await
    /// }
    /// ```
    pub fn thread_start(&self) -> ThreadStartBuilder {
        ThreadStartBuilder::new(self)
    }

    /// Returns the answer to a single question: starts an ephemeral thread with the settings of the
    /// configuration, runs one turn, and unsubscribes from the thread. The server then unloads the
    /// thread, which is not saved.
    ///
    /// If the future is dropped, the turn is interrupted. The answer is empty if the model gives
    /// none. For options, typed output or the whole result, such as its
    /// [tokens](crate::TurnResult::tokens), use [`thread_start`](Self::thread_start) with
    /// [`ephemeral`](ThreadStartBuilder::ephemeral), and [`Thread::run`].
    ///
    /// ```no_run
    /// use codex_client::{Codex, Result};
    ///
    /// async fn example(codex: &Codex) -> Result<()> {
    ///     println!("{}", codex.ask("What does this repository do?").await?);
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Same as [`RequestBuilder::send`] and [`TurnHandle::run`](crate::TurnHandle::run).
    pub async fn ask(&self, input: impl Into<RunInput>) -> Result<String> {
        let input = input.into();
        let thread = self.thread_start().ephemeral(true).await?;
        let result = thread.run(input).interrupt_on_drop().await;
        // The thread ends with the connection at the latest.
        let _ = self
            .request(ThreadUnsubscribeParams::new(thread.id()))
            .await;
        Ok(result?.final_response.unwrap_or_default())
    }

    /// Resumes a saved thread by its id (`thread/resume`). A thread can be resumed only after its
    /// first turn.
    pub fn thread_resume(&self, id: impl Into<String>) -> ThreadResumeBuilder {
        ThreadResumeBuilder::new(self, id.into())
    }

    /// Returns a handle for a thread whose id is known, without a request, such as in a web handler
    /// that receives the id. The id is not checked: an unknown one is refused by the first request.
    ///
    /// [`read`](Thread::read), [`set_name`](Thread::set_name) and [`goal`](Thread::goal) work on
    /// any saved thread. Turns need a thread that this client has started, resumed or forked. A
    /// server that has not loaded the thread refuses them with
    /// [`ThreadNotLoaded`](crate::RpcErrorKind::ThreadNotLoaded): use
    /// [`thread_resume`](Self::thread_resume) instead.
    ///
    /// ```no_run
    /// use codex_client::{Codex, Result, TurnResult};
    ///
    /// async fn message(codex: &Codex, id: &str, text: &str) -> Result<TurnResult> {
    ///     codex.thread(id).run(text).await
    /// }
    /// ```
    pub fn thread(&self, id: impl AsRef<str>) -> Thread {
        Thread::new(self.clone(), id.as_ref())
    }

    /// Resumes the saved thread in this working directory that was updated last (`thread/list`,
    /// `thread/resume`). Returns `None` if there is none. Archived threads do not count. A relative
    /// path is resolved against the working directory of this program.
    ///
    /// # Errors
    ///
    /// Same as [`RequestBuilder::send`]; also [`InvalidInput`](crate::Error::InvalidInput) if the
    /// path is not valid Unicode.
    pub async fn thread_resume_latest(&self, cwd: impl AsRef<Path>) -> Result<Option<Thread>> {
        let cwd = path::absolute(cwd.as_ref())
            .map_err(|error| Error::InvalidInput(error.to_string().into()))?;
        let list = self.thread_list().cwd(&*cwd).limit(1);
        let page = list.sort_key(ThreadSortKey::UpdatedAt).await?;
        match page.data.into_iter().next() {
            Some(latest) => self.thread_resume(latest.id).await.map(Some),
            None => Ok(None),
        }
    }

    /// Creates a thread that begins with the history of another one (`thread/fork`).
    pub fn thread_fork(&self, id: impl Into<String>) -> ThreadForkBuilder {
        ThreadForkBuilder::new(self, id.into())
    }

    /// Lists the saved threads, one page or all of them (`thread/list`).
    pub fn thread_list(&self) -> ThreadListBuilder {
        ThreadListBuilder::new(self)
    }

    /// Archives a thread and the threads that it has spawned (`thread/archive`).
    ///
    /// # Errors
    ///
    /// Same as [`RequestBuilder::send`]; also [`Rpc`](crate::Error::Rpc) if the thread has no
    /// turns.
    pub async fn thread_archive(&self, id: impl Into<String>) -> Result<()> {
        let params = ThreadArchiveParams::new(id);
        self.request(params).send().await.map(drop)
    }

    /// Moves a thread out of the archive (`thread/unarchive`). The thread is not loaded: use
    /// [`thread_resume`](Self::thread_resume) before its next turn.
    ///
    /// # Errors
    ///
    /// Same as [`RequestBuilder::send`]; also [`Rpc`](crate::Error::Rpc) if the thread is not
    /// archived.
    pub async fn thread_unarchive(&self, id: impl Into<String>) -> Result<Thread> {
        let params = ThreadUnarchiveParams::new(id);
        let unarchived = self.request(params).send().await?;
        Ok(Thread::new(self.clone(), &unarchived.thread.id))
    }

    /// Sends a request for any method of the protocol, with its typed params.
    ///
    /// ```no_run
    /// use codex_client::{
    ///     Codex, Result,
    ///     protocol::{ThreadReadParams, request},
    /// };
    ///
    /// async fn example(codex: &Codex, id: String) -> Result<()> {
    ///     let read = codex.request(ThreadReadParams::new(id).include_turns(true)).await?;
    ///     println!("{} turns", read.thread.turns.len());
    ///     codex.request(request::MemoryReset).await?;
    ///     Ok(())
    /// }
    /// ```
    pub fn request<R: Request>(&self, params: R) -> RequestBuilder<R> {
        RequestBuilder::new(self, params)
    }

    /// Subscribes to the notifications that belong to no turn of this client: those about threads,
    /// the account, the server itself, and turns that other clients started.
    ///
    /// The first subscriber also receives the first MiB of notifications that arrived before it
    /// subscribed, even after the connection has ended. A subscriber that does not keep up receives
    /// [`Lagged`](crate::Error::Lagged) with the number of dropped notifications.
    pub fn notifications(&self) -> Notifications {
        Notifications::new(self)
    }

    /// Subscribes to the ends and beginnings of the sessions of this client, if it is
    /// [supervised](crate::builder::CodexBuilder::supervise).
    pub fn session_events(&self) -> SessionEvents {
        SessionEvents::new(self)
    }

    /// Opens an inbox for the requests from the server that have no handler, so that you can
    /// respond to them in your own time. While the inbox exists, such requests are not declined.
    ///
    /// Each request is delivered only once. If there are several inboxes, the one opened last
    /// receives it. An inbox for [its thread](Thread::server_requests) takes precedence over all
    /// others.
    ///
    /// ```no_run
    /// use codex_client::{Codex, Decision, Result};
    ///
    /// async fn example(codex: &Codex) -> Result<()> {
    ///     let mut inbox = codex.server_requests();
    ///     while let Some(pending) = inbox.next().await {
    ///         if let Some(request) = pending.approval() {
    ///             let is_safe = request.is_read_only();
    ///             pending.respond(if is_safe { Decision::Accept } else { Decision::Decline })?;
    ///         }
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn server_requests(&self) -> RequestInbox {
        RequestInbox::new(self.dispatch().open_inbox(None))
    }

    /// Runs a command in the server's sandbox, without a thread or a turn (`command/exec`). The
    /// first word is the program, and the others are its arguments; no shell is involved.
    ///
    /// ```no_run
    /// use codex_client::{Codex, Result};
    ///
    /// async fn example(codex: &Codex) -> Result<()> {
    ///     let output = codex.exec(["git", "status", "--short"]).await?;
    ///     println!("{} {}", output.exit_code, output.stdout_lossy());
    ///     Ok(())
    /// }
    /// ```
    pub fn exec<I>(&self, command: I) -> ExecBuilder
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        ExecBuilder::new(self, command)
    }

    /// Watches a file or a directory on the server's machine, by its absolute path (`fs/watch`).
    /// For a directory, its direct children are watched. The path need not exist yet.
    ///
    /// ```no_run
    /// use codex_client::{Codex, Result};
    ///
    /// async fn example(codex: &Codex) -> Result<()> {
    ///     let mut changes = codex.fs_watch("/work/repo/.git/HEAD").await?;
    ///     while let Some(changed) = changes.next().await {
    ///         println!("{:?}", changed?.changed_paths);
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn fs_watch(&self, path: impl AsRef<Path>) -> FsWatchBuilder {
        FsWatchBuilder::new(self, path.as_ref())
    }

    /// Lists the models that the server offers (`model/list`).
    pub fn models(&self) -> ModelListBuilder {
        ModelListBuilder::new(self)
    }

    /// Reads the account that is logged in (`account/read`).
    pub fn account(&self) -> AccountReadBuilder {
        AccountReadBuilder::new(self)
    }

    /// Reads the rate limits of the account that is logged in, with the times of their resets
    /// (`account/rateLimits/read`). Changes are reported by
    /// [`notifications`](Self::notifications), as
    /// [`AccountRateLimitsUpdated`](crate::types::ServerNotification::AccountRateLimitsUpdated).
    ///
    /// # Errors
    ///
    /// Same as [`RequestBuilder::send`]; also [`Rpc`](crate::Error::Rpc) if no ChatGPT account is
    /// logged in.
    pub async fn rate_limits(&self) -> Result<GetAccountRateLimitsResponse> {
        let params = GetAccountRateLimitsParams::default();
        self.request(params).send().await
    }

    /// Logs in with an API key (`account/login/start`). The server saves the key in its home
    /// directory.
    ///
    /// # Errors
    ///
    /// Same as [`RequestBuilder::send`]. No error contains the key.
    pub async fn login_api_key(&self, key: impl Into<String>) -> Result<()> {
        let params = LoginAccountParams::from(ApiKeyLoginAccountParams::new(key));
        self.request(params).send().await.map(drop)
    }

    /// Starts a login with a web browser (`account/login/start` with `chatgpt`): the user opens the
    /// [URL](crate::ChatgptLoginHandle::auth_url) and logs in there.
    ///
    /// The browser is redirected to a port that the server opens on its own machine. If the browser
    /// runs on a different machine, use
    /// [`login_chatgpt_device_code`](Self::login_chatgpt_device_code).
    ///
    /// A server allows one such attempt at a time: a new attempt replaces the previous one, which
    /// then completes unsuccessfully.
    pub fn login_chatgpt(&self) -> ChatgptLoginBuilder {
        ChatgptLoginBuilder::new(self)
    }

    /// Starts a login with a device code (`account/login/start` with `chatgptDeviceCode`): the user
    /// opens the [URL](crate::DeviceCodeLoginHandle::verification_url) on any machine and enters
    /// the [code](crate::DeviceCodeLoginHandle::user_code).
    pub fn login_chatgpt_device_code(&self) -> DeviceCodeLoginBuilder {
        DeviceCodeLoginBuilder::new(self)
    }

    /// Logs out (`account/logout`). This is a no-op if no account is logged in.
    ///
    /// # Errors
    ///
    /// Same as [`RequestBuilder::send`].
    pub async fn logout(&self) -> Result<()> {
        self.request(request::AccountLogout).send().await.map(drop)
    }

    /// Returns the description of the server from the handshake (`initialize`): its user agent,
    /// home directory and platform. A [supervised](crate::supervisor) client returns that of its
    /// first session.
    pub fn metadata(&self) -> &InitializeResponse {
        &self.metadata
    }

    /// Returns the version of the server, from the user agent in [`metadata`](Self::metadata).
    /// `None` if the server does not report it.
    ///
    /// ```no_run
    /// use codex_client::{Codex, version::Version};
    ///
    /// fn is_recent(codex: &Codex) -> bool {
    ///     codex.server_version() >= Some(&Version::new(0, 150, 0))
    /// }
    /// ```
    pub fn server_version(&self) -> Option<&Version> {
        self.connection().server_version()
    }

    /// Waits for the end of the connection, and returns how it ended.
    ///
    /// The future does not keep the connection open, and does not borrow the client.
    ///
    /// ```no_run
    /// use codex_client::Codex;
    ///
    /// fn watch(codex: &Codex) {
    ///     let closed = codex.closed();
    ///     tokio::spawn(async move { eprintln!("{}", closed.await) });
    /// }
    /// ```
    pub fn closed(&self) -> impl Future<Output = Arc<ConnectionClosed>> + Send + use<> {
        self.connection().ended()
    }

    /// Returns the id of the server process. `None` if this client did not start the server.
    ///
    /// If the client is [supervised](crate::supervisor), the id is that of the last process that it
    /// started.
    pub fn pid(&self) -> Option<u32> {
        self.process_id()
    }

    /// Returns the lines that the server writes to its standard error, beginning with those of the
    /// last 64 KiB. Empty if this client did not start the server.
    ///
    /// If the client is [supervised](crate::supervisor), the lines are those of the last process
    /// that it started. They end with that process.
    pub fn stderr(&self) -> StderrLines {
        StderrLines::new(self.stderr_tail().as_ref())
    }

    /// Returns a handle that does not keep the server running, for values that the client itself
    /// keeps alive, such as handlers.
    pub fn downgrade(&self) -> WeakCodex {
        self.weak()
    }

    /// Closes the connection and waits for the server to exit, but not for running turns to end.
    /// Pending requests and streams end with [`Closed`](crate::Error::Closed). A server that this
    /// client did not start is left running.
    ///
    /// The server exits when its standard input is closed. It is killed if it does not exit within
    /// a few seconds. If the future is dropped, the server still ends, in the background.
    ///
    /// # Errors
    ///
    /// Currently, this method never fails. Closing a client that is already closed is a no-op.
    pub async fn close(self) -> Result<()> {
        self.connection().close().await;
        Ok(())
    }
}
