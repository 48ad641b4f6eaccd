//! A writer that passes bytes on only while it is flushed, as those for TLS do with the last bytes.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::{client::Codex, tests::FakeServer};

/// A stream whose first flush after a write is pending, and whose second one passes the bytes on.
pub(crate) struct HeldBack<S> {
    stream: S,
    held: Vec<u8>,
    is_flushing: bool,
}

impl<S> HeldBack<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            held: Vec::new(),
            is_flushing: false,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for HeldBack<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for HeldBack<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.held.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self {
            stream,
            held,
            is_flushing,
        } = &mut *self;
        if !std::mem::replace(is_flushing, true) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        while !held.is_empty() {
            let written = ready!(Pin::new(&mut *stream).poll_write(context, held))?;
            held.drain(..written);
        }
        *is_flushing = false;
        Pin::new(stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_flush(context))?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[tokio::test(start_paused = true)]
async fn a_flush_that_is_pending_is_continued() {
    let (mut fake, (reader, writer)) = FakeServer::with_capacity(64 * 1024);
    let connect = Codex::builder().connect(reader, HeldBack::new(writer));
    let (codex, ()) = tokio::join!(connect, fake.handshake());
    codex.unwrap().close().await.unwrap();
}
