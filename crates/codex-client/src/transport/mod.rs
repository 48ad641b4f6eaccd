//! The byte streams of a connection.
//!
//! A connection is generic over a pair of byte streams: the standard streams of a child process, both
//! directions of a websocket, or streams passed by the program, such as one end of a
//! `tokio::io::duplex`.

#[cfg(feature = "websocket")]
pub(crate) mod address;
#[cfg(feature = "websocket")]
pub(crate) mod dial;
pub(crate) mod process;
pub(crate) mod stderr;
pub(crate) mod stderr_lines;
#[cfg(feature = "tls")]
pub(crate) mod tls;
pub(crate) mod tree;
#[cfg(feature = "websocket")]
pub(crate) mod websocket;

use tokio::{
    io::{AsyncRead, AsyncWrite},
    process::{ChildStdin, ChildStdout},
};

use crate::{
    error::Result,
    transport::process::{Launch, Process},
};

/// A pair of byte streams, with the server process if this client started it.
#[derive(Debug)]
pub(crate) struct Transport<R, W> {
    /// The kind of the transport, as traces name it.
    pub(crate) kind: &'static str,
    pub(crate) reader: R,
    pub(crate) writer: W,
    pub(crate) process: Option<Process>,
}

impl Transport<ChildStdout, ChildStdin> {
    /// Starts a process and returns a transport over its standard streams.
    pub(crate) fn spawn(launch: &Launch) -> Result<Self> {
        let (process, reader, writer) = Process::spawn(launch)?;
        Ok(Self {
            kind: "process",
            reader,
            writer,
            process: Some(process),
        })
    }
}

impl<R, W> Transport<R, W>
where
    R: AsyncRead + Unpin + Send + 'static,
    W: AsyncWrite + Unpin + Send + 'static,
{
    /// Creates a transport over streams passed by the program.
    pub(crate) fn streams(reader: R, writer: W) -> Self {
        Self {
            kind: "streams",
            reader,
            writer,
            process: None,
        }
    }
}
