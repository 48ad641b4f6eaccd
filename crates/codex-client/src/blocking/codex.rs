//! The client of the blocking API.

use std::{path::Path, sync::Arc};

use codex_types::{GetAccountRateLimitsResponse, InitializeResponse, Request};

use super::{
    AccountReadBuilder, ChatgptLoginBuilder, CodexBuilder, DeviceCodeLoginBuilder, ExecBuilder,
    FsWatchBuilder, ModelListBuilder, RequestBuilder, ThreadForkBuilder, ThreadListBuilder,
    ThreadResumeBuilder, ThreadStartBuilder,
};
use crate::{
    blocking::{
        notifications::{Notifications, StderrLines},
        requests::RequestInbox,
        sessions::SessionEvents,
        thread::Thread,
        worker::wait,
    },
    error::{Result, connection_closed::ConnectionClosed},
    run_input::RunInput,
    version::Version,
};

/// A client for one app-server.
///
/// Cheap to clone; all clones refer to the same client, which several threads may use at once. The
/// server ends after [`close`](Self::close), or once all clones, and all handles created from them,
/// have been dropped. Dropping the last handle waits for the server to exit, like `close`, except
/// inside an async runtime.
///
/// ```no_run
/// use codex_client::{Result, blocking::Codex};
///
/// fn example() -> Result<()> {
///     let codex = Codex::start()?;
///     let thread = codex.thread_start().model("gpt-5.4").send()?;
///     let result = thread.run("Say hello.").send()?;
///     println!("{}", result.final_response.as_deref().unwrap_or("(no response)"));
///     codex.close()
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Codex {
    inner: crate::Codex,
}

impl Codex {
    /// Finds the installed `codex`, starts its app-server and performs the handshake, with the
    /// defaults of [`builder`](Self::builder).
    ///
    /// # Errors
    ///
    /// Same as [`CodexBuilder::start`](crate::blocking::CodexBuilder#method.start).
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn start() -> Result<Self> {
        Self::builder().start()
    }

    /// Returns a builder to configure the server and the connection.
    ///
    /// ```no_run
    /// use codex_client::{Result, blocking::Codex};
    ///
    /// fn example() -> Result<Codex> {
    ///     Codex::builder()
    ///         .cwd("/work/app")
    ///         .config("model", "gpt-5.4")
    ///         .start()
    /// }
    /// ```
    pub fn builder() -> CodexBuilder {
        CodexBuilder::new()
    }

    /// Starts a thread (`thread/start`).
    ///
    /// ```no_run
    /// use codex_client::{
    ///     Result, Sandbox,
    ///     blocking::{Codex, Thread},
    /// };
    ///
    /// fn example(codex: &Codex) -> Result<Thread> {
    ///     codex
    ///         .thread_start()
    ///         .model("gpt-5.4")
    ///         .sandbox(Sandbox::WorkspaceWrite)
    ///         .send()
    /// }
    /// ```
    pub fn thread_start(&self) -> ThreadStartBuilder {
        ThreadStartBuilder::new(&self.inner)
    }

