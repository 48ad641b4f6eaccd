//! A server that does not respond to the handshake.

use std::{fmt, time::Duration};

use crate::error::{decode_error::DecodeError, stderr_excerpt::write_excerpt};

/// The server did not respond to `initialize` in time.
///
/// The message says what the server sent instead. A program that is not an app-server, or a wrapper
/// that prints text of its own, shows itself there.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HandshakeTimeout {
    /// The timeout.
    pub after: Duration,
    /// The number of messages that the server sent, other than the response.
    pub messages: usize,
    /// The lines that are not messages of the protocol.
    pub unreadable: Vec<DecodeError>,
    /// The last lines that the server wrote to its standard error so far. Same as
    /// [`ConnectionClosed::stderr_tail`](crate::ConnectionClosed::stderr_tail). Empty if this client
    /// did not start the server.
    pub stderr_tail: String,
}

impl fmt::Display for HandshakeTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let after = self.after.as_secs_f32();
        write!(
            f,
            "the server did not respond to `initialize` within {after} s"
        )?;
        match (self.messages, self.unreadable.as_slice()) {
            (0, []) => f.write_str(
                "; it sent nothing. Is the program `codex app-server`? If it is slow to start, raise \
                 `request_timeout`",
            )?,
            (messages, []) => write!(f, "; it sent {messages} other messages")?,
            (_, [first, rest @ ..]) => write!(
                f,
                "; it sent {} lines that are not messages (`HandshakeTimeout::unreadable` has their \
                 text), the first: {first}. Is the program `codex app-server`, without a wrapper \
                 that prints text?",
                rest.len() + 1
            )?,
        }
        write_excerpt(f, &self.stderr_tail)
    }
}

impl std::error::Error for HandshakeTimeout {}
