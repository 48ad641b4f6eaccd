//! The client.

use std::{future::IntoFuture, sync::Arc, time::Duration};

use codex_types::{InitializeResponse, Request};

use crate::{
    config::CodexBuilder, connection::Connection, error::Result, future::BoxFuture,
    notifications::Notifications, thread::ThreadStart,
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
}

impl Codex {
    pub(crate) fn new(connection: Connection, metadata: InitializeResponse) -> Self {
        Self {
            inner: Arc::new(Inner {
                connection,
                metadata,
            }),
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
    pub fn request<R: Request>(&self, params: R) -> Call<R> {
        Call {
            codex: self.clone(),
            params,
            timeout: self.connection().timeout(),
        }
    }

    /// Starts a thread (`thread/start`).
    pub fn thread_start(&self) -> ThreadStart {
        ThreadStart::new(self)
    }

    /// The notifications that belong to no turn of this client: about threads, the account, the
    /// server itself, and turns that somebody else started.
    ///
    /// The first subscriber also gets what came before it. One that does not keep up is
    /// [told](crate::Error::Lagged) what it missed.
    pub fn notifications(&self) -> Notifications {
        Notifications::new(self.connection().subscribe())
    }

    /// Ends the server and waits until it has ended: its input is closed, and if that does not end
    /// it within seconds, it is killed. Running turns are not waited for. Whatever still waits for
    /// the server is told that the connection is closed.
    ///
    /// # Errors
    ///
    /// None at present. Closing what is closed is fine.
    pub async fn close(self) -> Result<()> {
        self.connection().close().await;
        Ok(())
    }
}

/// A call of a method; `.await` or [`send`](Self::send) makes it.
#[derive(Debug)]
#[must_use = "nothing is sent until it is awaited"]
pub struct Call<R> {
    codex: Codex,
    params: R,
    timeout: Option<Duration>,
}

impl<R: Request> Call<R> {
    /// Waits at most so long for the answer, instead of what the builder says.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Waits for the answer as long as it takes: for methods that work for minutes, such as
    /// `command/exec`.
    pub fn no_timeout(mut self) -> Self {
        self.timeout = None;
        self
    }

    /// Makes the call.
    ///
    /// Dropped while it waits for its turn to be sent, it is never sent; dropped later, the server
    /// serves it all the same, and the answer is ignored.
    ///
    /// # Errors
    ///
    /// [`Rpc`](crate::Error::Rpc) if the server refuses, [`Timeout`](crate::Error::Timeout),
    /// [`Closed`](crate::Error::Closed), or [`Decode`](crate::Error::Decode) if the answer is not
    /// what the protocol says.
    pub async fn send(self) -> Result<R::Response> {
        self.codex
            .connection()
            .call(&self.params, self.timeout)
            .await
    }
}

impl<R: Request + Send + Sync + 'static> IntoFuture for Call<R> {
    type Output = Result<R::Response>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}
