//! The events of one turn.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use codex_types::ServerNotification;
use futures_core::Stream;

use crate::{
    codex::Codex,
    error::{Error, Result, connection_closed::ConnectionClosed, turn_detached::TurnDetached},
    routing::{
        decode,
        delta_queue::Event,
        turn_log::{EarlyEnd, End, TurnLog, TurnReader},
    },
    turn::{control::poll_end, result::TurnResult},
};

/// The events of one turn; from [`TurnHandle::stream`](crate::turn::handle::TurnHandle::stream).
///
/// The last item is `turn/completed`, or [`Error::Closed`] if the connection ended before, or
/// [`Error::TurnDetached`] if the turn's thread was closed or unsubscribed from before. An
/// [`Error::Decode`] does not end it: that message could not be understood, and the next one comes.
///
/// A reader that falls far behind gets neighbouring deltas of an item as one: fewer events, the same
/// text.
#[derive(Debug)]
pub struct TurnStream {
    /// Keeps the connection open while the turn is followed.
    _codex: Codex,
    reader: TurnReader,
    ended: bool,
}

impl TurnStream {
    pub(crate) fn new(codex: Codex, reader: TurnReader) -> Self {
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
    /// As [`TurnHandle::run`](crate::turn::handle::TurnHandle::run).
    pub async fn result(mut self) -> Result<TurnResult> {
        self.reader.mute();
        match poll_fn(|context| poll_end(&mut self.reader, context)).await {
            End::Completed => TurnResult::collect(&self.reader.log().record()),
            End::EarlyEnd(why) => Err(self.lost(why)),
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<ServerNotification>>> {
        self.poll_event(context).map(|event| {
            let log = self.reader.log();
            event.map(|event| decode::event(event?, log.thread_id(), log.turn_id()))
        })
    }

    /// The next event, undecoded.
    pub(crate) fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Event>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        self.reader.poll(context).map(|event| match event {
            Ok(event) => Some(Ok(event)),
            Err(end) => {
                self.ended = true;
                match end {
                    End::Completed => None,
                    End::EarlyEnd(why) => Some(Err(self.lost(why))),
                }
            }
        })
    }

    /// The error of a turn that has ended as failed.
    pub(crate) fn failure(&self) -> Option<Error> {
        TurnResult::collect(&self.reader.log().record()).err()
    }

    /// The error of a turn whose end will not come.
    fn lost(&self, why: EarlyEnd) -> Error {
        lost(self.reader.log(), why)
    }
}

/// The error of a turn whose end will not come.
pub(crate) fn lost(log: &TurnLog, why: EarlyEnd) -> Error {
    // What cannot be understood is no reason to hide why there is no more.
    let partial = TurnResult::partial(log.turn_id(), &log.record()).ok();
    match why {
        EarlyEnd::Closed(closed) => Error::Closed(Arc::new(ConnectionClosed {
            partial: partial.map(Box::new),
            ..ConnectionClosed::clone(&closed)
        })),
        EarlyEnd::Lost(reason) => Error::TurnDetached(Box::new(TurnDetached {
            thread_id: log.thread_id().to_owned(),
            turn_id: log.turn_id().to_owned(),
            reason,
            partial,
        })),
    }
}

impl Stream for TurnStream {
    type Item = Result<ServerNotification>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(context)
    }
}
