//! The state of a sub-agent. Performs no I/O.
//!
//! The turns of the sub-agent itself determine its state. Until its first turn begins, the state is
//! the one that the thread that started it reports.

use std::sync::Arc;

use codex_types::{
    CollabAgentState, CollabAgentStatus, ItemCompletedNotification, ThreadItem, ThreadStatus,
    ThreadStatusChangedNotification, TurnCompletedNotification, TurnStatus,
};

use crate::{
    routing::agent_profile::AgentProfile,
    rpc::{
        agent_report::{AgentAction, AgentReport, completed_item_type},
        raw_notification::{NotificationKind, RawNotification},
    },
    sub_agent::SubAgent,
    tokens::Tokens,
};

/// The state of a sub-agent, as far as the server has reported it.
#[derive(Debug, Clone)]
pub(crate) struct AgentState {
    thread_id: Arc<str>,
    parent_thread_id: Option<Arc<str>>,
    path: Option<Arc<str>>,
    prompt: Option<Arc<str>>,
    model: Option<Arc<str>>,
    /// The last turn of the sub-agent.
    turn_id: Option<Arc<str>>,
    phase: Phase,
    /// The last completed message of the sub-agent.
    last_message: Option<Arc<RawNotification>>,
    profile: Arc<AgentProfile>,
}

#[derive(Debug, Clone)]
enum Phase {
    /// No turn has begun. The state is the one that another thread has reported.
    Reported(CollabAgentState),
    Running,
    /// The last turn has ended with this `turn/completed`.
    Ended(Arc<RawNotification>),
    /// The thread is not loaded.
    Shutdown,
}

impl AgentState {
    pub(crate) fn new(thread_id: &str) -> Self {
        Self {
            thread_id: thread_id.into(),
            parent_thread_id: None,
            path: None,
            prompt: None,
            model: None,
            turn_id: None,
            phase: Phase::Reported(CollabAgentState::new(CollabAgentStatus::PendingInit)),
            last_message: None,
            profile: Arc::default(),
        }
    }

    pub(crate) fn thread_id(&self) -> &str {
        &self.thread_id
    }

    pub(crate) fn profile(&self) -> &Arc<AgentProfile> {
        &self.profile
    }

    /// Whether the sub-agent is being started or is running.
    pub(crate) fn is_working(&self) -> bool {
        match &self.phase {
            Phase::Reported(state) => matches!(
                state.status,
                CollabAgentStatus::PendingInit | CollabAgentStatus::Running
            ),
            Phase::Running => true,
            Phase::Ended(_) | Phase::Shutdown => false,
        }
    }

    /// Updates the state from a report of another thread about this sub-agent.
    pub(crate) fn reported(&mut self, report: &AgentReport, state: Option<&CollabAgentState>) {
        let text = |text: &Option<String>| text.as_deref().map(Arc::from);
        if report.action == AgentAction::Start {
            self.parent_thread_id = Some(report.sender.as_str().into());
            self.model = text(&report.model);
        }
        if let Some(path) = &report.path {
            self.path = Some(path.as_str().into());
        }
        if report.action.delegates() && report.prompt.is_some() {
            self.prompt = text(&report.prompt);
        }
        match (&self.phase, report.action) {
            (_, AgentAction::Close) => self.phase = Phase::Shutdown,
            (Phase::Reported(_), _) | (Phase::Shutdown, AgentAction::Resume) => {
                if let Some(state) = state {
                    self.phase = Phase::Reported(state.clone());
                }
            }
            _ => {}
        }
    }

    /// Updates the state from a notification of the thread of the sub-agent, and of this turn.
    pub(crate) fn update(&mut self, notification: &Arc<RawNotification>, turn_id: Option<&str>) {
        match notification.kind() {
            NotificationKind::TurnStarted => {
                self.turn_id = turn_id.map(Arc::from);
                self.phase = Phase::Running;
            }
            NotificationKind::TurnCompleted => self.phase = Phase::Ended(Arc::clone(notification)),
            NotificationKind::ItemCompleted if is_message(notification) => {
                self.last_message = Some(Arc::clone(notification));
            }
            NotificationKind::ThreadEnded => self.phase = Phase::Shutdown,
            NotificationKind::ThreadStatusChanged if is_unloaded(notification) => {
                self.phase = Phase::Shutdown;
            }
            _ => {}
        }
    }

    /// Returns the state as a value, with the tokens of one turn.
    pub(crate) fn value(&self, tokens: Tokens) -> SubAgent {
        let details = self.profile.details();
        let text = |text: &Option<Arc<str>>| text.as_deref().map(str::to_owned);
        let (status, message) = self.status();
        SubAgent {
            thread_id: self.thread_id.to_string(),
            parent_thread_id: text(&self.parent_thread_id).or(details.parent_thread_id),
            role: details.role,
            nickname: details.nickname,
            path: text(&self.path).or(details.path),
            model: text(&self.model).or(details.model),
            turn_id: text(&self.turn_id),
            status,
            prompt: text(&self.prompt),
            message,
            tokens,
        }
    }

