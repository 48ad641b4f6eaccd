//! Where the bytes come from and go to.
//!
//! The connection is generic over a pair of byte streams; behind them stands a child process on its
//! standard input and output, or whatever the caller brings: one end of a `tokio::io::duplex` in a
//! test, a socket.

pub(crate) mod group;
pub(crate) mod process;
pub(crate) mod stderr;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::transport::process::Process;

/// A pair of byte streams, and the process behind them if it is ours.
#[derive(Debug)]
pub(crate) struct Transport<R, W> {
    pub(crate) reader: R,
    pub(crate) writer: W,
    pub(crate) process: Option<Process>,
}

impl<R, W> Transport<R, W>
where
    R: AsyncRead + Unpin + Send + 'static,
    W: AsyncWrite + Unpin + Send + 'static,
{
    /// Streams that somebody else takes care of.
    pub(crate) fn streams(reader: R, writer: W) -> Self {
        Self {
            reader,
            writer,
            process: None,
        }
    }
}
