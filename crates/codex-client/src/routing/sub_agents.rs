//! The threads of sub-agents, and the threads that they work for. Performs no I/O.

use std::{
    collections::{HashMap, VecDeque},
    mem,
    sync::Arc,
};

use crate::{
    routing::agent_state::AgentState,
    rpc::{
        agent_report::AgentReport,
        envelope::RoutingKeys,
        raw_notification::{NotificationKind, RawNotification},
    },
};

/// Number of turns that are remembered after their end, over all threads. A sub-agent may begin
/// after the turn that started it has ended, and may send a request between two turns of its own.
const REMEMBERED_TURNS: usize = 1024;

/// Maximum number of known turns. Past it, the older half of the running turns counts as ended: the
/// server has not reported their ends.
const MAX_TURNS: usize = 16 * 1024;

/// The threads of sub-agents. The server reports no `thread/started` for them, but their turns name
/// the turn that they work for (`rootTurnId`). Until their first turn, the items by which a thread
/// gives work to sub-agents name their threads. Older servers, such as 0.133.0, name no root: there,
/// these items are the only source.
///
/// A thread is known while it has a turn, and until [`REMEMBERED_TURNS`] others have ended since:
/// the server does not close the thread of every sub-agent. [`MAX_TURNS`] is never exceeded.
#[derive(Default)]
pub(crate) struct SubAgents {
    /// The sub-agents, by their threads.
    agents: HashMap<Box<str>, Agent>,
    /// The threads that sub-agents work for, and the new states of the sub-agents, until the
    /// connection takes them.
    changed: Vec<(Box<str>, Arc<AgentState>)>,
    /// The latest turn of each thread.
    latest: HashMap<Box<str>, Box<str>>,
    /// The running turns and the remembered ones.
    turns: HashMap<Box<str>, KnownTurn>,
    /// The remembered turns, from the one that ended first.
    ended: VecDeque<Box<str>>,
    /// Number of turns that have started.
    started: u64,
    /// Whether the server has named the root of a turn.
    names_roots: bool,
}

struct Agent {
    /// The thread that the sub-agent works for.
    owner: Box<str>,
    state: Arc<AgentState>,
}

struct KnownTurn {
    thread_id: Box<str>,
    /// The number of turns that had started when this one was last named.
    number: u64,
    has_ended: bool,
}

impl SubAgents {
    /// Updates the state from a notification.
    pub(crate) fn update(&mut self, notification: &Arc<RawNotification>, keys: &RoutingKeys<'_>) {
        let Some(thread_id) = keys.thread_id.as_deref() else {
            return;
        };
        match (notification.kind(), keys.turn_id.as_deref()) {
            (NotificationKind::TurnStarted, Some(turn_id)) => {
                self.turn_started(thread_id, turn_id, keys.root_turn_id.as_deref());
                self.advance(thread_id, notification, keys);
            }
            (NotificationKind::ItemCompleted, _) => {
                if let Some(report) = AgentReport::of(notification) {
                    self.reported(&report);
                }
                self.advance(thread_id, notification, keys);
            }
            (NotificationKind::TurnCompleted, turn_id) => {
                self.advance(thread_id, notification, keys);
                self.turn_ended(thread_id, turn_id);
            }
            (NotificationKind::ThreadStatusChanged, _) => {
                self.advance(thread_id, notification, keys);
            }
            (NotificationKind::ThreadEnded, _) => {
                self.advance(thread_id, notification, keys);
                self.turn_ended(thread_id, None);
                self.agents.remove(thread_id);
                self.latest.remove(thread_id);
            }
            _ => {}
        }
    }

    /// Updates the state of a sub-agent from a notification of its thread.
    fn advance(
        &mut self,
        thread_id: &str,
        notification: &Arc<RawNotification>,
        keys: &RoutingKeys<'_>,
    ) {
        if let Some(agent) = self.agents.get_mut(thread_id) {
            let turn_id = keys.turn_id.as_deref();
            Arc::make_mut(&mut agent.state).update(notification, turn_id);
            let changed = (agent.owner.clone(), Arc::clone(&agent.state));
            self.changed.push(changed);
        }
    }