    /// Returns the answer to a single question: starts an ephemeral thread with the settings of the
    /// configuration, runs one turn, and unsubscribes from the thread. The server then unloads the
    /// thread, which is not saved.
    ///
    /// The answer is empty if the model gives none. For options, typed output or the whole result,
    /// such as its [tokens](crate::TurnResult::tokens), use [`thread_start`](Self::thread_start)
    /// with [`ephemeral`](crate::blocking::ThreadStartBuilder#method.ephemeral), and
    /// [`Thread::run`].
    ///
    /// ```no_run
    /// use codex_client::{Result, blocking::Codex};
    ///
    /// fn example(codex: &Codex) -> Result<()> {
    ///     println!("{}", codex.ask("What does this repository do?")?);
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Same as [`RequestBuilder::send`](crate::blocking::RequestBuilder#method.send) and
    /// [`TurnHandle::run`](crate::blocking::TurnHandle::run).
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn ask(&self, input: impl Into<RunInput>) -> Result<String> {
        wait(self.inner.ask(input))
    }

    /// Resumes a saved thread by its id (`thread/resume`). A thread can be resumed only after its
    /// first turn.
    pub fn thread_resume(&self, id: impl Into<String>) -> ThreadResumeBuilder {
        ThreadResumeBuilder::new(&self.inner, id.into())
    }

    /// Returns a handle for a thread whose id is known, without a request, such as in a web handler
    /// that receives the id. The id is not checked: an unknown one is refused by the first request.
    ///
    /// [`read`](Thread::read), [`set_name`](Thread::set_name) and [`goal`](Thread::goal) work on
    /// any saved thread. Turns need a thread that this client has started, resumed or forked. A
    /// server that has not loaded the thread refuses them with
    /// [`ThreadNotLoaded`](crate::RpcErrorKind::ThreadNotLoaded): use
    /// [`thread_resume`](Self::thread_resume) instead.
    pub fn thread(&self, id: impl AsRef<str>) -> Thread {
        self.inner.thread(id).into()
    }

    /// Resumes the saved thread in this working directory that was updated last (`thread/list`,
    /// `thread/resume`). Returns `None` if there is none. Archived threads do not count. A relative
    /// path is resolved against the working directory of this program.
    ///
    /// # Errors
    ///
    /// Same as [`RequestBuilder::send`](crate::blocking::RequestBuilder#method.send); also
    /// [`InvalidInput`](crate::Error::InvalidInput) if the path is not valid Unicode.
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn thread_resume_latest(&self, cwd: impl AsRef<Path>) -> Result<Option<Thread>> {
        let latest = wait(self.inner.thread_resume_latest(cwd))?;
        Ok(latest.map(Into::into))
    }

    /// Creates a thread that begins with the history of another one (`thread/fork`).
    pub fn thread_fork(&self, id: impl Into<String>) -> ThreadForkBuilder {
        ThreadForkBuilder::new(&self.inner, id.into())
    }

    /// Lists the saved threads, one page or all of them (`thread/list`).
    pub fn thread_list(&self) -> ThreadListBuilder {
        ThreadListBuilder::new(&self.inner)
    }

    /// Archives a thread and the threads that it has spawned (`thread/archive`).
    ///
    /// # Errors
    ///
    /// Same as [`RequestBuilder::send`](crate::blocking::RequestBuilder#method.send); also
    /// [`Rpc`](crate::Error::Rpc) if the thread has no turns.
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn thread_archive(&self, id: impl Into<String>) -> Result<()> {
        wait(self.inner.thread_archive(id))
    }

    /// Moves a thread out of the archive (`thread/unarchive`). The thread is not loaded: use
    /// [`thread_resume`](Self::thread_resume) before its next turn.
    ///
    /// # Errors
    ///
    /// Same as [`RequestBuilder::send`](crate::blocking::RequestBuilder#method.send); also
    /// [`Rpc`](crate::Error::Rpc) if the thread is not archived.
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn thread_unarchive(&self, id: impl Into<String>) -> Result<Thread> {
        wait(self.inner.thread_unarchive(id)).map(Into::into)
    }

    /// Sends a request for any method of the protocol, with its typed params.
    ///
    /// ```no_run
    /// use codex_client::{
    ///     Result,
    ///     blocking::Codex,
    ///     protocol::{ThreadReadParams, request},
    /// };
    ///
    /// fn example(codex: &Codex, id: String) -> Result<()> {
    ///     let read = codex.request(ThreadReadParams::new(id).include_turns(true)).send()?;
    ///     println!("{} turns", read.thread.turns.len());
    ///     codex.request(request::MemoryReset).send()?;
    ///     Ok(())
    /// }
    /// ```
    pub fn request<R: Request>(&self, params: R) -> RequestBuilder<R> {
        RequestBuilder::new(&self.inner, params)
    }

    /// Subscribes to the notifications that belong to no turn of this client: those about threads,
    /// the account, the server itself, and turns that other clients started.
    ///
    /// The first subscriber also receives the first MiB of notifications that arrived before it
    /// subscribed, even after the connection has ended. A subscriber that does not keep up receives
    /// [`Lagged`](crate::Error::Lagged) with the number of dropped notifications.
    pub fn notifications(&self) -> Notifications {
        self.inner.notifications().into()
    }

    /// Subscribes to the ends and beginnings of the sessions of this client, if it is
    /// [supervised](crate::blocking::CodexBuilder::supervise).
    pub fn session_events(&self) -> SessionEvents {
        self.inner.session_events().into()
    }

    /// Opens an inbox for the requests from the server that have no handler, so that you can
    /// respond to them in your own time. While the inbox exists, such requests are not declined.
    ///
    /// Each request is delivered only once. If there are several inboxes, the one opened last
    /// receives it. An inbox for [its thread](Thread::server_requests) takes precedence over all
    /// others.
    ///
    /// ```no_run
    /// use codex_client::{Decision, Result, blocking::Codex};
    ///
    /// fn example(codex: &Codex) -> Result<()> {
    ///     for pending in codex.server_requests() {
    ///         if let Some(request) = pending.approval() {
    ///             let is_safe = request.is_read_only();
    ///             pending.respond(if is_safe { Decision::Accept } else { Decision::Decline })?;
    ///         }
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn server_requests(&self) -> RequestInbox {
        self.inner.server_requests().into()
    }

    /// Runs a command in the server's sandbox, without a thread or a turn (`command/exec`). The
    /// first word is the program, and the others are its arguments; no shell is involved.
    ///
    /// ```no_run
    /// use codex_client::{Result, blocking::Codex};
    ///
    /// fn example(codex: &Codex) -> Result<()> {
    ///     let output = codex.exec(["git", "status", "--short"]).send()?;
    ///     println!("{} {}", output.exit_code, output.stdout_lossy());
    ///     Ok(())
    /// }
    /// ```
    pub fn exec<I>(&self, command: I) -> ExecBuilder
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        ExecBuilder::new(&self.inner, command)
    }

