//! The threads of sub-agents, and the threads that they work for.

use std::collections::{HashMap, VecDeque};

use crate::rpc::{
    delegation::Delegation,
    envelope::RoutingKeys,
    raw_notification::{NotificationKind, RawNotification},
};

/// Number of turns that are remembered per thread. A sub-agent may begin after the turn that
/// started it has ended.
const REMEMBERED_TURNS: usize = 8;

/// The threads of sub-agents. The server reports no `thread/started` for them, but their turns name
/// the turn that they work for (`rootTurnId`). Older servers, such as 0.133.0, name no root: there,
/// the tool calls by which a turn gives work to sub-agents name their threads.
#[derive(Default)]
pub(crate) struct SubAgents {
    /// The thread that a sub-agent works for, by the thread of the sub-agent.
    owners: HashMap<Box<str>, Box<str>>,
    /// The latest turns, by thread.
    turns: HashMap<Box<str>, VecDeque<Box<str>>>,
    /// The thread of each of these turns.
    threads: HashMap<Box<str>, Box<str>>,
    /// Whether the server has named the root of a turn.
    names_roots: bool,
}

impl SubAgents {
    /// Updates the state from a notification.
    pub(crate) fn update(&mut self, notification: &RawNotification, keys: &RoutingKeys<'_>) {
        let Some(thread_id) = keys.thread_id.as_deref() else {
            return;
        };
        match notification.kind() {
            NotificationKind::TurnStarted => {
                if let Some(turn_id) = keys.turn_id.as_deref() {
                    self.turn_started(thread_id, turn_id, keys.root_turn_id.as_deref());
                }
            }
            NotificationKind::ItemCompleted if !self.names_roots => {
                if let Some(delegation) = Delegation::of(notification) {
                    self.delegated(&delegation);
                }
            }
            NotificationKind::ThreadEnded => {
                self.owners.remove(thread_id);
                for turn in self.turns.remove(thread_id).into_iter().flatten() {
                    self.threads.remove(&turn);
                }
            }
            _ => {}
        }
    }

    fn delegated(&mut self, delegation: &Delegation) {
        let sender = delegation.sender.as_str();
        let owner: Box<str> = self.owner(sender).unwrap_or(sender).into();
        for agent in delegation.agents.iter().filter(|agent| ***agent != *owner) {
            self.owners.insert(agent.as_str().into(), owner.clone());
        }
    }

    fn turn_started(&mut self, thread_id: &str, turn_id: &str, root: Option<&str>) {
        self.names_roots |= root.is_some();
        let owner = root.and_then(|root| self.threads.get(root));
        if let Some(owner) = owner.filter(|owner| ***owner != *thread_id) {
            self.owners.insert(thread_id.into(), owner.clone());
            return;
        }
        if root == Some(turn_id) {
            // The thread works for itself, for example because the program has resumed it.
            self.owners.remove(thread_id);
        }
        let turns = self.turns.entry(thread_id.into()).or_default();
        if turns.len() == REMEMBERED_TURNS
            && let Some(oldest) = turns.pop_front()
        {
            self.threads.remove(&oldest);
        }
        turns.push_back(turn_id.into());
        self.threads.insert(turn_id.into(), thread_id.into());
    }