    fn reported(&mut self, report: &AgentReport) {
        let sender = report.sender.as_str();
        let owner: Box<str> = self.owner(sender).unwrap_or(sender).into();
        // A sub-agent may write to the thread that it works for.
        let agents = report.agents.iter().filter(|(agent, _)| **agent != *owner);
        for (agent, state) in agents {
            if report.action.delegates() {
                self.delegated(agent, &owner);
            }
            if let Some(known) = self.agents.get_mut(agent.as_str()) {
                Arc::make_mut(&mut known.state).reported(report, state.as_ref());
                let changed = (known.owner.clone(), Arc::clone(&known.state));
                self.changed.push(changed);
            }
        }
    }

    fn delegated(&mut self, agent: &str, owner: &str) {
        let has_turn = self.latest.contains_key(agent);
        // The turns of the sub-agent say which thread it works for.
        if has_turn && self.names_roots {
            return;
        }
        if !has_turn {
            // Stands for the first turn, which may never start.
            self.turn_started(agent, agent, None);
            self.remember(agent);
        }
        self.assign(agent, owner);
    }

    fn assign(&mut self, agent: &str, owner: &str) {
        match self.agents.get_mut(agent) {
            Some(known) => known.owner = owner.into(),
            None => {
                let state = Arc::new(AgentState::new(agent));
                let owner = owner.into();
                self.agents.insert(agent.into(), Agent { owner, state });
            }
        }
    }

    /// Takes the threads that sub-agents work for, and the new states of the sub-agents.
    pub(crate) fn take_changed(&mut self) -> Vec<(Box<str>, Arc<AgentState>)> {
        mem::take(&mut self.changed)
    }

    fn turn_started(&mut self, thread_id: &str, turn_id: &str, root: Option<&str>) {
        self.names_roots |= root.is_some();
        if root == Some(turn_id) {
            // The thread works for itself, for example because the program has resumed it.
            self.agents.remove(thread_id);
        } else if let Some(root) = root.and_then(|root| self.turns.get_mut(root)) {
            root.number = self.started;
            let owner = self.agents.get(&root.thread_id);
            let owner = owner.map_or(&root.thread_id, |root| &root.owner).clone();
            // The root of a review is in the same thread.
            if *owner != *thread_id {
                self.assign(thread_id, &owner);
            }
        }
        let previous = self.latest.insert(thread_id.into(), turn_id.into());
        if let Some(previous) = previous.filter(|previous| **previous != *turn_id) {
            self.remember(&previous);
        }
        let turn = KnownTurn {
            thread_id: thread_id.into(),
            number: self.started,
            has_ended: false,
        };
        self.started += 1;
        self.turns.insert(turn_id.into(), turn);
        if self.turns.len() > MAX_TURNS {
            self.end_older_half();
        }
    }

    fn end_older_half(&mut self) {
        let running = self.turns.iter().filter(|(_, turn)| !turn.has_ended);
        let mut running: Vec<_> = running
            .map(|(id, turn)| (turn.number, id.clone()))
            .collect();
        running.sort_unstable();
        running.truncate(running.len() / 2);
        for (_, turn_id) in running {
            self.remember(&turn_id);
        }
    }

    /// Records the end of a turn. A review ends under an id that has not started: then, the latest
    /// turn of the thread is the one that has ended.
    fn turn_ended(&mut self, thread_id: &str, turn_id: Option<&str>) {
        let known = turn_id.filter(|turn_id| self.turns.contains_key(*turn_id));
        let latest = || self.latest.get(thread_id).cloned();
        if let Some(turn_id) = known.map(Into::into).or_else(latest) {
            self.remember(&turn_id);
        }
    }