    /// Watches a file or a directory on the server's machine, by its absolute path (`fs/watch`).
    /// For a directory, its direct children are watched. The path need not exist yet.
    ///
    /// ```no_run
    /// use codex_client::{Result, blocking::Codex};
    ///
    /// fn example(codex: &Codex) -> Result<()> {
    ///     for changed in codex.fs_watch("/work/repo/.git/HEAD").send()? {
    ///         println!("{:?}", changed?.changed_paths);
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn fs_watch(&self, path: impl AsRef<Path>) -> FsWatchBuilder {
        FsWatchBuilder::new(&self.inner, path.as_ref())
    }

    /// Lists the models that the server offers (`model/list`).
    pub fn models(&self) -> ModelListBuilder {
        ModelListBuilder::new(&self.inner)
    }

    /// Reads the account that is logged in (`account/read`).
    pub fn account(&self) -> AccountReadBuilder {
        AccountReadBuilder::new(&self.inner)
    }

    /// Reads the rate limits of the account that is logged in, with the times of their resets
    /// (`account/rateLimits/read`). Changes are reported by
    /// [`notifications`](Self::notifications), as
    /// [`AccountRateLimitsUpdated`](crate::types::ServerNotification::AccountRateLimitsUpdated).
    ///
    /// # Errors
    ///
    /// Same as [`RequestBuilder::send`](crate::blocking::RequestBuilder#method.send); also
    /// [`Rpc`](crate::Error::Rpc) if no ChatGPT account is logged in.
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn rate_limits(&self) -> Result<GetAccountRateLimitsResponse> {
        wait(self.inner.rate_limits())
    }

    /// Logs in with an API key (`account/login/start`). The server saves the key in its home
    /// directory.
    ///
    /// # Errors
    ///
    /// Same as [`RequestBuilder::send`](crate::blocking::RequestBuilder#method.send). No error
    /// contains the key.
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn login_api_key(&self, key: impl Into<String>) -> Result<()> {
        wait(self.inner.login_api_key(key))
    }

    /// Starts a login with a web browser (`account/login/start` with `chatgpt`): the user opens the
    /// [URL](crate::blocking::ChatgptLoginHandle::auth_url) and logs in there.
    ///
    /// The browser is redirected to a port that the server opens on its own machine. If the browser
    /// runs on a different machine, use
    /// [`login_chatgpt_device_code`](Self::login_chatgpt_device_code).
    ///
    /// A server allows one such attempt at a time: a new attempt replaces the previous one, which
    /// then completes unsuccessfully.
    pub fn login_chatgpt(&self) -> ChatgptLoginBuilder {
        ChatgptLoginBuilder::new(&self.inner)
    }

