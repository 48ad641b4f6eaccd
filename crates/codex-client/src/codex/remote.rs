//! Joins servers that run already, and starts servers for others to join.

use std::{ffi::OsString, future::pending, sync::Arc, time::Duration};

use tokio::io::{AsyncRead, AsyncWrite};

#[cfg(feature = "tls")]
use crate::transport::tls;
use crate::{
    binary::Search,
    client::Codex,
    codex::builder::{CodexBuilder, REQUEST_TIMEOUT},
    error::{Error, Result},
    remote::{
        bearer_token::{self, BearerToken},
        control_socket,
        listening::ListeningServer,
    },
    runtime,
    transport::{
        address::Address,
        dial::{Dial, Remote},
    },
};

/// The default interval of pings.
const PING_INTERVAL: Duration = Duration::from_secs(20);

/// The options of connections to servers that listen.
#[derive(Debug, Clone)]
pub(crate) struct RemoteOptions {
    token: Option<BearerToken>,
    ping_interval: Duration,
    #[cfg(feature = "tls")]
    roots: tls::Roots,
}

impl Default for RemoteOptions {
    fn default() -> Self {
        Self {
            token: None,
            ping_interval: PING_INTERVAL,
            #[cfg(feature = "tls")]
            roots: tls::Roots::new(),
        }
    }
}

impl Codex {
    /// Joins a server that runs already, at a `ws://`, `wss://` or `unix://` URL, with the defaults of
    /// [`builder`](Self::builder). Requires the `websocket` feature; `wss://` also requires `tls`.
    ///
    /// ```no_run
    /// use codex_client::{Codex, Result};
    ///
    /// async fn example() -> Result<Codex> {
    ///     Codex::connect("ws://127.0.0.1:4500").await
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Same as [`CodexBuilder::connect_url`].
    pub async fn connect(url: impl AsRef<str>) -> Result<Self> {
        Self::builder().connect_url(url).await
    }

    /// Joins the local daemon (`codex app-server daemon start`), with the defaults of
    /// [`builder`](Self::builder). Requires the `websocket` feature.
    ///
    /// # Errors
    ///
    /// Same as [`CodexBuilder::attach`].
    pub async fn attach() -> Result<Self> {
        Self::builder().attach().await
    }
}

impl<M> CodexBuilder<M> {
    /// Sets the token that the client presents to a server that it joins (`Authorization: Bearer`). It
    /// takes precedence over a token in the URL. Requires the `websocket` feature.
    ///
    /// A token is sent over `wss://`, to a unix socket, and over `ws://` to this machine. For other
    /// addresses, connecting fails before anything is sent.
    pub fn bearer_token(mut self, token: impl Into<BearerToken>) -> Self {
        self.remote.token = Some(token.into());
        self
    }

    /// Sets the time after which a server that sends nothing is pinged. If it sends nothing for as long
    /// again, the connection ends. The default is 20 seconds. Requires the `websocket` feature.
    ///
    /// Applies to connections over a URL: a process that this client starts is not pinged.
    pub fn ping_interval(mut self, interval: Duration) -> Self {
        self.remote.ping_interval = interval;
        self
    }

    /// Adds the certificates of a PEM file to those that are trusted for `wss://`, which are the
    /// certificates of the system. Requires the `tls` feature.
    ///
    /// If the file has no certificate or a malformed one, connecting fails with
    /// [`InvalidInput`](crate::Error::InvalidInput).
    #[cfg(feature = "tls")]
    pub fn root_certificate(mut self, pem: impl AsRef<[u8]>) -> Self {
        match tls::parse_pem(pem.as_ref()) {
            Ok(roots) => self.remote.roots.extend(roots),
            Err(error) => {
                let message = format!("the root certificate cannot be used: {error}");
                self.error
                    .get_or_insert(Error::InvalidInput(message.into()));
            }
        }
        self
    }
}

