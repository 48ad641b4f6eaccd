//! The client, blocking.

use std::path::Path;

use codex_types::{InitializeResponse, Request};

use super::{
    AccountReadBuilder, ChatgptLoginBuilder, CodexBuilder, DeviceCodeLoginBuilder, ExecBuilder,
    FsWatchBuilder, ModelListBuilder, RequestBuilder, ThreadForkBuilder, ThreadListBuilder,
    ThreadResumeBuilder, ThreadStartBuilder,
};
use crate::{
    blocking::{
        notifications::Notifications, requests::RequestInbox, thread::Thread, worker::wait,
    },
    error::Result,
};

/// A client of one app-server, as [`crate::Codex`].
///
/// Cheap to clone; all clones are one client, which any threads may use at once. The server ends with
/// [`close`](Self::close), or when the last of the clones, and of the handles that came from them, is
/// dropped.
#[derive(Debug, Clone)]
pub struct Codex {
    inner: crate::Codex,
}

impl Codex {
    /// As [`crate::Codex::start`].
    ///
    /// # Errors
    ///
    /// As [`CodexBuilder::start`](crate::builder::CodexBuilder::start).
    pub fn start() -> Result<Self> {
        Self::builder().start()
    }

    /// As [`crate::Codex::builder`].
    pub fn builder() -> CodexBuilder {
        CodexBuilder::new()
    }

    /// As [`crate::Codex::downgrade`].
    pub fn downgrade(&self) -> WeakCodex {
        self.inner.downgrade().into()
    }

    /// As [`crate::Codex::server_requests`].
    pub fn server_requests(&self) -> RequestInbox {
        self.inner.server_requests().into()
    }

    /// As [`crate::Codex::metadata`].
    pub fn metadata(&self) -> &InitializeResponse {
        self.inner.metadata()
    }

    /// As [`crate::Codex::request`].
    pub fn request<R: Request>(&self, params: R) -> RequestBuilder<R> {
        RequestBuilder::new(&self.inner, params)
    }

    /// As [`crate::Codex::thread_start`].
    pub fn thread_start(&self) -> ThreadStartBuilder {
        ThreadStartBuilder::new(&self.inner)
    }

    /// As [`crate::Codex::thread_resume`].
    pub fn thread_resume(&self, id: impl Into<String>) -> ThreadResumeBuilder {
        ThreadResumeBuilder::new(&self.inner, id.into())
    }

    /// As [`crate::Codex::thread_fork`].
    pub fn thread_fork(&self, id: impl Into<String>) -> ThreadForkBuilder {
        ThreadForkBuilder::new(&self.inner, id.into())
    }

    /// As [`crate::Codex::thread_list`].
    pub fn thread_list(&self) -> ThreadListBuilder {
        ThreadListBuilder::new(&self.inner)
    }

    /// As [`crate::Codex::thread_archive`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn thread_archive(&self, id: impl Into<String>) -> Result<()> {
        wait(self.inner.thread_archive(id))
    }

    /// As [`crate::Codex::thread_unarchive`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn thread_unarchive(&self, id: impl Into<String>) -> Result<Thread> {
        wait(self.inner.thread_unarchive(id)).map(Into::into)
    }

    /// As [`crate::Codex::models`].
    pub fn models(&self) -> ModelListBuilder {
        ModelListBuilder::new(&self.inner)
    }

    /// As [`crate::Codex::account`].
    pub fn account(&self) -> AccountReadBuilder {
        AccountReadBuilder::new(&self.inner)
    }

    /// As [`crate::Codex::login_api_key`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn login_api_key(&self, key: impl Into<String>) -> Result<()> {
        wait(self.inner.login_api_key(key))
    }

    /// As [`crate::Codex::login_chatgpt`].
    pub fn login_chatgpt(&self) -> ChatgptLoginBuilder {
        ChatgptLoginBuilder::new(&self.inner)
    }

    /// As [`crate::Codex::login_chatgpt_device_code`].
    pub fn login_chatgpt_device_code(&self) -> DeviceCodeLoginBuilder {
        DeviceCodeLoginBuilder::new(&self.inner)
    }

    /// As [`crate::Codex::logout`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn logout(&self) -> Result<()> {
        wait(self.inner.logout())
    }

    /// As [`crate::Codex::exec`].
    pub fn exec<I>(&self, command: I) -> ExecBuilder
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        ExecBuilder::new(&self.inner, command)
    }

    /// As [`crate::Codex::fs_watch`].
    pub fn fs_watch(&self, path: impl AsRef<Path>) -> FsWatchBuilder {
        FsWatchBuilder::new(&self.inner, path.as_ref())
    }

    /// As [`crate::Codex::notifications`].
    pub fn notifications(&self) -> Notifications {
        self.inner.notifications().into()
    }

    /// As [`crate::Codex::close`].
    ///
    /// # Errors
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime); the server ends all the same.
    pub fn close(self) -> Result<()> {
        wait(self.inner.close())
    }
}

/// The same client, for threads that may wait.
impl From<crate::Codex> for Codex {
    fn from(inner: crate::Codex) -> Self {
        Self { inner }
    }
}

/// A client that may be gone, as [`crate::WeakCodex`].
#[derive(Debug, Clone, Default)]
pub struct WeakCodex {
    inner: crate::WeakCodex,
}

impl WeakCodex {
    /// As [`crate::WeakCodex::upgrade`].
    pub fn upgrade(&self) -> Option<Codex> {
        self.inner.upgrade().map(Into::into)
    }
}

/// The same client, for threads that may wait.
impl From<crate::WeakCodex> for WeakCodex {
    fn from(inner: crate::WeakCodex) -> Self {
        Self { inner }
    }
}