    /// Starts a login with a device code (`account/login/start` with `chatgptDeviceCode`): the user
    /// opens the [URL](crate::blocking::DeviceCodeLoginHandle::verification_url) on any machine and
    /// enters the [code](crate::blocking::DeviceCodeLoginHandle::user_code).
    pub fn login_chatgpt_device_code(&self) -> DeviceCodeLoginBuilder {
        DeviceCodeLoginBuilder::new(&self.inner)
    }

    /// Logs out (`account/logout`). This is a no-op if no account is logged in.
    ///
    /// # Errors
    ///
    /// Same as [`RequestBuilder::send`](crate::blocking::RequestBuilder#method.send).
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn logout(&self) -> Result<()> {
        wait(self.inner.logout())
    }

    /// Returns the description of the server from the handshake (`initialize`): its user agent,
    /// home directory and platform. A [supervised](crate::supervisor) client returns that of its
    /// first session.
    pub fn metadata(&self) -> &InitializeResponse {
        self.inner.metadata()
    }

    /// Returns the version of the server, from the user agent in [`metadata`](Self::metadata).
    /// `None` if the server does not report it.
    ///
    /// ```no_run
    /// use codex_client::{blocking::Codex, version::Version};
    ///
    /// fn is_recent(codex: &Codex) -> bool {
    ///     codex.server_version() >= Some(&Version::new(0, 150, 0))
    /// }
    /// ```
    pub fn server_version(&self) -> Option<&Version> {
        self.inner.server_version()
    }

    /// Waits for the end of the connection, and returns how it ended.
    ///
    /// # Errors
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn closed(&self) -> Result<Arc<ConnectionClosed>> {
        let closed = self.inner.closed();
        wait(async { Ok(closed.await) })
    }

    /// Returns the id of the server process. `None` if this client did not start the server.
    ///
    /// If the client is [supervised](crate::supervisor), the id is that of the last process that it
    /// started.
    pub fn pid(&self) -> Option<u32> {
        self.inner.pid()
    }

    /// Returns the lines that the server writes to its standard error, beginning with those of the
    /// last 64 KiB. Empty if this client did not start the server.
    ///
    /// If the client is [supervised](crate::supervisor), the lines are those of the last process
    /// that it started. They end with that process.
    pub fn stderr(&self) -> StderrLines {
        self.inner.stderr().into()
    }

    /// Returns a handle that does not keep the server running, for values that the client itself
    /// keeps alive, such as handlers.
    pub fn downgrade(&self) -> WeakCodex {
        self.inner.downgrade().into()
    }

    /// Closes the connection and waits for the server to exit, but not for running turns to end.
    /// Pending requests and streams end with [`Closed`](crate::Error::Closed). A server that this
    /// client did not start is left running.
    ///
    /// The server exits when its standard input is closed. It is killed if it does not exit within
    /// a few seconds.
    ///
    /// # Errors
    ///
    /// Currently, this method never fails. Closing a client that is already closed is a no-op.
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block. The server still ends, in the background.
    pub fn close(self) -> Result<()> {
        wait(self.inner.close())
    }
}

/// Converts the async type into the blocking one.
impl From<crate::Codex> for Codex {
    fn from(inner: crate::Codex) -> Self {
        Self { inner }
    }
}

/// A client that does not keep the server running, returned by [`Codex::downgrade`] and passed to
/// handlers.
///
/// ```no_run
/// use codex_client::blocking::{Codex, WeakCodex};
///
/// fn example(codex: &Codex) {
///     let weak: WeakCodex = codex.downgrade();
///     if let Some(codex) = weak.upgrade() {
///         println!("connected to {}", codex.metadata().user_agent);
///     }
/// }
/// ```
#[derive(Debug, Clone, Default)]
pub struct WeakCodex {
    inner: crate::WeakCodex,
}

impl WeakCodex {
    /// Returns the client, or `None` if all of its handles have been dropped or the handshake is
    /// not complete.
    pub fn upgrade(&self) -> Option<Codex> {
        self.inner.upgrade().map(Into::into)
    }
}

/// Converts the async type into the blocking one.
impl From<crate::WeakCodex> for WeakCodex {
    fn from(inner: crate::WeakCodex) -> Self {
        Self { inner }
    }
}
