//! Work that a turn delegates to sub-agents, as servers report it that do not name the root of a
//! turn.

use codex_types::ThreadItem::CollabAgentToolCall;
use codex_types::{CollabAgentTool, CollabAgentToolCallThreadItem, ItemCompletedNotification};

use crate::rpc::raw_notification::{NotificationKind, RawNotification};

/// A completed tool call by which a turn has given work to sub-agents.
#[derive(Debug, PartialEq)]
pub(crate) struct Delegation {
    /// The thread of the turn, which may itself be that of a sub-agent.
    pub(crate) sender: String,
    pub(crate) turn_id: String,
    /// The threads of the sub-agents.
    pub(crate) agents: Vec<String>,
}

impl Delegation {
    /// Reads a delegation from a notification.
    pub(crate) fn of(notification: &RawNotification) -> Option<Self> {
        let is_item = notification.kind() == NotificationKind::ItemCompleted;
        let params = notification.params().filter(|_| is_item)?;
        // Few items are tool calls of this kind, and decoding a large item takes long.
        if !params.contains("\"collabAgentToolCall\"") {
            return None;
        }
        let done: ItemCompletedNotification =
            notification.decode_params_around(&mut Vec::new()).ok()?;
        let CollabAgentToolCall(call) = done.item else {
            return None;
        };
        let CollabAgentToolCallThreadItem {
            tool,
            receiver_thread_ids: agents,
            ..
        } = *call;
        let delegates = matches!(
            tool,
            CollabAgentTool::SpawnAgent | CollabAgentTool::SendInput | CollabAgentTool::ResumeAgent
        );
        (delegates && !agents.is_empty()).then_some(Self {
            sender: done.thread_id,
            turn_id: done.turn_id,
            agents,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::raw_notification::notification;

    fn delegation(method: &str, item: &str) -> Option<Delegation> {
        let params = format!(r#"{{"threadId":"t","turnId":"u","item":{item}}}"#);
        let text = format!(r#"{{"method":"{method}","params":{params}}}"#);
        Delegation::of(&notification(&text))
    }

    fn call(tool: &str, agents: &str) -> String {
        format!(
            r#"{{"type":"collabAgentToolCall","id":"c","tool":"{tool}","status":"completed",
            "senderThreadId":"t","receiverThreadIds":{agents},"agentsStates":{{}}}}"#
        )
    }

    #[test]
    fn a_completed_call_that_gives_work_to_agents_is_a_delegation() {
        for tool in ["spawnAgent", "sendInput", "resumeAgent"] {
            let expected = Delegation {
                sender: "t".into(),
                turn_id: "u".into(),
                agents: vec!["agent".into()],
            };
            let call = call(tool, r#"["agent"]"#);
            assert_eq!(
                delegation("item/completed", &call),
                Some(expected),
                "{tool}"
            );
            assert_eq!(delegation("item/started", &call), None, "{tool}");
        }
    }

    #[test]
    fn other_items_are_not_delegations() {
        for item in [
            call("wait", r#"["agent"]"#),
            call("closeAgent", r#"["agent"]"#),
            call("spawnAgent", "[]"),
            r#"{"type":"agentMessage","id":"m","text":"\"collabAgentToolCall\""}"#.to_owned(),
            r#"{"type":"collabAgentToolCall"}"#.to_owned(),
        ] {
            assert_eq!(delegation("item/completed", &item), None, "{item}");
        }
    }
}
