//! Connects to a server that listens.

use std::{future::Future, io, path::PathBuf, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite, join},
    net::TcpStream,
    time::timeout,
};

#[cfg(feature = "tls")]
use crate::transport::tls::{self, Roots};
use crate::{
    error::{Error, Result, connect_failed::ConnectFailed},
    transport::{
        Transport,
        address::{Address, TcpAddress},
        websocket::{
            self, Reader, Writer,
            upgrade::{Refusal, Upgrade},
        },
    },
};

/// The host of servers that are reached without a name.
const LOCAL_HOST: &str = "localhost";

/// A stream that carries a websocket.
pub(crate) trait Io: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Io for S {}

type BoxedIo = Box<dyn Io>;

/// A connection to a server that listens.
pub(crate) type Remote = Transport<Reader<BoxedIo>, Writer<BoxedIo>>;

/// The handshake of a websocket.
pub(crate) struct Dial {
    pub(crate) token: Option<String>,
    /// The time for everything up to the websocket.
    pub(crate) limit: Duration,
    pub(crate) ping_interval: Duration,
    /// Certificates that are trusted in addition to those of the system.
    #[cfg(feature = "tls")]
    pub(crate) roots: Roots,
}

impl Dial {
    /// Connects to an address and upgrades the connection to a websocket. A unix socket has its
    /// path.
    pub(crate) async fn connect(&self, address: &Address) -> Result<Remote> {
        let (kind, host, target) = match address {
            Address::Tcp(address) => ("websocket", &*address.authority, &*address.target),
            Address::Unix(_) => ("unix", LOCAL_HOST, "/"),
        };
        let open = async {
            let io = match address {
                Address::Tcp(address) => self.tcp(address).await?,
                Address::Unix(path) => unix(path.clone().unwrap_or_default()).await?,
            };
            self.upgrade(io, host, target).await
        };
        self.open(kind, Some(address), open).await
    }

    /// Upgrades streams of the program to a websocket.
    pub(crate) async fn over<R, W>(&self, reader: R, writer: W) -> Result<Remote>
    where
        R: AsyncRead + Unpin + Send + 'static,
        W: AsyncWrite + Unpin + Send + 'static,
    {
        let open = self.upgrade(Box::new(join(reader, writer)), LOCAL_HOST, "/");
        self.open("streams", None, open).await
    }

    /// Waits for a websocket, but not too long.
    async fn open(
        &self,
        kind: &'static str,
        address: Option<&Address>,
        open: impl Future<Output = Result<(BoxedIo, Vec<u8>), Refusal>>,
    ) -> Result<Remote> {
        let limit = self.limit;
        let opened = timeout(limit, open).await.unwrap_or_else(|_| {
            let reason = format!("no websocket within {} s", limit.as_secs_f32());
            Err(Refusal::Io(io::Error::new(io::ErrorKind::TimedOut, reason)))
        });
        let (io, received) = opened.map_err(|refusal| failed(address, refusal))?;
        let (reader, writer) = websocket::split(io, received, self.ping_interval);
        Ok(Transport {
            kind,
            reader,
            writer,
            process: None,
        })
    }

    /// Upgrades a stream to a websocket. Returns the bytes that follow the handshake.
    async fn upgrade(
        &self,
        mut io: BoxedIo,
        host: &str,
        target: &str,
    ) -> Result<(BoxedIo, Vec<u8>), Refusal> {
        let upgrade = Upgrade {
            target,
            host,
            token: self.token.as_deref(),
        };
        let received = upgrade.perform(&mut io).await?;
        Ok((io, received))
    }

    async fn tcp(&self, address: &TcpAddress) -> Result<BoxedIo, Refusal> {
        let stream = TcpStream::connect((&*address.host, address.port)).await?;
        // A request is written at once.
        stream.set_nodelay(true)?;
        if !address.is_tls {
            return Ok(Box::new(stream));
        }
        #[cfg(feature = "tls")]
        return Ok(Box::new(
            tls::connect(stream, &address.host, &self.roots).await?,
        ));
        #[cfg(not(feature = "tls"))]
        return Err(Refusal::Invalid(
            "`wss://` needs the feature `tls` of `codex-client`",
        ));
    }
}

fn failed(address: Option<&Address>, refusal: Refusal) -> Error {
    let (status, reason, is_transient) = match refusal {
        // Certificates do not become valid by themselves.
        Refusal::Io(error) => {
            let is_transient = error.kind() != io::ErrorKind::InvalidData;
            (None, describe(address, &error), is_transient)
        }
        Refusal::Status(status, reason) => (Some(status), reason, status == 429 || status >= 500),
        Refusal::Invalid(reason) => (None, reason.to_owned(), false),
    };
    Error::Connect(Box::new(ConnectFailed {
        url: address.map(Address::to_string),
        status,
        reason,
        is_transient,
    }))
}

fn describe(address: Option<&Address>, error: &io::Error) -> String {
    let is_absent = matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
    );
    match address {
        Some(Address::Unix(_)) if is_absent => format!(
            "{error}; no server listens there: `codex app-server daemon start` starts the local \
             one, and `codex app-server --listen unix:///path` one at another path"
        ),
        _ if error.kind() == io::ErrorKind::UnexpectedEof => {
            "the server closed the connection during the handshake".to_owned()
        }
        _ => error.to_string(),
    }
}

/// Connects to a unix socket. The path may be longer than that of a socket can be, and the link to
/// a shorter one, as servers create it.
#[cfg(unix)]
async fn unix(path: PathBuf) -> io::Result<BoxedIo> {
    let target = std::fs::canonicalize(path)?;
    Ok(Box::new(tokio::net::UnixStream::connect(target).await?))
}

/// Tokio has no unix sockets on other systems.
#[cfg(not(unix))]
async fn unix(_: PathBuf) -> io::Result<BoxedIo> {
    std::future::ready(Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "unix sockets are not available on this system: use `ws://127.0.0.1:PORT`",
    )))
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_is_busy_or_absent_may_accept_the_client_later_and_one_that_refuses_it_does_not()
     {
        let status = |status| Refusal::Status(status, status.to_string());
        let io = |kind: io::ErrorKind| Refusal::Io(kind.into());
        for (refusal, expected) in [
            (status(429), true),
            (status(500), true),
            (status(503), true),
            (status(400), false),
            (status(401), false),
            (status(403), false),
            (status(404), false),
            (io(io::ErrorKind::ConnectionRefused), true),
            (io(io::ErrorKind::TimedOut), true),
            (io(io::ErrorKind::UnexpectedEof), true),
            // A certificate that is not trusted.
            (io(io::ErrorKind::InvalidData), false),
            (Refusal::Invalid("the response is not HTTP"), false),
        ] {
            let error = failed(None, refusal);
            assert_eq!(error.is_transient(), expected, "{error}");
        }
    }
}
