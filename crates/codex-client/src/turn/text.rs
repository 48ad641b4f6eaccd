//! The text of the model's messages in a turn.

use std::{
    collections::HashMap,
    task::{Context, Poll, ready},
};

use codex_types::{
    AgentMessageDeltaNotification, ItemCompletedNotification, ItemStartedNotification,
    MessagePhase, ThreadItem,
};

use crate::{
    error::{Error, Result},
    routing::delta_queue::Event,
    rpc::{
        delta::DeltaKind,
        raw_notification::{NotificationKind, RawNotification},
    },
    stream::stream,
    turn::stream::TurnStream,
    turn_result::TurnResult,
};

/// The text of the model's messages in a turn, returned by
/// [`TurnHandle::text_stream`](crate::TurnHandle::text_stream).
///
/// ```no_run
/// use codex_client::{Result, Thread};
///
/// async fn example(thread: &Thread) -> Result<()> {
///     let turn = thread.turn("Explain the parser.").await?;
///     let mut text = turn.text_stream();
///     while let Some(piece) = text.next().await {
///         print!("{}", piece?);
///     }
///     let result = text.result().await?;
///     println!("{:?}", result.status);
///     Ok(())
/// }
/// ```
///
/// The stream ends with the turn. Its last item is an error if the turn failed
/// ([`TurnFailed`](crate::Error::TurnFailed)), or if the connection ended
/// ([`Closed`](crate::Error::Closed)) or the thread was closed or unsubscribed from
/// ([`TurnDetached`](crate::Error::TurnDetached)) before the turn ended, or if the turn exceeded
/// its [idle timeout](crate::TurnHandle::idle_timeout)
/// ([`TurnTimeout`](crate::Error::TurnTimeout)). After an interrupt by this program, there is no
/// error. An [`Error::Decode`](crate::Error::Decode) does not end the stream: it reports that a
/// message could not be decoded, and the next piece follows.
#[derive(Debug)]
pub struct TextStream {
    events: TurnStream,
    messages: Messages,
}

impl TextStream {
    pub(crate) fn new(events: TurnStream) -> Self {
        Self {
            events,
            messages: Messages::default(),
        }
    }

    /// Waits for the turn to end and collects the result, as
    /// [`TurnStream::result`](crate::TurnStream::result) does.
    ///
    /// # Errors
    ///
    /// Same as [`TurnHandle::run`](crate::TurnHandle::run).
    pub async fn result(self) -> Result<TurnResult> {
        self.events.result().await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<String>>> {
        loop {
            let Some(event) = ready!(self.events.poll_event(context)) else {
                return Poll::Ready(None);
            };
            let text = match event {
                Err(error) => return Poll::Ready(Some(Err(error))),
                Ok(Event::Delta(delta)) => {
                    let is_shown = delta.kind == DeltaKind::AgentMessage
                        && self.messages.delta(&delta.item_id);
                    is_shown.then_some(Ok(delta.text))
                }
                Ok(Event::Notification(notification))
                    if notification.kind() == NotificationKind::TurnCompleted =>
                {
                    self.events.failure().map(Err)
                }
                Ok(Event::Notification(notification)) => {
                    self.messages.notification(&notification).transpose()
                }
                Ok(Event::Unreadable(error)) => Some(Err(Error::Decode(error))),
                Ok(Event::SessionLost(closed)) => Some(Err(Error::Closed(closed))),
            };
            match text {
                Some(Ok(text)) if text.is_empty() => {}
                None => {}
                text => return Poll::Ready(text),
            }
        }
    }
}

stream! {
    /// Returns the next piece of text, or `None` after the last one.
    TextStream => Result<String>
}

/// The messages that are being written, by the id of their item.
#[derive(Debug, Default)]
struct Messages {
    started: HashMap<String, Message>,
}

#[derive(Debug)]
struct Message {
    is_commentary: bool,
    /// Whether a delta of this message was received.
    has_begun: bool,
}

impl Messages {
    /// Returns whether a delta of this item is shown.
    fn delta(&mut self, item_id: &str) -> bool {
        // An item whose start was dropped counts as a message.
        let Some(message) = self.started.get_mut(item_id) else {
            return true;
        };
        message.has_begun = true;
        !message.is_commentary
    }

    /// Returns the text that a notification adds.
    fn notification(&mut self, notification: &RawNotification) -> Result<Option<String>> {
        match notification.kind() {
            NotificationKind::ItemStarted => {
                let started: ItemStartedNotification =
                    notification.decode_params_around(&mut Vec::new())?;
                if let ThreadItem::AgentMessage(item) = started.item {
                    let message = Message {
                        is_commentary: item.phase == Some(MessagePhase::Commentary),
                        has_begun: false,
                    };
                    self.started.insert(item.id.clone(), message);
                }
            }
            // A delta with unknown members is kept as received.
            NotificationKind::Delta(DeltaKind::AgentMessage) => {
                let delta: AgentMessageDeltaNotification = notification.decode_params()?;
                return Ok(self.delta(&delta.item_id).then_some(delta.delta));
            }
            // A server that sends no deltas sends the text as a whole.
            NotificationKind::ItemCompleted => {
                let completed: ItemCompletedNotification =
                    notification.decode_params_around(&mut Vec::new())?;
                if let ThreadItem::AgentMessage(item) = completed.item
                    && let Some(message) = self.started.remove(&item.id)
                    && !message.has_begun
                    && item.phase != Some(MessagePhase::Commentary)
                {
                    return Ok(Some(item.text.clone()));
                }
            }
            _ => {}
        }
        Ok(None)
    }
}
