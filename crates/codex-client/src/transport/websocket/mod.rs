//! A websocket as a pair of byte streams that carry one message per line.
//!
//! The connection above reads and writes lines, as it does with a child process: it need not know
//! of frames. A library for websockets would collect each message before it is copied, end the
//! connection at a long one instead of dropping it, and write the contents of frames to the log.

mod frame;
mod keep_alive;
#[cfg(test)]
mod tests;
pub(crate) mod upgrade;

use std::{
    future::Future,
    io,
    pin::{Pin, pin},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use codex_types::redact;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

use self::{
    frame::{CLOSE, Control, Decoder, PING, PONG, TEXT, encode},
    keep_alive::{Due, KeepAlive},
};
use crate::error::connection_closed::CloseReason;

/// Minimum free capacity of the input buffer for a read, in bytes.
const READ_SIZE: usize = 64 * 1024;

/// Size of the output at which no further message is taken, in bytes.
const OUTPUT_LIMIT: usize = 64 * 1024;

/// Capacity of the output that is kept, in bytes.
const OUTPUT_KEPT: usize = 1024 * 1024;

/// Number of masks that are generated at once.
const MASKS: usize = 64;

/// The state that both directions share. Both register the waker of the task of the connection,
/// also when a caller writes, so either may continue the work of the other.
struct Socket<S> {
    io: S,
    decoder: Decoder,
    input: Vec<u8>,
    /// Number of bytes of the input that have been decoded.
    decoded: usize,
    output: Vec<u8>,
    /// Number of bytes of the output that have been written.
    written: usize,
    /// Whether the stream has bytes that it may not have passed on.
    is_unflushed: bool,
    /// The beginning of a line whose end has not been written by the layer above.
    line: Vec<u8>,
    masks: Vec<[u8; 4]>,
    /// The payload of the last ping without a response.
    pinged: Option<Vec<u8>>,
    keep_alive: KeepAlive,
    has_sent_close: bool,
    has_ended: bool,
    /// The reason that the server gave for the end.
    closed: Option<CloseReason>,
}

type Shared<S> = Arc<Mutex<Socket<S>>>;

/// The messages from the server, one per line.
pub(crate) struct Reader<S>(Shared<S>);

/// The messages to the server, one per line.
pub(crate) struct Writer<S>(Shared<S>);

/// Returns both directions of a websocket whose handshake is complete. `received` follows the
/// handshake. A server that sends nothing for `ping_interval` is pinged, and given up after another
/// one.
pub(crate) fn split<S>(
    io: S,
    received: Vec<u8>,
    ping_interval: Duration,
) -> (Reader<S>, Writer<S>) {
    let socket = Arc::new(Mutex::new(Socket {
        io,
        decoder: Decoder::default(),
        input: received,
        decoded: 0,
        output: Vec::new(),
        written: 0,
        is_unflushed: false,
        line: Vec::new(),
        masks: Vec::new(),
        pinged: None,
        keep_alive: KeepAlive::new(ping_interval),
        has_sent_close: false,
        has_ended: false,
        closed: None,
    }));
    (Reader(Arc::clone(&socket)), Writer(socket))
}

/// No code panics while it holds the lock, so the lock is never poisoned.
fn lock<S>(socket: &Shared<S>) -> MutexGuard<'_, Socket<S>> {
    socket.lock().unwrap_or_else(PoisonError::into_inner)
}

fn violation(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("websocket: {reason}"))
}

