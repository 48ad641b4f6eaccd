//! The events of the sub-agents of a turn.

use std::{
    sync::Arc,
    task::{Context, Poll, ready},
};

use codex_types::ServerNotification;
use serde::{Serialize, Serializer};

use crate::{
    client::Codex,
    connection::interrupt_guard::InterruptGuard,
    error::{Error, Result},
    routing::{
        agent_feed::{AgentEvent, AgentFeed},
        mailbox::Received,
        turn_log::TurnLog,
    },
    rpc::decoder::Decoder,
    stream::stream,
    sub_agent::SubAgent,
};

/// An event of a sub-agent.
///
/// In serde, the fields have these names, and their values are as in the protocol.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SubAgentEvent {
    /// The sub-agent after the event. Shared by the events between which it does not change.
    #[serde(serialize_with = "serialize_agent")]
    pub agent: Arc<SubAgent>,
    /// The event. It has the ids of the thread and the turn of the sub-agent.
    pub notification: ServerNotification,
}

fn serialize_agent<S: Serializer>(agent: &SubAgent, serializer: S) -> Result<S::Ok, S::Error> {
    agent.serialize(serializer)
}

/// The events of the sub-agents of one turn, returned by
/// [`TurnHandle::agent_events`](crate::TurnHandle::agent_events).
///
/// ```no_run
/// use codex_client::{Result, TurnHandle, types::ServerNotification};
///
/// async fn example(turn: &TurnHandle) -> Result<()> {
///     let mut events = turn.agent_events();
///     while let Some(event) = events.next().await {
///         let event = event?;
///         if let ServerNotification::ItemStarted(started) = event.notification {
///             println!("{} ({}): {:?}", event.agent.name(), event.agent.status, started.item);
///         }
///     }
///     Ok(())
/// }
/// ```
///
/// The stream has every event of the threads of the sub-agents, such as the begin and the end of
/// their turns, their items and their deltas, while the turn is running. It ends with the turn. Its
/// last item is an error if the connection ended ([`Error::Closed`]) or the thread was closed or
/// unsubscribed from ([`Error::TurnDetached`]) before the turn ended, or if the turn exceeded its
/// [idle timeout](crate::TurnHandle::idle_timeout) ([`Error::TurnTimeout`]).
///
/// Other errors do not end the stream. They report a message, or a part of the previous event, that
/// could not be decoded ([`Error::Decode`]), or events that were dropped because this reader was too slow
/// ([`Error::Lagged`]). Up to 16 MiB of unread events are kept for each reader. A reader that falls
/// behind by less than that receives adjacent deltas of an item merged into one: fewer events, but
/// the same text.
#[derive(Debug)]
pub struct SubAgentEvents {
    /// The first field, so that the turn is interrupted before the connection may end.
    _guard: Option<Arc<InterruptGuard>>,
    /// Keeps the connection open while the events are read.
    _codex: Codex,
    log: Arc<TurnLog>,
    feed: Arc<AgentFeed>,
    /// An event of a sub-agent whose role is not known yet.
    withheld: Option<AgentEvent>,
    decoder: Decoder,
    has_ended: bool,
}

impl SubAgentEvents {
    pub(crate) fn new(
        codex: Codex,
        log: &Arc<TurnLog>,
        guard: Option<Arc<InterruptGuard>>,
    ) -> Self {
        Self {
            _guard: guard,
            _codex: codex,
            log: Arc::clone(log),
            feed: log.agent_feed(),
            withheld: None,
            decoder: Decoder::default(),
            has_ended: false,
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<SubAgentEvent>>> {
        if self.has_ended {
            return Poll::Ready(None);
        }
        if let Some(error) = self.decoder.next_error() {
            return Poll::Ready(Some(Err(error)));
        }
        let AgentEvent { agent, event } = match self.withheld.take() {
            Some(event) => event,
            None => match ready!(self.poll_feed(context)) {
                Ok(Received::Item(event)) => event,
                Ok(Received::Lagged(skipped)) => {
                    return Poll::Ready(Some(Err(Error::Lagged { skipped })));
                }
                Err(end) => {
                    self.has_ended = true;
                    return Poll::Ready(end.map(Err));
                }
            },
        };
        let state = agent.state();
        if state.profile().poll(context).is_pending() {
            self.withheld = Some(AgentEvent { agent, event });
            return Poll::Pending;
        }
        // Every delta in the feed names its turn.
        let event = event.decode(&mut self.decoder, state.thread_id(), "");
        let agent = agent.value();
        Poll::Ready(Some(event.map(|notification| SubAgentEvent {
            agent,
            notification,
        })))
    }

    /// Polls for the next event, or the end of the turn.
    fn poll_feed(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Received<AgentEvent>, Option<Error>>> {
        if let Poll::Ready(Some(received)) = self.feed.poll(context) {
            return Poll::Ready(Ok(received));
        }
        let end = ready!(self.log.poll_end(context));
        // Events may have arrived since the feed was polled.
        match self.feed.poll(context) {
            Poll::Ready(Some(received)) => Poll::Ready(Ok(received)),
            Poll::Ready(None) | Poll::Pending => Poll::Ready(Err(self.log.end_error(end))),
        }
    }
}

stream! {
    /// Returns the next event, or `None` once the turn has ended.
    SubAgentEvents => Result<SubAgentEvent>
}
