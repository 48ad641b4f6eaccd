//! What the model says in a turn, as text that grows.

use std::{
    collections::HashMap,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
};

use codex_types::{
    AgentMessageDeltaNotification, ItemCompletedNotification, ItemStartedNotification,
    MessagePhase, ThreadItem,
};
use futures_core::Stream;

use crate::{
    error::Result,
    routing::{decode, delta_queue::Event},
    rpc::raw_notification::{DeltaKind, RawNotification},
    turn::{handle::TurnHandle, result::TurnResult, stream::TurnStream},
};

impl<R> TurnHandle<R> {
    /// What the model says to the user, piece by piece as it comes.
    ///
    /// Neither reasoning nor output of commands is in it, nor what the model marks as commentary on
    /// its work. Of several messages, the texts follow each other.
    ///
    /// ```no_run
    /// # async fn example(thread: codex_client::Thread) -> codex_client::Result<()> {
    /// let turn = thread.turn("Tell me a story.").await?;
    /// let mut text = turn.text_stream();
    /// while let Some(piece) = text.next().await {
    ///     print!("{}", piece?);
    /// }
    /// let result = text.result().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn text_stream(&self) -> TextStream {
        TextStream {
            events: self.stream(),
            messages: Messages::default(),
        }
    }
}

/// What the model says in a turn; from [`TurnHandle::text_stream`].
///
/// It ends with the turn. Its last item is an error if the turn failed
/// ([`TurnFailed`](crate::Error::TurnFailed)), the connection ended before it
/// ([`ConnectionClosed`](crate::Error::Closed)) or its thread did ([`TurnDetached`](crate::Error::TurnDetached)); a turn
/// that was interrupted just ends. A message that could not be understood is a
/// [`Decode`](crate::Error::Decode), and the next piece comes.
#[derive(Debug)]
pub struct TextStream {
    events: TurnStream,
    messages: Messages,
}

impl TextStream {
    /// The next piece; `None` after the last one. May be cancelled without losing any.
    pub async fn next(&mut self) -> Option<Result<String>> {
        poll_fn(|context| self.poll(context)).await
    }

    /// Waits for the end of the turn and collects its result, as
    /// [`TurnStream::result`](TurnStream::result).
    ///
    /// # Errors
    ///
    /// As [`TurnHandle::run`].
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
                    let said = delta.kind == DeltaKind::AgentMessage
                        && self.messages.delta(&delta.item_id);
                    said.then_some(Ok(delta.text))
                }
                Ok(Event::Notification(notification))
                    if notification.method() == "turn/completed" =>
                {
                    self.events.failure().map(Err)
                }
                Ok(Event::Notification(notification)) => {
                    self.messages.notification(&notification).transpose()
                }
            };
            match text {
                Some(Ok(text)) if text.is_empty() => {}
                None => {}
                text => return Poll::Ready(text),
            }
        }
    }
}

impl Stream for TextStream {
    type Item = Result<String>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(context)
    }
}

/// What is known of the messages that are being said, by item.
#[derive(Debug, Default)]
struct Messages {
    started: HashMap<String, Message>,
}

#[derive(Debug)]
struct Message {
    is_commentary: bool,
    /// Whether some of its text has come.
    has_begun: bool,
}

impl Messages {
    /// Whether a delta of this item is to be heard.
    fn delta(&mut self, item_id: &str) -> bool {
        // One whose start was missed is no commentary as far as is known.
        let Some(message) = self.started.get_mut(item_id) else {
            return true;
        };
        message.has_begun = true;
        !message.is_commentary
    }

    /// The text that is to be heard with this notification.
    fn notification(&mut self, notification: &RawNotification) -> Result<Option<String>> {
        match notification.method() {
            "item/started" => {
                let started: ItemStartedNotification = decode::params(notification)?;
                if let ThreadItem::AgentMessage(item) = started.item {
                    let message = Message {
                        is_commentary: item.phase == Some(MessagePhase::Commentary),
                        has_begun: false,
                    };
                    self.started.insert(item.id.clone(), message);
                }
            }
            // A delta with members that are not known comes as a note.
            "item/agentMessage/delta" => {
                let delta: AgentMessageDeltaNotification = decode::params(notification)?;
                return Ok(self.delta(&delta.item_id).then_some(delta.delta));
            }
            // Where the server sends no deltas, the text comes as a whole.
            "item/completed" => {
                let completed: ItemCompletedNotification = decode::params(notification)?;
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
