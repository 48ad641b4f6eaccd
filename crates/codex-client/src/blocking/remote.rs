//! Servers that run already, and servers for others to join.

use tokio::io::{AsyncRead, AsyncWrite};

use super::CodexBuilder;
use crate::{
    blocking::{
        builders::waiting_on_drop,
        codex::Codex,
        notifications::StderrLines,
        worker::{join, wait},
    },
    error::Result,
    remote::listening,
};

impl Codex {
    /// Joins a server that runs already, at a `ws://`, `wss://` or `unix://` URL, with the defaults of
    /// [`builder`](Self::builder). Requires the `websocket` feature; `wss://` also requires `tls`.
    ///
    /// ```no_run
    /// use codex_client::{Result, blocking::Codex};
    ///
    /// fn example() -> Result<Codex> {
    ///     Codex::connect("ws://127.0.0.1:4500")
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Same as [`CodexBuilder::connect_url`](crate::blocking::CodexBuilder#method.connect_url).
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn connect(url: impl AsRef<str>) -> Result<Self> {
        Self::builder().connect_url(url)
    }

    /// Joins the local daemon (`codex app-server daemon start`), with the defaults of
    /// [`builder`](Self::builder). Requires the `websocket` feature.
    ///
    /// # Errors
    ///
    /// Same as [`CodexBuilder::attach`](crate::blocking::CodexBuilder#method.attach).
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn attach() -> Result<Self> {
        Self::builder().attach()
    }
}

impl CodexBuilder {
    /// Joins a server that runs already and performs the handshake (`initialize`, `initialized`).
    /// Requires the `websocket` feature. Options for the server process are ignored.
    ///
    /// A token in the query (`?token=…`) is also sent as [bearer token](Self::bearer_token). No error
    /// contains it. Everything up to the handshake takes no longer than the
    /// [`request_timeout`](Self::request_timeout), or 60 seconds without one. Silent servers are
    /// [pinged](Self::ping_interval). [`Codex::close`] ends the connection and leaves the server
    /// running.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::Error::InvalidInput) if the URL, the token or an option is invalid, or if
    /// the token would be readable on its way; [`Connect`](crate::Error::Connect) if the server cannot be
    /// reached, refuses the token, or is no app-server; [`Closed`](crate::Error::Closed) if the connection
    /// ends before the handshake is complete;
    /// [`HandshakeTimeout`](crate::Error::HandshakeTimeout) if the server does not respond in time;
    /// [`Rpc`](crate::Error::Rpc) if it refuses the handshake; [`Decode`](crate::Error::Decode) if its
    /// response cannot be read; [`VersionMismatch`](crate::Error::VersionMismatch) if the
    /// [policy](Self::version_policy) refuses its version.
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn connect_url(self, url: impl AsRef<str>) -> Result<Codex> {
        wait(self.join(url.as_ref())).map(waiting_on_drop)
    }

    /// Joins the server at the other end of these streams, which carry a websocket, and performs both
    /// handshakes: for example, over the streams of `codex app-server proxy`, which another machine may
    /// run. Requires the `websocket` feature. Options for the server process are ignored.
    ///
    /// # Errors
    ///
    /// Same as [`connect_url`](Self::connect_url).
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn connect_websocket<R, W>(self, reader: R, writer: W) -> Result<Codex>
    where
        R: AsyncRead + Unpin + Send + 'static,
        W: AsyncWrite + Unpin + Send + 'static,
    {
        wait(self.join_over(reader, writer)).map(waiting_on_drop)
    }

    /// Joins the local daemon (`codex app-server daemon start`) over its control socket. Requires the
    /// `websocket` feature.
    ///
    /// # Errors
    ///
    /// Same as [`connect_url`](Self::connect_url).
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn attach(self) -> Result<Codex> {
        self.connect_url("unix://")
    }

    /// Starts a server that listens for clients at a URL, and waits until it does. Requires the
    /// `websocket` feature.
    ///
    /// The URL is `ws://IP:PORT`, where port 0 stands for a free one, `unix:///path`, or `unix://` for
    /// the control socket that [`attach`](Self::attach) uses.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::Error::InvalidInput) if the URL or an option is invalid;
    /// [`CodexNotFound`](crate::Error::CodexNotFound) if no `codex` is found;
    /// [`Launch`](crate::Error::Launch) if it cannot be started; [`Closed`](crate::Error::Closed), with
    /// the end of its standard error, if it exits; [`Connect`](crate::Error::Connect) if it does not
    /// listen within the [`request_timeout`](Self::request_timeout).
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn spawn_listening(self, url: impl AsRef<str>) -> Result<ListeningServer> {
        let server = wait(self.listen(url.as_ref()))?;
        Ok(ListeningServer {
            inner: Some(server),
        })
    }
}

/// A server that listens for clients, returned by
/// [`CodexBuilder::spawn_listening`](crate::blocking::CodexBuilder#method.spawn_listening).
///
/// The server ends when this value is dropped, or with [`close`](Self::close). Dropping it waits for the
/// server to exit, except inside an async runtime.
///
/// ```no_run
/// use codex_client::{Result, blocking::Codex};
///
/// fn example() -> Result<()> {
///     let server = Codex::builder().spawn_listening("ws://127.0.0.1:0")?;
///     let codex = Codex::connect(server.url())?;
///     println!("{}", codex.metadata().user_agent);
///     server.close()
/// }
/// ```
#[derive(Debug)]
pub struct ListeningServer {
    /// `None` while it is dropped.
    inner: Option<listening::ListeningServer>,
}

impl ListeningServer {
    /// Returns the URL to [connect](Codex::connect) to. It may contain a token, which `Debug` does
    /// not show.
    pub fn url(&self) -> &str {
        self.inner
            .as_ref()
            .map_or("", listening::ListeningServer::url)
    }

    /// Returns the id of the server process. `None` if it had exited before its id was read.
    pub fn pid(&self) -> Option<u32> {
        self.inner.as_ref()?.pid()
    }

    /// Returns the lines that the server writes to its standard error, beginning with those of the last
    /// 64 KiB.
    pub fn stderr(&self) -> StderrLines {
        match &self.inner {
            Some(server) => server.stderr().into(),
            None => crate::StderrLines::new(None).into(),
        }
    }

    /// Ends the server and waits for it to exit. Running turns do not keep it from exiting.
    ///
    /// # Errors
    ///
    /// Currently, this method never fails.
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block. The server still ends, in the background.
    pub fn close(mut self) -> Result<()> {
        match self.inner.take() {
            Some(server) => wait(server.close()),
            None => Ok(()),
        }
    }
}

impl Drop for ListeningServer {
    fn drop(&mut self) {
        if let Some(server) = self.inner.take() {
            join(server.ending());
        }
    }
}
