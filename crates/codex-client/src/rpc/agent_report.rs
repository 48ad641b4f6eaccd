//! Items by which a thread reports about its sub-agents.

use std::borrow::Cow;

use codex_types::{
    CollabAgentState, CollabAgentStatus, CollabAgentTool, CollabAgentToolCallThreadItem,
    ItemCompletedNotification, SubAgentActivityKind, SubAgentActivityThreadItem, ThreadItem,
};

use crate::rpc::{
    raw_notification::{NotificationKind, RawNotification},
    scanner::Scanner,
};

/// A completed item by which a thread reports about its sub-agents.
#[derive(Debug, PartialEq)]
pub(crate) struct AgentReport {
    /// The thread that reports, which may itself be that of a sub-agent.
    pub(crate) sender: String,
    pub(crate) action: AgentAction,
    /// The threads of the sub-agents, with their states.
    pub(crate) agents: Vec<(String, Option<CollabAgentState>)>,
    /// The path of the only sub-agent.
    pub(crate) path: Option<String>,
    pub(crate) prompt: Option<String>,
    pub(crate) model: Option<String>,
}

/// The action that a thread reports.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum AgentAction {
    /// It has started sub-agents.
    Start,
    /// It has given work to sub-agents.
    Instruct,
    /// It has loaded sub-agents again.
    Resume,
    /// It has closed sub-agents.
    Close,
    /// It has looked at sub-agents.
    Observe,
}

impl AgentAction {
    /// Whether the sub-agents work for the sender from now on.
    pub(crate) fn delegates(self) -> bool {
        matches!(self, Self::Start | Self::Instruct | Self::Resume)
    }
}

impl AgentReport {
    /// Reads a report from a notification.
    pub(crate) fn of(notification: &RawNotification) -> Option<Self> {
        // Decoding a large item takes long, and few items are reports.
        let item_type = completed_item_type(notification)?;
        if item_type != "collabAgentToolCall" && item_type != "subAgentActivity" {
            return None;
        }
        let done: ItemCompletedNotification =
            notification.decode_params_around(&mut Vec::new()).ok()?;
        match done.item {
            ThreadItem::CollabAgentToolCall(call) => Self::of_call(done.thread_id, *call),
            ThreadItem::SubAgentActivity(activity) => Self::of_activity(done.thread_id, activity),
            _ => None,
        }
    }

    fn of_call(sender: String, mut call: CollabAgentToolCallThreadItem) -> Option<Self> {
        let action = match call.tool {
            CollabAgentTool::SpawnAgent => AgentAction::Start,
            CollabAgentTool::SendInput => AgentAction::Instruct,
            CollabAgentTool::ResumeAgent => AgentAction::Resume,
            CollabAgentTool::CloseAgent => AgentAction::Close,
            CollabAgentTool::Wait => AgentAction::Observe,
            _ => return None,
        };
        let agents = call.receiver_thread_ids.into_iter();
        let agents: Vec<_> = agents
            .map(|id| {
                let state = call.agents_states.remove(&id);
                (id, state)
            })
            .collect();
        (!agents.is_empty()).then_some(Self {
            sender,
            action,
            agents,
            path: None,
            prompt: call.prompt,
            model: call.model,
        })
    }

    fn of_activity(sender: String, activity: SubAgentActivityThreadItem) -> Option<Self> {
        let (action, status) = match activity.kind {
            SubAgentActivityKind::Started => (AgentAction::Start, None),
            SubAgentActivityKind::Interacted => (AgentAction::Instruct, None),
            SubAgentActivityKind::Completed => {
                (AgentAction::Observe, Some(CollabAgentStatus::Completed))
            }
            SubAgentActivityKind::Interrupted => {
                (AgentAction::Observe, Some(CollabAgentStatus::Interrupted))
            }
            _ => return None,
        };
        let state = status.map(CollabAgentState::new);
        Some(Self {
            sender,
            action,
            agents: vec![(activity.agent_thread_id, state)],
            path: Some(activity.agent_path).filter(|path| !path.is_empty()),
            prompt: None,
            model: activity.model,
        })
    }
}

