//! The events of one turn.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use codex_types::ServerNotification;
use futures_core::Stream;

use super::TurnResult;
use crate::{
    codex::Codex,
    connection::{End, Reader},
    decode,
    error::{Error, Result},
};

/// The events of one turn; from [`TurnHandle::stream`](super::TurnHandle::stream).
///
/// The last item is `turn/completed`, or [`Error::Closed`] if the connection ended before. An
/// [`Error::Decode`] does not end it: that message could not be understood, and the next one comes.
///
/// A reader that falls far behind gets neighbouring deltas of an item as one: fewer events, the same
/// text.
#[derive(Debug)]
pub struct TurnStream {
    /// Keeps the connection open while the turn is followed.
    _codex: Codex,
    reader: Reader,
    ended: bool,
}

impl TurnStream {
    pub(crate) fn new(codex: Codex, reader: Reader) -> Self {
        Self {
            _codex: codex,
            reader,
            ended: false,
        }
    }

    /// The next event; `None` after the last one. May be cancelled without losing any.
    pub async fn next(&mut self) -> Option<Result<ServerNotification>> {
        poll_fn(|context| self.poll(context)).await
    }

    /// Waits for the end of the turn, without the events that are still unread, and collects its
    /// result. Nothing is asked of the server for it.
    ///
    /// # Errors
    ///
    /// As [`TurnHandle::run`](super::TurnHandle::run).
    pub async fn result(mut self) -> Result<TurnResult> {
        self.reader.mute();
        let end = poll_fn(|context| {
            loop {
                match self.reader.poll(context) {
                    Poll::Ready(Ok(_)) => {}
                    Poll::Ready(Err(end)) => return Poll::Ready(end),
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await;
        match end {
            End::Completed => TurnResult::collect(&self.reader.feed().record()),
            End::Closed(closed) => Err(Error::Closed(closed)),
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<ServerNotification>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        self.reader.poll(context).map(|event| match event {
            Ok(event) => {
                let feed = self.reader.feed();
                Some(decode::event(event, feed.thread_id(), feed.turn_id()))
            }
            Err(end) => {
                self.ended = true;
                match end {
                    End::Completed => None,
                    End::Closed(closed) => Some(Err(Error::Closed(closed))),
                }
            }
        })
    }
}

impl Stream for TurnStream {
    type Item = Result<ServerNotification>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(context)
    }
}
