//! Events of sub-agents.

use std::{sync::Arc, time::Duration};

use codex_types::{Request, ThreadReadParams};
use tokio::time::Instant;

use crate::{
    connection::{
        command::{OnResponse, OutgoingRequest, ResponseSink},
        core::Core,
    },
    error::decode_error::DecodeError,
    routing::{agent_state::AgentState, turn_log::TurnLog},
    rpc::{
        delta::DeltaRef,
        envelope::RoutingKeys,
        raw_notification::{NotificationKind, RawNotification},
    },
};

/// The time within which the server responds to the request for the role of a sub-agent. Until
/// then, the events of the sub-agent are withheld from the readers that follow it.
const PROFILE_TIMEOUT: Duration = Duration::from_secs(2);

/// A sub-agent that works for running turns of this client.
pub(super) struct WorkingAgent {
    state: Arc<AgentState>,
    /// The logs of the turns.
    logs: Vec<Arc<TurnLog>>,
}

impl Core {
    /// Updates the sub-agents from a notification. Returns the sub-agent whose thread it is about.
    pub(super) fn update_agents(
        &mut self,
        notification: &Arc<RawNotification>,
        keys: &RoutingKeys<'_>,
        now: Instant,
    ) -> Option<WorkingAgent> {
        self.sub_agents.update(notification, keys);
        let thread_id = keys.thread_id.as_deref();
        let mut agent = thread_id.and_then(|thread_id| self.working_agent(thread_id));
        for (owner, state) in self.sub_agents.take_changed() {
            let logs = self.turn_routes.running(Some(&owner));
            logs.iter().for_each(|log| log.set_agent(&state));
            if !logs.is_empty() && state.is_working() {
                self.read_profile(&state, now);
            }
            // A thread that has ended is no longer that of a sub-agent.
            if agent.is_none() && thread_id == Some(state.thread_id()) {
                agent = Some(WorkingAgent { state, logs });
            }
        }
        agent
    }

    /// Returns the sub-agent with this thread.
    pub(super) fn working_agent(&self, thread_id: &str) -> Option<WorkingAgent> {
        let (owner, state) = self.sub_agents.agent(thread_id)?;
        Some(WorkingAgent {
            state: Arc::clone(state),
            logs: self.turn_routes.running(Some(owner)),
        })
    }

    /// Reads the thread of a sub-agent, unless that was done before: no event names the role and
    /// the name of the sub-agent.
    fn read_profile(&mut self, state: &AgentState, now: Instant) {
        let Some(request) = state.profile().request() else {
            return;
        };
        let on_response = OnResponse::Call(Box::new(|result| request.respond(result)));
        // Without params, the server would refuse the request.
        let Ok(params) = serde_json::to_vec(&ThreadReadParams::new(state.thread_id())) else {
            return;
        };
        let request = OutgoingRequest {
            method: ThreadReadParams::METHOD,
            params: Some(params),
            timeout: Some(PROFILE_TIMEOUT),
            on_response: Some(on_response),
            sink: ResponseSink::Discard,
        };
        self.enqueue(request, now);
    }

    /// Delivers a delta of a sub-agent to the readers that follow it.
    pub(super) fn agent_delta(&mut self, thread_id: &str, delta: &DeltaRef<'_>) {
        if self.sub_agents.is_empty() {
            return;
        }
        let Some(agent) = self.working_agent(thread_id) else {
            return;
        };
        for log in &agent.logs {
            log.push_agent_delta(&agent.state, delta, &mut self.delta_wakes.wakers);
        }
    }

    /// Delivers the error for an event of a sub-agent that could not be read to the readers that
    /// follow the sub-agent.
    pub(super) fn agent_unreadable(&mut self, thread_id: &str, error: &Arc<DecodeError>) {
        let Some(agent) = self.working_agent(thread_id) else {
            return;
        };
        for log in &agent.logs {
            log.push_agent_unreadable(&agent.state, error, &mut self.wakes);
        }
    }

    /// Delivers any other notification of a sub-agent to the readers that follow it. `before` is
    /// the report of the token usage that precedes the notification.
    pub(super) fn agent_notification(
        &mut self,
        agent: &WorkingAgent,
        before: Option<&Arc<RawNotification>>,
        notification: &Arc<RawNotification>,
    ) {
        let WorkingAgent { state, logs } = agent;
        for log in logs {
            if notification.kind() == NotificationKind::TokenUsageUpdated {
                log.add_agent_usage(state, before, notification);
            }
            log.push_agent_notification(state, notification, &mut self.wakes);
        }
    }
}
