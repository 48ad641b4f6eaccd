//! Which thread has which tools, without any I/O.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use codex_types::TurnStartedNotification;

use crate::{
    connection::{command::ThreadTools, inbound_request::InboundRequest},
    rpc::envelope::Envelope,
    tool::{Tool, call::Toolbox},
};

/// How many of its turns are remembered of a thread: those that sub-agents may be at work for.
const TURNS: usize = 8;

/// The tools of the threads that the server has loaded.
#[derive(Default)]
pub(crate) struct Tools {
    threads: HashMap<Box<str>, Entry>,
    /// Of threads that are being resumed: calls may come before the answer.
    resuming: Vec<(Box<str>, Arc<Toolbox>)>,
    /// Sub-agents at work with the tools of the thread that has sent them, by their own thread.
    agents: HashMap<Box<str>, Box<str>>,
}

struct Entry {
    tools: Arc<Toolbox>,
    turns: VecDeque<Box<str>>,
}

impl Tools {
    /// A thread is about to get tools.
    pub(crate) fn reserve(&mut self, tools: &ThreadTools) {
        if let Some(thread_id) = &tools.resumes {
            let reserved = (thread_id.as_str().into(), Arc::clone(&tools.tools));
            self.resuming.push(reserved);
        }
    }

    /// Whether a thread will have any.
    pub(crate) fn concern(&self, tools: &ThreadTools) -> bool {
        let forked = tools.forks.as_deref();
        !tools.tools.is_empty() || forked.is_some_and(|id| self.threads.contains_key(id))
    }

    /// It has got them, and is this one.
    pub(crate) fn claim(&mut self, tools: &ThreadTools, thread_id: &str) {
        let older = [Some(thread_id), tools.forks.as_deref()];
        let older = older
            .into_iter()
            .flatten()
            .find_map(|id| self.threads.get(id));
        let tools = match older {
            None => Arc::clone(&tools.tools),
            Some(entry) if tools.tools.is_empty() => Arc::clone(&entry.tools),
            Some(entry) => Arc::new(Toolbox::clone(&tools.tools).over(&entry.tools)),
        };
        match self.threads.get_mut(thread_id) {
            Some(entry) => entry.tools = tools,
            None => {
                let turns = VecDeque::new();
                self.threads
                    .insert(thread_id.into(), Entry { tools, turns });
            }
        }
    }

    /// The request that was to give them has come to its end.
    pub(crate) fn release(&mut self, tools: &ThreadTools) {
        let mut resuming = self.resuming.iter();
        let at = resuming.position(|(_, reserved)| Arc::ptr_eq(reserved, &tools.tools));
        at.map(|at| self.resuming.remove(at));
    }

    /// The tool that is called in a thread, if it has it.
    pub(crate) fn find(&self, thread_id: &str, asked: &InboundRequest) -> Option<Tool> {
        let thread_id = self
            .agents
            .get(thread_id)
            .map_or(thread_id, |sender| &**sender);
        let newest_first = self.resuming.iter().rev();
        let mut resuming = newest_first.filter(|(id, _)| **id == *thread_id);
        let reserved = resuming.find_map(|(_, tools)| tools.find(asked));
        reserved.or_else(|| self.threads.get(thread_id)?.tools.find(asked))
    }

    /// Takes note of a notification, whatever it is.
    pub(crate) fn notification(&mut self, method: &str, envelope: &Envelope<'_>, text: &str) {
        let Some(thread_id) = envelope.keys.thread_id.as_deref() else {
            return;
        };
        if self.threads.is_empty() {
            return;
        }
        match method {
            "turn/started" => {
                let params = envelope.params.clone().map_or("", |at| &text[at]);
                if let Ok(started) = serde_json::from_str::<TurnStartedNotification>(params) {
                    let root = started.turn.root_turn_id.as_deref();
                    self.turn_started(thread_id, &started.turn.id, root);
                }
            }
            "turn/completed" => drop(self.agents.remove(thread_id)),
            "thread/closed" | "thread/deleted" | "thread/archived" => {
                self.threads.remove(thread_id);
                self.agents.retain(|_, sender| **sender != *thread_id);
            }
            _ => {}
        }
    }

    /// A sub-agent may have inherited the tools of the thread whose turn has sent it, and calls them in
    /// a thread of its own.
    fn turn_started(&mut self, thread_id: &str, turn_id: &str, root: Option<&str>) {
        if let Some(entry) = self.threads.get_mut(thread_id) {
            if entry.turns.len() == TURNS {
                entry.turns.pop_front();
            }
            return entry.turns.push_back(turn_id.into());
        }
        let Some(root) = root else {
            return;
        };
        let mut threads = self.threads.iter();
        let sender = threads.find(|(_, entry)| entry.turns.iter().any(|turn| **turn == *root));
        if let Some((sender, _)) = sender {
            self.agents.insert(thread_id.into(), sender.clone());
        }
    }

    /// The connection has ended.
    pub(crate) fn close(&mut self) {
        *self = Self::default();
    }
}
