//! The events of one turn.

use std::{
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll},
};

use codex_types::ServerNotification;

use crate::{
    client::Codex,
    connection::interrupt_guard::InterruptGuard,
    error::{Error, Result},
    routing::{
        delta_queue::Event,
        turn_log::{TurnReader, record_claim::RecordClaim},
    },
    rpc::decoder::Decoder,
    stream::stream,
    turn_result::TurnResult,
};

/// The events of one turn, returned by [`TurnHandle::stream`](crate::TurnHandle::stream).
///
/// ```no_run
/// use codex_client::{Result, TurnHandle, types::ServerNotification};
///
/// async fn example(turn: &TurnHandle) -> Result<()> {
///     let mut events = turn.stream();
///     while let Some(event) = events.next().await {
///         if let ServerNotification::AgentMessageDelta(delta) = event? {
///             print!("{}", delta.delta);
///         }
///     }
///     let result = events.result().await?;
///     println!("{} items", result.items.len());
///     Ok(())
/// }
/// ```
///
/// The last item is `turn/completed`, or [`Error::Closed`] if the connection ended first, or
/// [`Error::TurnDetached`] if the thread was closed or unsubscribed from first or the server does
/// not report the end of the turn. A turn that was interrupted because it exceeded its
/// [idle timeout](crate::TurnHandle::idle_timeout) ends with [`Error::TurnTimeout`]. An
/// [`Error::Decode`] does not end the stream: it reports that a part of the previous event, or a
/// whole message, could not be decoded, and the next event follows.
///
/// A reader that falls far behind receives adjacent deltas of an item merged into one: fewer
/// events, but the same text.
#[derive(Debug)]
pub struct TurnStream {
    /// The first field, so that the turn is interrupted before the connection may end.
    _guard: Option<Arc<InterruptGuard>>,
    /// Keeps the connection open while the turn is read.
    _codex: Codex,
    reader: TurnReader,
    /// `None` if only the events are read.
    record: Option<RecordClaim>,
    decoder: Decoder,
    has_ended: bool,
}

impl TurnStream {
    pub(crate) fn new(
        codex: Codex,
        reader: TurnReader,
        guard: Option<Arc<InterruptGuard>>,
    ) -> Self {
        Self {
            _codex: codex,
            record: Some(RecordClaim::new(reader.log())),
            reader,
            decoder: Decoder::default(),
            has_ended: false,
            _guard: guard,
        }
    }

    /// Reads only the events: the client drops each item once it was read, instead of keeping it for
    /// the result of the turn. A turn with large items then takes little memory.
    ///
    /// The items are kept as long as a handle or another stream of the turn exists that may still ask
    /// for the result, and for a goal that the turn belongs to. Otherwise, [`result`](Self::result)
    /// and the partial result of an error have the status, the tokens, the sub-agents and the error
    /// of the turn, but no items and no final response.
    ///
    /// ```no_run
    /// use codex_client::{Result, Thread};
    ///
    /// async fn example(thread: &Thread) -> Result<()> {
    ///     let mut events = thread.turn("Run the tests.").await?.stream().events_only();
    ///     while let Some(event) = events.next().await {
    ///         println!("{}", event?.method());
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn events_only(mut self) -> Self {
        if let Some(record) = self.record.take() {
            record.give_up();
        }
        self
    }

    /// Waits for the turn to end, skips the unread events, and collects the result. No request is
    /// sent to the server.
    ///
    /// # Errors
    ///
    /// Same as [`TurnHandle::run`](crate::TurnHandle::run).
    pub async fn result(mut self) -> Result<TurnResult> {
        self.reader.mute();
        let log = self.reader.log();
        let end = poll_fn(|context| log.poll_end(context)).await;
        log.result(end)
    }

    pub(crate) fn poll(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<ServerNotification>>> {
        if let Some(error) = self.decoder.next_error() {
            return Poll::Ready(Some(Err(error)));
        }
        self.poll_event(context).map(|event| {
            let log = self.reader.log();
            event.map(|event| event?.decode(&mut self.decoder, log.thread_id(), log.turn_id()))
        })
    }

    /// Polls for the next event without decoding it.
    pub(crate) fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Event>>> {
        if self.has_ended {
            return Poll::Ready(None);
        }
        self.reader.poll(context).map(|event| match event {
            Ok(event) => Some(Ok(event)),
            Err(end) => {
                self.has_ended = true;
                self.reader.log().end_error(end).map(Err)
            }
        })
    }

    /// Returns the error of a turn that has failed.
    pub(crate) fn failure(&self) -> Option<Error> {
        self.reader.log().failure()
    }
}

stream! {
    /// Returns the next event, or `None` after the last one.
    TurnStream => Result<ServerNotification>
}