    /// Returns the status, and the last message or the reason for the failure.
    fn status(&self) -> (CollabAgentStatus, Option<String>) {
        let message = || {
            let message: ItemCompletedNotification = self.last_message.as_deref()?.read()?;
            match message.item {
                ThreadItem::AgentMessage(message) => Some(message.text),
                _ => None,
            }
        };
        match &self.phase {
            Phase::Reported(state) => {
                let reported = state.message.clone();
                (state.status.clone(), reported.or_else(message))
            }
            Phase::Running => (CollabAgentStatus::Running, message()),
            Phase::Shutdown => (CollabAgentStatus::Shutdown, message()),
            Phase::Ended(completed) => {
                let completed: Option<TurnCompletedNotification> = completed.read();
                let turn = completed.map(|completed| completed.turn);
                let (status, error) = match turn {
                    Some(turn) => (turn_status(turn.status), turn.error),
                    // An end that cannot be read is an end.
                    None => (CollabAgentStatus::Completed, None),
                };
                let reason = error.map(|error| error.message);
                (status, reason.or_else(message))
            }
        }
    }
}

fn turn_status(status: TurnStatus) -> CollabAgentStatus {
    match status {
        TurnStatus::Completed => CollabAgentStatus::Completed,
        TurnStatus::Failed => CollabAgentStatus::Errored,
        TurnStatus::Interrupted => CollabAgentStatus::Interrupted,
        TurnStatus::InProgress => CollabAgentStatus::Running,
        other => CollabAgentStatus::Unrecognized(other.to_string()),
    }
}

fn is_message(notification: &RawNotification) -> bool {
    completed_item_type(notification).as_deref() == Some("agentMessage")
}