    /// Remembers a turn that has ended, in place of the one that ended first.
    fn remember(&mut self, turn_id: &str) {
        let Some(turn) = self.turns.get_mut(turn_id).filter(|turn| !turn.has_ended) else {
            return;
        };
        turn.has_ended = true;
        self.ended.push_back(turn_id.into());
        if self.ended.len() > REMEMBERED_TURNS
            && let Some(oldest) = self.ended.pop_front()
            && let Some(KnownTurn { thread_id, .. }) = self.turns.remove(&oldest)
            && self.latest.get(&thread_id) == Some(&oldest)
        {
            self.latest.remove(&thread_id);
            self.agents.remove(&thread_id);
        }
    }

    /// Whether no thread is known to be that of a sub-agent.
    pub(crate) fn is_empty(&self) -> bool {
        self.agents.is_empty()
    }

    /// Returns the thread that a sub-agent works for; `None` for other threads.
    pub(crate) fn owner(&self, thread_id: &str) -> Option<&str> {
        self.agents.get(thread_id).map(|agent| &*agent.owner)
    }

    /// Returns the thread that a sub-agent works for, and its state; `None` for other threads.
    pub(crate) fn agent(&self, thread_id: &str) -> Option<(&str, &Arc<AgentState>)> {
        let agent = self.agents.get(thread_id)?;
        Some((&*agent.owner, &agent.state))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{rpc::raw_notification::received, tokens::Tokens};

    fn update(agents: &mut SubAgents, text: &str) {
        let (notification, keys) = received(text);
        agents.update(&Arc::new(notification), &keys);
    }

    fn start(agents: &mut SubAgents, thread_id: &str, turn_id: &str, root: &str) {
        let turn = format!(r#"{{"id":"{turn_id}","rootTurnId":"{root}"}}"#);
        let params = format!(r#"{{"threadId":"{thread_id}","turn":{turn}}}"#);
        update(
            agents,
            &format!(r#"{{"method":"turn/started","params":{params}}}"#),
        );
    }

    fn complete(agents: &mut SubAgents, thread_id: &str, turn_id: &str) {
        let turn = format!(r#"{{"id":"{turn_id}","status":"completed"}}"#);
        let params = format!(r#"{{"threadId":"{thread_id}","turn":{turn}}}"#);
        update(
            agents,
            &format!(r#"{{"method":"turn/completed","params":{params}}}"#),
        );
    }

    fn close(agents: &mut SubAgents, thread_id: &str) {
        let params = format!(r#"{{"threadId":"{thread_id}"}}"#);
        update(
            agents,
            &format!(r#"{{"method":"thread/closed","params":{params}}}"#),
        );
    }

    #[test]
    fn a_sub_agent_works_for_the_thread_of_its_root_turn_until_its_thread_ends() {
        let mut agents = SubAgents::default();
        start(&mut agents, "t", "u", "u");
        start(&mut agents, "agent", "v", "u");
        start(&mut agents, "nested", "w", "v");
        assert_eq!(agents.owner("agent"), Some("t"));
        assert_eq!(agents.owner("nested"), Some("t"));
        assert_eq!(agents.owner("t"), None);
        close(&mut agents, "agent");
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
        assert!(agents.is_empty());
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
        // On a server that names roots, the turns of a sub-agent say which thread it works for.
        start(&mut agents, "t", "w", "w");
        spawn(&mut agents, "t", "later");
        assert_eq!(agents.owner("later"), Some("t"));
        start(&mut agents, "independent", "x", "x");
        spawn(&mut agents, "t", "independent");
        assert_eq!(agents.owner("independent"), None);
    }

    #[test]
    fn each_change_of_a_sub_agent_is_taken_once_with_the_thread_that_it_works_for() {
        let mut agents = SubAgents::default();
        let changed = |agents: &mut SubAgents| {
            let changed = agents.take_changed().into_iter();
            let changed = changed.map(|(owner, state)| {
                let agent = state.value(Tokens::default());
                format!("{owner} {} {}", agent.thread_id, agent.status)
            });
            changed.collect::<Vec<_>>()
        };
        start(&mut agents, "t", "u", "u");
        assert!(changed(&mut agents).is_empty());
        start(&mut agents, "agent", "v", "u");
        assert_eq!(changed(&mut agents), ["t agent running"]);
        complete(&mut agents, "agent", "v");
        close(&mut agents, "agent");
        assert_eq!(
            changed(&mut agents),
            ["t agent completed", "t agent shutdown"]
        );
        assert!(changed(&mut agents).is_empty());
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
    fn a_sub_agent_may_begin_after_the_turn_that_started_it_has_ended() {
        let mut agents = SubAgents::default();
        start(&mut agents, "t", "u", "u");
        complete(&mut agents, "t", "u");
        start(&mut agents, "t", "v", "v");
        start(&mut agents, "agent", "w", "u");
        complete(&mut agents, "agent", "w");
        assert_eq!(agents.owner("agent"), Some("t"));
    }

    #[test]
    fn sub_agents_without_a_turn_are_forgotten_and_those_with_a_turn_are_not() {
        let mut agents = SubAgents::default();
        start(&mut agents, "t", "u", "u");
        start(&mut agents, "live", "first", "u");
        for number in 0..100_000 {
            let (thread_id, turn_id) = (format!("agent {number}"), format!("turn {number}"));
            agents.turn_started(&thread_id, &turn_id, Some("u"));
            assert_eq!(agents.owner(&thread_id), Some("t"));
            match number % 3 {
                0 => agents.turn_ended(&thread_id, Some(&turn_id)),
                // A review ends under another id than the one that has started.
                1 => agents.turn_ended(&thread_id, Some("review")),
                _ => close(&mut agents, &thread_id),
            }
        }
        assert!(agents.turns.len() <= REMEMBERED_TURNS + 2);
        assert!(agents.ended.len() <= REMEMBERED_TURNS);
        assert!(agents.latest.len() <= REMEMBERED_TURNS + 2);
        assert!(agents.agents.len() <= REMEMBERED_TURNS + 1);
        assert_eq!(agents.owner("agent 0"), None);
        assert_eq!(agents.owner("agent 99999"), Some("t"));
        // Both the turn and its first sub-agent are still running.
        assert_eq!(agents.owner("live"), Some("t"));
        start(&mut agents, "late", "last", "u");
        assert_eq!(agents.owner("late"), Some("t"));
    }

    #[test]
    fn sub_agents_whose_ends_are_not_reported_do_not_accumulate() {
        let mut agents = SubAgents::default();
        start(&mut agents, "t", "u", "u");
        for number in 0..100_000 {
            let (thread_id, turn_id) = (format!("agent {number}"), format!("turn {number}"));
            agents.turn_started(&thread_id, &turn_id, Some("u"));
            assert!(agents.turns.len() <= MAX_TURNS);
        }
        assert!(agents.latest.len() <= MAX_TURNS && agents.agents.len() <= MAX_TURNS);
        assert!(agents.ended.len() <= REMEMBERED_TURNS);
        assert_eq!(agents.owner("agent 0"), None);
        assert_eq!(agents.owner("agent 99999"), Some("t"));
    }

    #[test]
    fn the_turns_of_one_thread_do_not_accumulate() {
        let mut agents = SubAgents::default();
        for turn in 0..100_000 {
            // The end of no turn is reported.
            let turn = turn.to_string();
            agents.turn_started("t", &turn, Some(&turn));
        }
        assert!(agents.turns.len() <= REMEMBERED_TURNS + 1);
        assert_eq!((agents.latest.len(), agents.agents.len()), (1, 0));
        start(&mut agents, "agent", "v", "99999");
        assert_eq!(agents.owner("agent"), Some("t"));
    }
}
