//! The sub-agents of a turn, and the readers of their events.

use std::{
    sync::{Arc, Weak},
    task::Waker,
};

use crate::{
    error::decode_error::DecodeError,
    routing::{
        agent_feed::{AgentFeed, AgentQueue},
        agent_state::AgentState,
        turn_agent::TurnAgent,
        turn_log::{LogState, TurnLog},
    },
    rpc::{delta::DeltaRef, raw_notification::RawNotification},
    sub_agent::SubAgent,
};

impl TurnLog {
    /// Returns the sub-agents that have worked for the turn so far.
    pub(crate) fn agents(&self) -> Vec<SubAgent> {
        // Decoded outside the lock.
        let agents = self.lock().record.agents.clone();
        agents.decode(&mut Vec::new())
    }

    /// Creates a reader of the events of the sub-agents, which begins with the next event.
    pub(crate) fn agent_feed(&self) -> Arc<AgentFeed> {
        let feed = Arc::default();
        self.lock().agent_feeds.push(Arc::downgrade(&feed));
        feed
    }

    /// Records the state of a sub-agent.
    pub(crate) fn set_agent(&self, state: &Arc<AgentState>) {
        self.lock().record.agents.set_state(state);
    }

    /// Adds a report of the token usage of a sub-agent. `before` is the report on the same thread
    /// that precedes it.
    pub(crate) fn add_agent_usage(
        &self,
        state: &Arc<AgentState>,
        before: Option<&Arc<RawNotification>>,
        report: &Arc<RawNotification>,
    ) {
        self.lock().record.agents.add_usage(state, before, report);
    }

    /// Adds a delta of a sub-agent. The delta names its turn.
    pub(crate) fn push_agent_delta(
        &self,
        state: &Arc<AgentState>,
        delta: &DeltaRef<'_>,
        wakes: &mut Vec<Waker>,
    ) {
        let push = |unread: &mut AgentQueue, agent: &_| unread.push_delta(agent, delta);
        self.lock().push_agent_event(state, push, wakes);
    }

    /// Adds any other notification of a sub-agent.
    pub(crate) fn push_agent_notification(
        &self,
        state: &Arc<AgentState>,
        notification: &Arc<RawNotification>,
        wakes: &mut Vec<Waker>,
    ) {
        let push =
            |unread: &mut AgentQueue, agent: &_| unread.push_notification(agent, notification);
        self.lock().push_agent_event(state, push, wakes);
    }

    /// Adds the error for an event of a sub-agent that could not be read.
    pub(crate) fn push_agent_unreadable(
        &self,
        state: &Arc<AgentState>,
        error: &Arc<DecodeError>,
        wakes: &mut Vec<Waker>,
    ) {
        let push = |unread: &mut AgentQueue, agent: &_| unread.push_unreadable(agent, error);
        self.lock().push_agent_event(state, push, wakes);
    }
}

impl LogState {
    fn push_agent_event(
        &mut self,
        state: &Arc<AgentState>,
        push: impl Fn(&mut AgentQueue, &Arc<TurnAgent>),
        wakes: &mut Vec<Waker>,
    ) {
        self.agent_feeds.retain(|feed| feed.strong_count() > 0);
        if self.agent_feeds.is_empty() {
            return;
        }
        self.record.agents.set_state(state);
        let Some(agent) = self.record.agents.get(state.thread_id()) else {
            return;
        };
        for feed in self.agent_feeds.iter().filter_map(Weak::upgrade) {
            feed.push(|unread| push(unread, agent), wakes);
        }
    }
}