impl<M: 'static> CodexBuilder<M> {
    /// Joins the server at a URL.
    pub(crate) async fn join(self, url: &str) -> Result<Codex> {
        self.error.clone().map_or(Ok(()), Err)?;
        runtime::check_sockets()?;
        let transport = self.open_url(url).await?;
        let url: Arc<str> = url.into();
        self.handshake(transport, move |builder| {
            let url = Arc::clone(&url);
            async move { builder.open_url(&url).await }
        })
        .await
    }

    /// Connects to the server at a URL. Each connection takes its token anew.
    async fn open_url(&self, url: &str) -> Result<Remote> {
        let address = self.resolve(Address::parse(url)?)?;
        let in_url = address.token();
        if self.remote.token.is_some() || in_url.is_some() {
            address.check_token()?;
        }
        let token = match (&self.remote.token, in_url) {
            (Some(token), _) => Some(token.get(Some(address.to_string())).await?),
            (None, Some(token)) => Some(bearer_token::checked(&token)?),
            (None, None) => None,
        };
        self.dial(token).connect(&address).await
    }

    /// Joins the server at the other end of streams that carry a websocket.
    pub(crate) async fn join_over<R, W>(self, reader: R, writer: W) -> Result<Codex>
    where
        R: AsyncRead + Unpin + Send + 'static,
        W: AsyncWrite + Unpin + Send + 'static,
    {
        self.error.clone().map_or(Ok(()), Err)?;
        self.check_unsupervised()?;
        runtime::check_timers()?;
        let token = match &self.remote.token {
            Some(token) => Some(token.get(None).await?),
            None => None,
        };
        let transport = self.dial(token).over(reader, writer).await?;
        self.handshake(transport, |_| pending()).await
    }

    fn dial(&self, token: Option<String>) -> Dial {
        Dial {
            token,
            limit: self.connect_timeout(),
            ping_interval: self.remote.ping_interval,
            #[cfg(feature = "tls")]
            roots: self.remote.roots.clone(),
        }
    }

    /// Starts a server that listens at a URL.
    pub(crate) async fn listen(mut self, url: &str) -> Result<ListeningServer> {
        self.error.clone().map_or(Ok(()), Err)?;
        runtime::check_processes()?;
        let address = match Address::parse_to_listen(url)? {
            Address::Tcp(address) if address.is_tls => {
                return Err(Error::InvalidInput(
                    "a server does not listen at `wss://`: start it at `ws://127.0.0.1:0`, behind a \
                     proxy for TLS"
                        .into(),
                ));
            }
            address => self.resolve(address)?,
        };
        let program = Search::from_env(self.binary.clone()).find()?;
        let address_argument = match &address {
            Address::Tcp(_) => url.into(),
            Address::Unix(_) => address.to_string().into(),
        };
        self.launch_args
            .extend(["--listen".into(), address_argument]);
        let launch = self.launch_of(program);
        ListeningServer::spawn(&launch, &address, self.connect_timeout()).await
    }

    /// Returns the time for everything before the first message.
    fn connect_timeout(&self) -> Duration {
        self.limits.timeout.unwrap_or(REQUEST_TIMEOUT)
    }

    /// Gives the control socket of the local daemon its path.
    fn resolve(&self, address: Address) -> Result<Address> {
        match address {
            Address::Unix(None) => {
                let home = self.set_variable("CODEX_HOME");
                Ok(Address::Unix(Some(control_socket::path(home)?)))
            }
            address => Ok(address),
        }
    }

    /// Returns the value of a variable that is set for the server.
    fn set_variable(&self, name: &str) -> Option<OsString> {
        let mut set = self.env.iter().rev();
        set.find(|(set, _)| set == name)?.1.clone()
    }
}