fn is_unloaded(notification: &RawNotification) -> bool {
    let changed: Option<ThreadStatusChangedNotification> = notification.read();
    changed.is_some_and(|changed| changed.status == ThreadStatus::NotLoaded)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::rpc::raw_notification::notification;

    const AGENT: &str = "agent";

    fn raw(method: &str, params: &Value) -> Arc<RawNotification> {
        let message = json!({"method": method, "params": params});
        Arc::new(notification(&message.to_string()))
    }

    /// Updates the state from a completed item of another thread.
    fn report(state: &mut AgentState, sender: &str, item: &Value) {
        let params = json!({"threadId": sender, "turnId": "u", "item": item});
        let report = AgentReport::of(&raw("item/completed", &params)).unwrap();
        for (agent, reported) in &report.agents {
            assert_eq!(agent, AGENT);
            state.reported(&report, reported.as_ref());
        }
    }

    /// A call of a thread's tool for sub-agents, with the status of the sub-agent that it reports.
    fn call(tool: &str, prompt: Option<&str>, reported: &str) -> Value {
        json!({
            "type": "collabAgentToolCall", "id": "c", "tool": tool, "status": "completed",
            "senderThreadId": "t", "receiverThreadIds": [AGENT], "prompt": prompt, "model": "m",
            "agentsStates": {AGENT: {"status": reported, "message": null}},
        })
    }

    fn activity(kind: &str) -> Value {
        json!({
            "type": "subAgentActivity", "id": "c", "kind": kind, "agentThreadId": AGENT,
            "agentPath": "/root/one", "model": "m",
        })
    }

    fn turn(status: &str, error: Option<&str>) -> Value {
        let error = error.map(|message| json!({"message": message}));
        let turn = json!({"id": "v", "items": [], "status": status, "error": error});
        json!({"threadId": AGENT, "turn": turn})
    }

    fn start(state: &mut AgentState) {
        state.update(&raw("turn/started", &turn("inProgress", None)), Some("v"));
    }

    fn say(state: &mut AgentState, text: &str) {
        let item = json!({"type": "agentMessage", "id": "m", "text": text});
        let params = json!({"threadId": AGENT, "turnId": "v", "item": item});
        state.update(&raw("item/completed", &params), None);
    }

    fn complete(state: &mut AgentState, status: &str, error: Option<&str>) {
        state.update(&raw("turn/completed", &turn(status, error)), None);
    }

    fn thread_status(state: &mut AgentState, status: &str) {
        let params = json!({"threadId": AGENT, "status": {"type": status}});
        state.update(&raw("thread/status/changed", &params), None);
    }

    fn status(state: &AgentState) -> String {
        let agent = state.value(Tokens::default());
        let is_reported_as_working = agent.is_working();
        assert_eq!(is_reported_as_working, state.is_working());
        agent.status.to_string()
    }

    #[test]
    fn the_turns_of_a_sub_agent_determine_its_status() {
        let mut state = AgentState::new(AGENT);
        assert_eq!(status(&state), "pendingInit");
        report(
            &mut state,
            "t",
            &call("spawnAgent", Some("Count."), "running"),
        );
        assert_eq!(status(&state), "running");
        for (ended, expected) in [
            ("completed", "completed"),
            ("interrupted", "interrupted"),
            ("failed", "errored"),
            ("paused", "paused"),
        ] {
            start(&mut state);
            assert_eq!(status(&state), "running");
            let agent = state.value(Tokens::default());
            assert_eq!(agent.turn_id.as_deref(), Some("v"));
            complete(&mut state, ended, None);
            assert_eq!(status(&state), expected);
        }
    }

    #[test]
    fn a_report_that_is_older_than_the_turn_of_the_sub_agent_does_not_change_its_status() {
        let mut state = AgentState::new(AGENT);
        start(&mut state);
        report(
            &mut state,
            "t",
            &call("spawnAgent", Some("Count."), "pendingInit"),
        );
        assert_eq!(status(&state), "running");
        complete(&mut state, "completed", None);
        // The turn begins before the call that has started it completes.
        start(&mut state);
        report(
            &mut state,
            "t",
            &call("sendInput", Some("Go on."), "completed"),
        );
        assert_eq!(status(&state), "running");
        report(&mut state, "t", &activity("completed"));
        report(&mut state, "t", &activity("interrupted"));
        assert_eq!(status(&state), "running");
        assert_eq!(state.value(Tokens::default()).prompt.unwrap(), "Go on.");
    }

    #[test]
    fn a_sub_agent_that_is_closed_is_shut_down_until_it_is_resumed() {
        let mut state = AgentState::new(AGENT);
        start(&mut state);
        say(&mut state, "Done.");
        complete(&mut state, "completed", None);
        thread_status(&mut state, "idle");
        assert_eq!(status(&state), "completed");
        thread_status(&mut state, "notLoaded");
        assert_eq!(status(&state), "shutdown");
        // The call reports the status before it.
        report(&mut state, "t", &call("closeAgent", None, "completed"));
        assert_eq!(status(&state), "shutdown");
        thread_status(&mut state, "idle");
        report(&mut state, "t", &call("resumeAgent", None, "pendingInit"));
        assert_eq!(status(&state), "pendingInit");
        assert_eq!(state.value(Tokens::default()).message.unwrap(), "Done.");
        start(&mut state);
        state.update(&raw("thread/closed", &json!({"threadId": AGENT})), None);
        assert_eq!(status(&state), "shutdown");
    }

    #[test]
    fn a_sub_agent_has_the_parent_the_task_the_path_and_the_model_that_it_was_started_with() {
        let mut state = AgentState::new(AGENT);
        report(
            &mut state,
            "t",
            &call("spawnAgent", Some("Count."), "pendingInit"),
        );
        report(&mut state, "sibling", &call("wait", None, "running"));
        let agent = state.value(Tokens::default());
        assert_eq!(agent.parent_thread_id.as_deref(), Some("t"));
        assert_eq!(agent.prompt.as_deref(), Some("Count."));
        assert_eq!(agent.model.as_deref(), Some("m"));
        assert_eq!((agent.path.as_deref(), agent.name()), (None, AGENT));
        report(&mut state, "t", &activity("started"));
        let mut agent = state.value(Tokens::default());
        assert_eq!(agent.path.as_deref(), Some("/root/one"));
        assert_eq!(agent.name(), "one");
        agent.nickname = Some("Abacus".to_owned());
        assert_eq!(agent.name(), "Abacus");
    }

    #[test]
    fn the_message_of_a_sub_agent_is_its_last_one_or_the_reason_why_it_failed() {
        let mut state = AgentState::new(AGENT);
        let message = |state: &AgentState| state.value(Tokens::default()).message;
        start(&mut state);
        assert_eq!(message(&state), None);
        say(&mut state, "One.");
        say(&mut state, "Two.");
        let reasoning = json!({"type": "reasoning", "id": "r", "summary": ["\"agentMessage\""]});
        let params = json!({"threadId": AGENT, "turnId": "v", "item": reasoning});
        state.update(&raw("item/completed", &params), None);
        assert_eq!(message(&state).as_deref(), Some("Two."));
        complete(&mut state, "failed", Some("at capacity"));
        assert_eq!(message(&state).as_deref(), Some("at capacity"));
        start(&mut state);
        complete(&mut state, "completed", None);
        assert_eq!(message(&state).as_deref(), Some("Two."));
    }
}