/// Returns the `type` of the item of an `item/completed`.
pub(crate) fn completed_item_type(notification: &RawNotification) -> Option<String> {
    let is_item = notification.kind() == NotificationKind::ItemCompleted;
    is_item.then(|| item_type(notification))?
}

/// Returns the `type` of the item of a notification. The server writes it first, so that this does
/// not take longer for large items.
pub(crate) fn item_type(notification: &RawNotification) -> Option<String> {
    let params = notification.params()?;
    let mut item_type = None;
    // The scan ends, as if the text were malformed, when the type is found.
    let _ = Scanner::new(params).object(|scan, key| {
        if key != "item" {
            return scan.skip().map(drop);
        }
        scan.object(|scan, key| {
            if key != "type" {
                return scan.skip().map(drop);
            }
            item_type = scan.optional_string()?;
            None
        })
    });
    item_type.map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::raw_notification::notification;

    fn report(method: &str, item: &str) -> Option<AgentReport> {
        let params = format!(r#"{{"threadId":"t","turnId":"u","item":{item}}}"#);
        let text = format!(r#"{{"method":"{method}","params":{params}}}"#);
        AgentReport::of(&notification(&text))
    }

    fn call(tool: &str, agents: &str) -> String {
        format!(
            r#"{{"type":"collabAgentToolCall","id":"c","tool":"{tool}","status":"completed",
            "senderThreadId":"t","receiverThreadIds":{agents},"prompt":"Count.","model":"m",
            "agentsStates":{{"agent":{{"status":"running","message":null}}}}}}"#
        )
    }

    fn activity(kind: &str) -> String {
        format!(
            r#"{{"id":"c","kind":"{kind}","agentThreadId":"agent","agentPath":"/root/one",
            "model":"m","reasoningEffort":null,"type":"subAgentActivity"}}"#
        )
    }

    #[test]
    fn a_completed_call_about_agents_is_a_report() {
        let actions = [
            ("spawnAgent", AgentAction::Start, true),
            ("sendInput", AgentAction::Instruct, true),
            ("resumeAgent", AgentAction::Resume, true),
            ("closeAgent", AgentAction::Close, false),
            ("wait", AgentAction::Observe, false),
        ];
        for (tool, action, delegates) in actions {
            let expected = AgentReport {
                sender: "t".into(),
                action,
                agents: vec![(
                    "agent".into(),
                    Some(CollabAgentState::new(CollabAgentStatus::Running)),
                )],
                path: None,
                prompt: Some("Count.".into()),
                model: Some("m".into()),
            };
            let call = call(tool, r#"["agent"]"#);
            assert_eq!(report("item/completed", &call), Some(expected), "{tool}");
            assert_eq!(report("item/started", &call), None, "{tool}");
            assert_eq!(action.delegates(), delegates, "{tool}");
        }
    }

    #[test]
    fn an_activity_of_an_agent_is_a_report_with_its_path() {
        let actions = [
            ("started", AgentAction::Start, None),
            ("interacted", AgentAction::Instruct, None),
            ("completed", AgentAction::Observe, Some("completed")),
            ("interrupted", AgentAction::Observe, Some("interrupted")),
        ];
        for (kind, action, status) in actions {
            let report = report("item/completed", &activity(kind)).unwrap();
            assert_eq!((report.action, report.sender.as_str()), (action, "t"));
            assert_eq!(report.path.as_deref(), Some("/root/one"));
            let [(agent, state)] = &report.agents[..] else {
                panic!("one agent");
            };
            let told = state.as_ref().map(|state| state.status.to_string());
            assert_eq!((agent.as_str(), told.as_deref()), ("agent", status));
        }
    }

    #[test]
    fn other_items_are_not_reports() {
        for item in [
            call("listAgents", r#"["agent"]"#),
            call("spawnAgent", "[]"),
            activity("promoted"),
            r#"{"type":"agentMessage","id":"m","text":"\"collabAgentToolCall\""}"#.to_owned(),
            r#"{"type":"collabAgentToolCall"}"#.to_owned(),
            "{}".to_owned(),
            "null".to_owned(),
        ] {
            assert_eq!(report("item/completed", &item), None, "{item}");
        }
    }
}