impl CodexBuilder {
    /// Joins a server that runs already and performs the handshake (`initialize`, `initialized`).
    /// Requires the `websocket` feature. Options for the server process are ignored.
    ///
    /// | URL | server |
    /// |---|---|
    /// | `ws://host:port` | `codex app-server --listen ws://IP:PORT` |
    /// | `wss://host:port` | the same behind a proxy for TLS; requires the `tls` feature |
    /// | `unix:///path` | `codex app-server --listen unix:///path` |
    /// | `unix://` | the local daemon, as for [`attach`](Self::attach) |
    ///
    /// A token in the query (`?token=…`) is also sent as [bearer token](Self::bearer_token). No error
    /// contains it. Everything up to the handshake takes no longer than the
    /// [`request_timeout`](Self::request_timeout), or 60 seconds without one. A message over
    /// [`max_message`](Self::max_message) is dropped, as on other connections. Silent servers are
    /// [pinged](Self::ping_interval).
    ///
    /// [`Codex::close`] ends the connection and leaves the server running. If the future is dropped, the
    /// connection is closed.
    ///
    /// Outside of a Tokio runtime with timers and I/O, the result is
    /// [`UnsuitableRuntime`](crate::Error::UnsuitableRuntime).
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
    pub async fn connect_url(self, url: impl AsRef<str>) -> Result<Codex> {
        self.join(url.as_ref()).await
    }

    /// Joins the server at the other end of these streams, which carry a websocket, and performs both
    /// handshakes: for example, over the streams of `codex app-server proxy`, which another machine may
    /// run. Requires the `websocket` feature. Options for the server process are ignored.
    ///
    /// Tokens are sent over these streams, whatever they are. For streams that carry one message per line,
    /// use [`connect`](Self::connect).
    ///
    /// If the future is dropped, the streams are closed.
    ///
    /// Outside of a Tokio runtime with timers, the result is
    /// [`UnsuitableRuntime`](crate::Error::UnsuitableRuntime).
    ///
    /// # Errors
    ///
    /// Same as [`connect_url`](Self::connect_url).
    pub async fn connect_websocket<R, W>(self, reader: R, writer: W) -> Result<Codex>
    where
        R: AsyncRead + Unpin + Send + 'static,
        W: AsyncWrite + Unpin + Send + 'static,
    {
        self.join_over(reader, writer).await
    }

    /// Joins the local daemon (`codex app-server daemon start`) over its control socket. Requires the
    /// `websocket` feature.
    ///
    /// The socket is `app-server-control/app-server-control.sock` in the home directory of Codex:
    /// `CODEX_HOME` as set with [`env`](Self::env) or in the environment of this program, or else
    /// `~/.codex`. There are no unix sockets on Windows.
    ///
    /// # Errors
    ///
    /// Same as [`connect_url`](Self::connect_url).
    pub async fn attach(self) -> Result<Codex> {
        self.join("unix://").await
    }

    /// Starts a server that listens for clients at a URL, and waits until it does. Requires the
    /// `websocket` feature.
    ///
    /// The URL is `ws://IP:PORT`, where port 0 stands for a free one, `unix:///path`, or `unix://` for
    /// the control socket that [`attach`](Self::attach) uses. It becomes an argument of the server
    /// (`--listen`). The server accepts everyone who reaches the address, unless
    /// [`launch_args`](Self::launch_args) select an authentication: `["app-server", "--ws-auth", …]`.
    /// Options for clients are ignored.
    ///
    /// If the future is dropped, the server ends.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::Error::InvalidInput) if the URL or an option is invalid;
    /// [`CodexNotFound`](crate::Error::CodexNotFound) if no `codex` is found;
    /// [`Launch`](crate::Error::Launch) if it cannot be started; [`Closed`](crate::Error::Closed), with
    /// the end of its standard error, if it exits; [`Connect`](crate::Error::Connect) if it does not
    /// listen within the [`request_timeout`](Self::request_timeout).
    pub async fn spawn_listening(self, url: impl AsRef<str>) -> Result<ListeningServer> {
        self.listen(url.as_ref()).await
    }
}
