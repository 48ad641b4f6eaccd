//! The client.

pub(crate) mod builder;
pub(crate) mod handler_setters;

use std::sync::{Arc, Weak};

use codex_types::{InitializeResponse, Request, ThreadArchiveParams, ThreadUnarchiveParams};

use crate::{
    codex::builder::CodexBuilder,
    connection::Connection,
    error::Result,
    models::ModelListBuilder,
    notifications::Notifications,
    request_builder::RequestBuilder,
    thread::{
        Thread,
        list::ThreadListBuilder,
        start::{ThreadForkBuilder, ThreadResumeBuilder, ThreadStartBuilder},
    },
};

/// A client of one app-server.
///
/// Cheap to clone; all clones are one client. The server ends with [`close`](Self::close), or when
/// the last of the clones, and of the handles that came from them, is dropped.
#[derive(Debug, Clone)]
pub struct Codex {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    connection: Connection,
    metadata: InitializeResponse,
    /// Whether it has the `experimentalApi` capability.
    experimental: bool,
}

impl Codex {
    pub(crate) fn new(
        connection: Connection,
        metadata: InitializeResponse,
        experimental: bool,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                connection,
                metadata,
                experimental,
            }),
        }
    }

    pub(crate) fn is_experimental(&self) -> bool {
        self.inner.experimental
    }

    /// A handle that does not keep the server running, for what lives as long as the client itself: a
    /// handler, a cache.
    pub fn downgrade(&self) -> WeakCodex {
        WeakCodex {
            inner: Arc::downgrade(&self.inner),
        }
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.inner.connection
    }

    /// Finds the installed `codex`, starts its app-server and does the handshake, with the defaults
    /// of [`builder`](Self::builder).
    ///
    /// # Errors
    ///
    /// As [`CodexBuilder::start`].
    pub async fn start() -> Result<Self> {
        Self::builder().start().await
    }

    /// Sets up a connection first.
    pub fn builder() -> CodexBuilder {
        CodexBuilder::new()
    }

    /// What the server said about itself in the handshake (`initialize`).
    pub fn metadata(&self) -> &InitializeResponse {
        &self.inner.metadata
    }

    /// Calls any method of the protocol with its typed params.
    ///
    /// ```no_run
    /// # async fn example(codex: codex_client::Codex, id: String) -> codex_client::Result<()> {
    /// use codex_types::{ThreadReadParams, request};
    ///
    /// let read = codex.request(ThreadReadParams::new(id).include_turns(true)).await?;
    /// println!("{} turns", read.thread.turns.len());
    /// codex.request(request::MemoryReset).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn request<R: Request>(&self, params: R) -> RequestBuilder<R> {
        RequestBuilder::new(self, params)
    }

    /// OnResponse a thread (`thread/start`).
    pub fn thread_start(&self) -> ThreadStartBuilder {
        ThreadStartBuilder::new(self)
    }

    /// Takes up a saved thread, by its id (`thread/resume`). A thread can be resumed once it has had
    /// a turn.
    pub fn thread_resume(&self, id: impl Into<String>) -> ThreadResumeBuilder {
        ThreadResumeBuilder::new(self, id.into())
    }

    /// Makes a new thread that begins with the history of this one (`thread/fork`).
    pub fn thread_fork(&self, id: impl Into<String>) -> ThreadForkBuilder {
        ThreadForkBuilder::new(self, id.into())
    }

    /// Lists the saved threads, a page or all (`thread/list`).
    pub fn thread_list(&self) -> ThreadListBuilder {
        ThreadListBuilder::new(self)
    }

    /// Puts a thread into the archive (`thread/archive`), and those that it has spawned with it.
    ///
    /// # Errors
    ///
    /// As [`RequestBuilder::send`]; [`Rpc`](crate::Error::Rpc) also for a thread that has not had a turn yet.
    pub async fn thread_archive(&self, id: impl Into<String>) -> Result<()> {
        let params = ThreadArchiveParams::new(id);
        self.request(params).send().await.map(drop)
    }

    /// Takes a thread back out of the archive (`thread/unarchive`). It is not loaded by that: turns
    /// need a [`thread_resume`](Self::thread_resume).
    ///
    /// # Errors
    ///
    /// As [`RequestBuilder::send`]; [`Rpc`](crate::Error::Rpc) also for a thread that is not in the archive.
    pub async fn thread_unarchive(&self, id: impl Into<String>) -> Result<Thread> {
        let params = ThreadUnarchiveParams::new(id);
        let unarchived = self.request(params).send().await?;
        Ok(Thread::new(self.clone(), &unarchived.thread.id))
    }

    /// Lists the models that the server offers (`model/list`).
    pub fn models(&self) -> ModelListBuilder {
        ModelListBuilder::new(self)
    }

    /// The notifications that belong to no turn of this client: about threads, the account, the
    /// server itself, and turns that somebody else started.
    ///
    /// The first subscriber also gets what came before it, the first MiB of it, also when the
    /// connection has ended meanwhile. One that does not keep up is [told](crate::Error::Lagged) what it
    /// missed.
    pub fn notifications(&self) -> Notifications {
        Notifications::new(self.connection().subscribe())
    }

    /// Ends the server and waits until it has ended: its input is closed, and if that does not end
    /// it within seconds, it is killed. ActiveTurn turns are not waited for. Whatever still waits for
    /// the server is told that the connection is closed.
    ///
    /// Dropped while it waits, the server ends all the same, in the background.
    ///
    /// # Errors
    ///
    /// None at present. Closing what is closed is fine.
    pub async fn close(self) -> Result<()> {
        self.connection().close().await;
        Ok(())
    }
}

/// A client that may be gone; from [`Codex::downgrade`], and what handlers are given.
#[derive(Debug, Clone, Default)]
pub struct WeakCodex {
    inner: Weak<Inner>,
}

impl WeakCodex {
    /// The client, unless all that held it were dropped.
    pub fn upgrade(&self) -> Option<Codex> {
        self.inner.upgrade().map(|inner| Codex { inner })
    }
}
