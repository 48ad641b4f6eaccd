//! The sub-agents that work for a turn.

use std::sync::{Arc, OnceLock};

use crate::{
    error::decode_error::DecodeError,
    routing::{agent_state::AgentState, token_usage::UsageSpan},
    rpc::raw_notification::RawNotification,
    sub_agent::SubAgent,
};

/// A sub-agent that has worked for a turn. Never changes: a change replaces it.
#[derive(Debug)]
pub(crate) struct TurnAgent {
    state: Arc<AgentState>,
    /// The token usage of the sub-agent while the turn was running.
    usage: Option<UsageSpan>,
    /// Decoded at most once, for all events in which the sub-agent is the same.
    value: OnceLock<Arc<SubAgent>>,
}

impl TurnAgent {
    fn new(state: &Arc<AgentState>, usage: Option<UsageSpan>) -> Arc<Self> {
        Arc::new(Self {
            state: Arc::clone(state),
            usage,
            value: OnceLock::new(),
        })
    }

    pub(crate) fn state(&self) -> &AgentState {
        &self.state
    }

    /// Returns the sub-agent as a value.
    pub(crate) fn value(&self) -> Arc<SubAgent> {
        let decode = || Arc::new(self.decode(&mut Vec::new()));
        if !self.state.profile().is_settled() {
            return decode();
        }
        Arc::clone(self.value.get_or_init(decode))
    }

    /// Decodes the sub-agent. The errors for the parts that cannot be read are added to
    /// `unreadable`.
    fn decode(&self, unreadable: &mut Vec<DecodeError>) -> SubAgent {
        let usage = self.usage.as_ref().and_then(|span| span.read(unreadable));
        let tokens = usage.as_ref().map(UsageSpan::tokens);
        self.state.value(tokens.unwrap_or_default())
    }
}

/// The sub-agents that have worked for a turn, in the order in which they began.
#[derive(Debug, Clone, Default)]
pub(crate) struct TurnAgents(Vec<Arc<TurnAgent>>);

impl TurnAgents {
    /// Records the state of a sub-agent. A sub-agent that is not listed is added if it is working:
    /// otherwise, it has worked for an earlier turn.
    pub(crate) fn set_state(&mut self, state: &Arc<AgentState>) {
        match self.find(state) {
            Some(known) if Arc::ptr_eq(&known.state, state) => {}
            Some(known) => *known = TurnAgent::new(state, known.usage.clone()),
            None if state.is_working() => self.0.push(TurnAgent::new(state, None)),
            None => {}
        }
    }

    /// Adds a report of the token usage of a sub-agent. `before` is the report on the same thread
    /// that precedes it.
    pub(crate) fn add_usage(
        &mut self,
        state: &Arc<AgentState>,
        before: Option<&Arc<RawNotification>>,
        report: &Arc<RawNotification>,
    ) {
        let usage = |known: Option<&UsageSpan>| match known {
            Some(span) => span.until(report),
            None => UsageSpan::new(before, report),
        };
        match self.find(state) {
            Some(known) => {
                let usage = usage(known.usage.as_ref());
                *known = TurnAgent::new(state, Some(usage));
            }
            None => self.0.push(TurnAgent::new(state, Some(usage(None)))),
        }
    }

    fn find(&mut self, state: &AgentState) -> Option<&mut Arc<TurnAgent>> {
        let mut agents = self.0.iter_mut();
        agents.find(|agent| agent.state.thread_id() == state.thread_id())
    }

    /// Returns the sub-agent with this thread.
    pub(crate) fn get(&self, thread_id: &str) -> Option<&Arc<TurnAgent>> {
        let mut agents = self.0.iter();
        agents.find(|agent| agent.state.thread_id() == thread_id)
    }

    /// Decodes the sub-agents. The errors for the parts that cannot be read are added to
    /// `unreadable`.
    pub(crate) fn decode(&self, unreadable: &mut Vec<DecodeError>) -> Vec<SubAgent> {
        let agents = self.0.iter();
        agents.map(|agent| agent.decode(unreadable)).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rpc::raw_notification::notification;

    fn raw(method: &str, params: &serde_json::Value) -> Arc<RawNotification> {
        let message = json!({"method": method, "params": params});
        Arc::new(notification(&message.to_string()))
    }

    fn after(state: &Arc<AgentState>, method: &str) -> Arc<AgentState> {
        let turn = json!({"id": "v", "items": [], "status": "completed"});
        let mut state = AgentState::clone(state);
        let params = json!({"threadId": "agent", "turn": turn});
        state.update(&raw(method, &params), Some("v"));
        Arc::new(state)
    }

    fn usage(total: i64) -> Arc<RawNotification> {
        let counts = json!({
            "cachedInputTokens": 0, "inputTokens": total, "outputTokens": 0,
            "reasoningOutputTokens": 0, "totalTokens": total,
        });
        let usage = json!({"last": counts, "total": counts});
        let params = json!({"threadId": "agent", "turnId": "v", "tokenUsage": usage});
        raw("thread/tokenUsage/updated", &params)
    }

    fn values(agents: &TurnAgents) -> Vec<(String, u64)> {
        let agents = agents.decode(&mut Vec::new()).into_iter();
        let values = agents.map(|agent| (agent.status.to_string(), agent.tokens.total));
        values.collect()
    }

    #[test]
    fn a_sub_agent_keeps_its_tokens_while_its_state_changes() {
        let mut agents = TurnAgents::default();
        let started = after(&Arc::new(AgentState::new("agent")), "turn/started");
        agents.set_state(&started);
        agents.add_usage(&started, None, &usage(10));
        agents.add_usage(&started, None, &usage(30));
        assert_eq!(values(&agents), [("running".to_owned(), 30)]);
        agents.set_state(&after(&started, "turn/completed"));
        assert_eq!(values(&agents), [("completed".to_owned(), 30)]);
    }

    #[test]
    fn a_sub_agent_that_has_worked_for_an_earlier_turn_is_not_listed_unless_it_works_again() {
        let mut agents = TurnAgents::default();
        let started = after(&Arc::new(AgentState::new("agent")), "turn/started");
        let ended = after(&started, "turn/completed");
        agents.set_state(&ended);
        agents.set_state(&after(&ended, "thread/closed"));
        assert!(values(&agents).is_empty());
        agents.set_state(&after(&ended, "turn/started"));
        assert_eq!(values(&agents), [("running".to_owned(), 0)]);
        // Its tokens are never lost.
        let mut agents = TurnAgents::default();
        agents.add_usage(&ended, Some(&usage(10)), &usage(30));
        assert_eq!(values(&agents), [("completed".to_owned(), 20)]);
    }

    #[test]
    fn a_value_is_decoded_once_when_the_role_is_known() {
        let state = Arc::new(AgentState::new("agent"));
        let agent = TurnAgent::new(&state, None);
        assert!(!Arc::ptr_eq(&agent.value(), &agent.value()));
        drop(state.profile().request());
        assert!(Arc::ptr_eq(&agent.value(), &agent.value()));
    }
}