    /// Returns the thread that a sub-agent works for; `None` for other threads.
    pub(crate) fn owner(&self, thread_id: &str) -> Option<&str> {
        self.owners.get(thread_id).map(|owner| &**owner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::raw_notification::received;

    fn update(agents: &mut SubAgents, text: &str) {
        let (notification, keys) = received(text);
        agents.update(&notification, &keys);
    }

    fn start(agents: &mut SubAgents, thread_id: &str, turn_id: &str, root: &str) {
        let turn = format!(r#"{{"id":"{turn_id}","rootTurnId":"{root}"}}"#);
        let params = format!(r#"{{"threadId":"{thread_id}","turn":{turn}}}"#);
        update(
            agents,
            &format!(r#"{{"method":"turn/started","params":{params}}}"#),
        );
    }

    #[test]
    fn a_sub_agent_works_for_the_thread_of_its_root_turn_until_its_thread_ends() {
        let mut agents = SubAgents::default();
        start(&mut agents, "t", "u", "u");
        start(&mut agents, "agent", "v", "u");
        start(&mut agents, "nested", "w", "u");
        assert_eq!(agents.owner("agent"), Some("t"));
        assert_eq!(agents.owner("nested"), Some("t"));
        assert_eq!(agents.owner("t"), None);
        let ended = r#"{"method":"thread/closed","params":{"threadId":"agent"}}"#;
        update(&mut agents, ended);
        assert_eq!(agents.owner("agent"), None);
        assert_eq!(agents.owner("nested"), Some("t"));
    }

    #[test]
    fn a_sub_agent_that_begins_a_turn_of_its_own_no_longer_works_for_another_thread() {
        let mut agents = SubAgents::default();
        start(&mut agents, "t", "u", "u");
        start(&mut agents, "agent", "v", "u");
        start(&mut agents, "agent", "w", "forgotten");
        assert_eq!(agents.owner("agent"), Some("t"));
        start(&mut agents, "agent", "x", "x");
        assert_eq!(agents.owner("agent"), None);
    }

    #[test]
    fn a_sub_agent_without_a_root_works_for_the_thread_that_has_given_it_its_work() {
        let spawn = |agents: &mut SubAgents, thread_id: &str, agent: &str| {
            let item = format!(
                r#"{{"type":"collabAgentToolCall","id":"c","tool":"spawnAgent","status":"completed",
                "senderThreadId":"{thread_id}","receiverThreadIds":["{agent}"],"agentsStates":{{}}}}"#
            );
            let params = format!(r#"{{"threadId":"{thread_id}","turnId":"u","item":{item}}}"#);
            let text = format!(r#"{{"method":"item/completed","params":{params}}}"#);
            update(agents, &text);
        };
        let mut agents = SubAgents::default();
        spawn(&mut agents, "t", "agent");
        let started =
            r#"{"method":"turn/started","params":{"threadId":"agent","turn":{"id":"v"}}}"#;
        update(&mut agents, started);
        spawn(&mut agents, "agent", "nested");
        assert_eq!(agents.owner("agent"), Some("t"));
        assert_eq!(agents.owner("nested"), Some("t"));
        // A sub-agent may write to the thread that it works for.
        spawn(&mut agents, "nested", "t");
        assert_eq!(agents.owner("t"), None);
        // A server that names roots names those of sub-agents too.
        start(&mut agents, "t", "w", "w");
        spawn(&mut agents, "t", "later");
        assert_eq!(agents.owner("later"), None);
    }

    #[test]
    fn a_review_and_a_turn_with_an_unknown_root_belong_to_their_own_thread() {
        let mut agents = SubAgents::default();
        start(&mut agents, "t", "u", "u");
        start(&mut agents, "t", "review", "u");
        start(&mut agents, "other", "v", "unknown");
        assert_eq!(agents.owner("t"), None);
        assert_eq!(agents.owner("other"), None);
    }

    #[test]
    fn only_the_latest_turns_of_a_thread_are_remembered() {
        let mut agents = SubAgents::default();
        for turn in 0..1_000 {
            start(&mut agents, "t", &turn.to_string(), &turn.to_string());
        }
        assert_eq!(agents.threads.len(), REMEMBERED_TURNS);
        start(&mut agents, "agent", "v", "999");
        assert_eq!(agents.owner("agent"), Some("t"));
        let ended = r#"{"method":"thread/closed","params":{"threadId":"t"}}"#;
        update(&mut agents, ended);
        assert!(agents.threads.is_empty() && agents.turns.is_empty());
    }
}