/// Returns the reason in the payload of a close frame, if it has one.
fn close_reason(payload: &[u8]) -> Option<CloseReason> {
    let (code, text) = payload.split_first_chunk()?;
    let text = String::from_utf8_lossy(text);
    let text = redact::without_tokens(&text).replace(char::is_control, " ");
    Some(CloseReason::ClosedByServer {
        code: u16::from_be_bytes(*code),
        reason: text.trim().to_owned(),
    })
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        output: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = output.filled().len();
        loop {
            self.decode(output)?;
            if !self.output.is_empty() || self.is_unflushed {
                // The other direction reports an error. This one reads what the server sent before
                // it.
                let _ = self.poll_drain(context);
            }
            if output.filled().len() > before || output.remaining() == 0 {
                return Poll::Ready(Ok(()));
            }
            if self.has_ended {
                return Poll::Ready(match &self.closed {
                    Some(reason) => Err(reason.clone().into_io_error()),
                    None => Ok(()),
                });
            }
            self.input.drain(..self.decoded);
            self.decoded = 0;
            self.input.reserve(READ_SIZE);
            let read = {
                let read = pin!(self.io.read_buf(&mut self.input));
                read.poll(context)
            };
            match read {
                Poll::Ready(Ok(0)) => self.has_ended = true,
                Poll::Ready(Ok(_)) => self.keep_alive.heard(),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => match ready!(self.keep_alive.poll(context)) {
                    Due::Ping => self.control(PING, &[])?,
                    Due::GiveUp(silence) => {
                        let silence = silence.as_secs_f32();
                        let reason = format!("the server has sent nothing for {silence} s");
                        return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, reason)));
                    }
                },
            }
        }
    }

    /// Decodes the input and responds to control frames.
    fn decode(&mut self, output: &mut ReadBuf<'_>) -> io::Result<()> {
        while !self.has_ended {
            let input = &self.input[self.decoded..];
            let (used, control) = self.decoder.decode(input, output).map_err(violation)?;
            self.decoded += used;
            let Some(Control { opcode, payload }) = control else {
                break;
            };
            match opcode {
                PING => self.pinged = Some(payload),
                CLOSE => {
                    self.close(payload.get(..2).unwrap_or_default())?;
                    self.has_ended = true;
                    self.closed = close_reason(&payload);
                }
                _ => {}
            }
        }
        // Only the last ping needs a response, so pings cannot fill the output.
        if self.output.is_empty()
            && let Some(payload) = self.pinged.take()
        {
            self.control(PONG, &payload)?;
        }
        Ok(())
    }

    /// Takes the bytes of the layer above up to the end of the first line, which is a message.
    fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if let Some(reason) = &self.closed {
            return Poll::Ready(Err(reason.clone().into_io_error()));
        }
        if self.has_sent_close || self.has_ended {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if self.output.len() >= OUTPUT_LIMIT {
            ready!(self.poll_drain(context))?;
        }
        let Some(end) = memchr::memchr(b'\n', bytes) else {
            self.line.extend_from_slice(bytes);
            return Poll::Ready(Ok(bytes.len()));
        };
        let mask = self.mask()?;
        encode(TEXT, [&self.line, &bytes[..end]], mask, &mut self.output);
        self.line = Vec::new();
        Poll::Ready(Ok(end + 1))
    }

    /// Writes the output and flushes the stream.
    fn poll_drain(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.written < self.output.len() {
            let rest = &self.output[self.written..];
            match ready!(Pin::new(&mut self.io).poll_write(context, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.written += written,
            }
            self.is_unflushed = true;
        }
        self.written = 0;
        self.output.clear();
        self.output.shrink_to(OUTPUT_KEPT);
        ready!(Pin::new(&mut self.io).poll_flush(context))?;
        self.is_unflushed = false;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // 1000: the purpose of the connection is fulfilled.
        self.close(&1000_u16.to_be_bytes())?;
        ready!(self.poll_drain(context))?;
        Pin::new(&mut self.io).poll_shutdown(context)
    }

    fn close(&mut self, code: &[u8]) -> io::Result<()> {
        if !self.has_sent_close {
            self.has_sent_close = true;
            self.control(CLOSE, code)?;
        }
        Ok(())
    }

    fn control(&mut self, opcode: u8, payload: &[u8]) -> io::Result<()> {
        let mask = self.mask()?;
        encode(opcode, [payload, &[]], mask, &mut self.output);
        Ok(())
    }

    /// Returns a mask that cannot be predicted.
    fn mask(&mut self) -> io::Result<[u8; 4]> {
        if self.masks.is_empty() {
            let mut bytes = [0; MASKS * 4];
            getrandom::fill(&mut bytes).map_err(io::Error::other)?;
            self.masks.extend_from_slice(bytes.as_chunks().0);
        }
        self.masks.pop().ok_or_else(|| io::Error::other("no mask"))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Reader<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        lock(&self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Writer<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        lock(&self.0).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        lock(&self.0).poll_drain(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        lock(&self.0).poll_shutdown(context)
    }
}
