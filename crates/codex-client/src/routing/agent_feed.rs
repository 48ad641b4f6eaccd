//! The events of the sub-agents of a turn, for a reader that follows them.

use std::{collections::VecDeque, sync::Arc};

use crate::{
    error::decode_error::DecodeError,
    routing::{
        delta_queue::{DeltaQueue, Event},
        mailbox::{Buffer, Mailbox},
        turn_agent::TurnAgent,
    },
    rpc::{delta::DeltaRef, raw_notification::RawNotification},
};

/// The unread events of one reader. The end is that of the turn.
pub(crate) type AgentFeed = Mailbox<AgentQueue, ()>;

/// An event of a sub-agent, and the sub-agent after the event.
#[derive(Debug)]
pub(crate) struct AgentEvent {
    pub(crate) agent: Arc<TurnAgent>,
    pub(crate) event: Event,
}

/// Events in order, each with its sub-agent.
#[derive(Debug, Default)]
pub(crate) struct AgentQueue {
    events: DeltaQueue,
    agents: VecDeque<Arc<TurnAgent>>,
}

impl AgentQueue {
    pub(crate) fn push_notification(
        &mut self,
        agent: &Arc<TurnAgent>,
        notification: &Arc<RawNotification>,
    ) {
        self.events.push_notification(Arc::clone(notification));
        self.agents.push_back(Arc::clone(agent));
    }

    pub(crate) fn push_unreadable(&mut self, agent: &Arc<TurnAgent>, error: &Arc<DecodeError>) {
        self.events.push_unreadable(Arc::clone(error));
        self.agents.push_back(Arc::clone(agent));
    }

    /// Adds a delta, which names its turn. It may be merged with the delta before it, which then is
    /// of the same turn and therefore of the same sub-agent.
    pub(crate) fn push_delta(&mut self, agent: &Arc<TurnAgent>, delta: &DeltaRef<'_>) {
        self.events.push_delta(delta);
        if self.agents.len() == self.events.len() {
            self.agents.pop_back();
        }
        self.agents.push_back(Arc::clone(agent));
    }
}

impl Buffer for AgentQueue {
    type Item = AgentEvent;

    fn pop(&mut self) -> Option<AgentEvent> {
        let (event, agent) = (self.events.pop()?, self.agents.pop_front()?);
        Some(AgentEvent { agent, event })
    }

    fn drop_oldest(&mut self) {
        self.events.drop_oldest();
        self.agents.pop_front();
    }

    fn len(&self) -> usize {
        self.agents.len()
    }

    fn size(&self) -> usize {
        // Each event may have a sub-agent of its own.
        self.events.size() + self.agents.len() * size_of::<TurnAgent>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        routing::{agent_state::AgentState, delta_queue::MERGE_THRESHOLD, turn_agent::TurnAgents},
        rpc::{delta::DeltaKind, raw_notification::notification},
    };

    fn agent(thread_id: &str) -> Arc<TurnAgent> {
        let mut agents = TurnAgents::default();
        agents.set_state(&Arc::new(AgentState::new(thread_id)));
        Arc::clone(agents.get(thread_id).unwrap())
    }

    fn delta<'a>(turn_id: &'a str, text: &'a str) -> DeltaRef<'a> {
        DeltaRef {
            kind: DeltaKind::AgentMessage,
            turn_id: Some(turn_id),
            item_id: "i",
            index: 0,
            text,
            emitted_at_ms: None,
        }
    }

    /// Returns the thread and the text or the method of the next event.
    fn pop(queue: &mut AgentQueue) -> Option<(String, String)> {
        let AgentEvent { agent, event } = queue.pop()?;
        let text = match event {
            Event::Notification(notification) => notification.method().to_owned(),
            Event::Delta(delta) => delta.text,
            Event::Unreadable(error) => error.reason.clone(),
            Event::SessionLost(closed) => closed.reason.to_string(),
        };
        Some((agent.state().thread_id().to_owned(), text))
    }

    #[test]
    fn each_event_has_its_sub_agent_even_if_deltas_are_merged() {
        let (first, second) = (agent("first"), agent("second"));
        let mut queue = AgentQueue::default();
        let method = Arc::new(notification(r#"{"method":"x"}"#));
        for _ in 0..MERGE_THRESHOLD - 1 {
            queue.push_notification(&first, &method);
        }
        for (agent, turn_id, text) in [
            (&second, "v", "a"),
            (&second, "v", "b"),
            (&first, "u", "c"),
            (&second, "v", "d"),
            (&second, "v", "e"),
        ] {
            queue.push_delta(agent, &delta(turn_id, text));
        }
        assert_eq!(queue.len(), MERGE_THRESHOLD + 2);
        for _ in 0..MERGE_THRESHOLD - 2 {
            assert_eq!(pop(&mut queue).unwrap(), ("first".into(), "x".into()));
        }
        queue.drop_oldest();
        let rest: Vec<_> = std::iter::from_fn(|| pop(&mut queue)).collect();
        let expected = [("second", "ab"), ("first", "c"), ("second", "de")];
        assert_eq!(rest, expected.map(|(id, text)| (id.into(), text.into())));
        assert_eq!((queue.len(), queue.size()), (0, 0));
    }
}
