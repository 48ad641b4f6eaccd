//! The turns of a server.

use std::collections::HashSet;

use codex_types::TurnStatus;
use serde_json::{Value, json};

use super::{outcome::Outcome, script::Script, stops::Stopped};
use crate::error::Error;

/// The id of a turn that another client has started. Its items and its end are not recorded.
pub(super) const FOREIGN_TURN: &str = "x";

/// The turns that a server has started.
#[derive(Default)]
pub(super) struct Turns {
    turns: Vec<Turn>,
    /// The inputs of `turn/start`, and the turns that the responses name.
    starts: Vec<(String, String)>,
    /// The inputs whose messages other turns than their own have completed.
    taken: HashSet<String>,
    /// The turns that the client has interrupted.
    interrupted: HashSet<String>,
}

struct Turn {
    thread_id: String,
    id: String,
    input: String,
    /// The items that were completed before the turn.
    items: usize,
    is_completed: bool,
    /// Whether the client has received the completion.
    is_settled: bool,
    /// Whether the result is known to have all items.
    is_exact: bool,
    /// Whether `turn/started` was sent, and that of no later turn.
    is_active: bool,
    /// Whether the client may take the turn for one that never begins, or that is over.
    may_be_over: bool,
}

impl Turns {
    /// Starts a turn, or joins the last one of the thread. Returns its id.
    pub(super) fn start(&mut self, thread_id: &str, input: &str, joins: bool) -> String {
        let id = self.start_or_join(thread_id, input, joins);
        self.starts.push((input.to_owned(), id.clone()));
        id
    }

    fn start_or_join(&mut self, thread_id: &str, input: &str, joins: bool) -> String {
        let mut last_first = self.turns.iter_mut().rev();
        if joins && let Some(turn) = last_first.find(|turn| turn.thread_id == thread_id) {
            turn.is_exact = false;
            return turn.id.clone();
        }
        // A turn that is started while another one runs may join it, and shows its id until then.
        let running = self.turns.iter_mut();
        let running = running.filter(|turn| turn.thread_id == thread_id && !turn.is_completed);
        let is_free = running.map(|turn| turn.is_exact = false).count() == 0;
        // The message may precede the response to the request with the input.
        let is_taken = self.taken.contains(input);
        let id = format!("u{}", self.turns.len());
        self.turns.push(Turn {
            thread_id: thread_id.to_owned(),
            id: id.clone(),
            input: input.to_owned(),
            items: 0,
            is_completed: false,
            is_settled: false,
            is_exact: is_free && !is_taken,
            is_active: false,
            may_be_over: is_taken,
        });
        id
    }

    /// Records that the client has added input to a turn.
    pub(super) fn joined(&mut self, turn_id: &str) {
        for turn in &mut self.turns {
            turn.is_exact &= turn.id != turn_id;
        }
    }

    /// Records that the client has interrupted a turn.
    pub(super) fn interrupted(&mut self, turn_id: &str) {
        self.interrupted.insert(turn_id.to_owned());
    }

    /// The results of the current turns need not have all items from now on.
    pub(super) fn inexact(&mut self) {
        for turn in &mut self.turns {
            turn.is_exact = false;
        }
    }

    /// The client may forget the current turns.
    pub(super) fn closed(&mut self) {
        self.inexact();
        for turn in &mut self.turns {
            turn.may_be_over = true;
        }
    }

    /// Chooses a turn, mostly the last one; the turn of the other client if none exists.
    pub(super) fn choose(&self, script: &mut Script<'_>) -> usize {
        match script.next().unwrap_or_default() {
            0..128 => self.turns.len().saturating_sub(1),
            index => usize::from(index) % (self.turns.len() + 1),
        }
    }

    /// Chooses any turn of the server, and returns its id.
    pub(super) fn choose_id(&self, script: &mut Script<'_>) -> Option<String> {
        let index = script.index(&self.turns)?;
        Some(self.turns[index].id.clone())
    }

    /// Returns the ids of a turn and its thread; those of the other client's turn for other
    /// numbers.
    pub(super) fn ids(&self, index: usize, script: &mut Script<'_>) -> (String, String) {
        match self.turns.get(index) {
            Some(turn) => (turn.thread_id.clone(), turn.id.clone()),
            None => (script.choose_thread().to_owned(), FOREIGN_TURN.to_owned()),
        }
    }

    /// Records a `turn/started`.
    pub(super) fn begun(&mut self, index: usize) {
        let Some(turn) = self.turns.get_mut(index) else {
            return;
        };
        // A turn that starts again after its end counts as running, and may be joined.
        turn.is_exact &= !turn.is_completed;
        let thread_id = turn.thread_id.clone();
        for (other, turn) in self.turns.iter_mut().enumerate() {
            if turn.thread_id == thread_id {
                turn.is_active = other == index;
            }
        }
    }

    /// Records that the turn of the other client has started in a thread.
    pub(super) fn foreign_begun(&mut self, thread_id: &str) {
        for turn in &mut self.turns {
            turn.is_active &= turn.thread_id != thread_id;
        }
    }

    /// Records a completed item.
    pub(super) fn item(&mut self, index: usize, copies: usize) {
        if let Some(turn) = self.turns.get_mut(index)
            && !turn.is_completed
        {
            turn.items += copies;
        }
    }

    /// Chooses the input of a user message of a turn, mostly that of the turn.
    pub(super) fn user_message(&mut self, index: usize, script: &mut Script<'_>) -> String {
        let own = self.turns.get(index).map(|turn| turn.input.clone());
        let other = (script.below(3) == 0).then(|| script.index(&self.turns));
        let input = match other.flatten() {
            Some(other) => self.turns[other].input.clone(),
            None => own.clone().unwrap_or_else(|| "hi".to_owned()),
        };
        // A goal takes a late message of a turn that has ended for the first event of a turn of its
        // own.
        let is_late = self.turns.get(index).is_some_and(|turn| turn.is_completed);
        if is_late || own.as_ref() != Some(&input) {
            // The turns with this input may have joined the turn.
            self.taken.insert(input.clone());
            for (other, turn) in self.turns.iter_mut().enumerate() {
                if other == index || turn.input == input {
                    turn.is_exact = false;
                    turn.may_be_over |= other != index;
                }
            }
        }
        input
    }

    /// Records a `turn/completed`.
    pub(super) fn completed(&mut self, index: usize, status: &str) {
        let Some(turn) = self.turns.get_mut(index) else {
            return;
        };
        turn.is_completed = true;
        let thread_id = turn.thread_id.clone();
        if status == "interrupted" {
            // The client ends turns that do not begin after an interrupted one.
            for turn in &mut self.turns {
                turn.may_be_over |= turn.thread_id == thread_id && !turn.is_active;
            }
        }
    }

    /// Completes all turns. Returns the notifications.
    pub(super) fn complete_all(&mut self) -> Vec<Value> {
        for turn in &mut self.turns {
            turn.is_completed = true;
        }
        let turns = self.turns.iter().map(|turn| {
            let completed = json!({"id": turn.id, "items": [], "status": "completed"});
            let params = json!({"threadId": turn.thread_id, "turn": completed});
            json!({"method": "turn/completed", "params": params})
        });
        turns.collect()
    }

    /// Records that the client has received all that was sent.
    pub(super) fn settled(&mut self) {
        for turn in &mut self.turns {
            turn.is_settled = turn.is_completed;
        }
    }

    /// Asserts that the client has interrupted each of the stopped turns that is running.
    pub(super) fn assert_interrupted(&self, stopped: &[Stopped]) {
        for stopped in stopped {
            let id = match stopped {
                Stopped::Turn(id) => Some(id),
                // The response may not have been sent.
                Stopped::Input(input) => {
                    let mut starts = self.starts.iter();
                    starts.find(|start| start.0 == *input).map(|start| &start.1)
                }
            };
            let mut turns = self.turns.iter();
            let Some(turn) = turns.find(|turn| Some(&turn.id) == id) else {
                continue;
            };
            let is_running = turn.is_active && !turn.is_completed && !turn.may_be_over;
            assert!(
                !is_running || self.interrupted.contains(&turn.id),
                "{stopped:?} is not interrupted: {}",
                turn.id
            );
        }
    }

    /// Asserts that the result of a turn has all that was sent, and that there is a result if the
    /// client has received the completion.
    pub(super) fn assert_outcome(&self, name: &str, outcome: &Outcome) {
        let find = |id: &str| {
            let turn = self.turns.iter().find(|turn| turn.id == id);
            turn.unwrap_or_else(|| panic!("`{name}`: no such turn: {id}"))
        };
        match outcome {
            // The turn has joined the one of the other client.
            Outcome::Result(result) if result.id == FOREIGN_TURN => {}
            Outcome::Error { turn_id, .. } if turn_id == FOREIGN_TURN => {}
            // A turn that is stopped may not end in time.
            Outcome::Result(result)
                if result.status == TurnStatus::InProgress && name.ends_with("until") => {}
            Outcome::Result(result) => {
                let turn = find(&result.id);
                assert!(turn.is_completed, "`{name}`: {result:?}");
                if turn.is_exact {
                    assert_eq!(result.items.len(), turn.items, "`{name}`: {result:?}");
                }
            }
            // The call may have ended before the completion.
            Outcome::Error {
                error: Error::TurnDetached(_) | Error::TurnTimeout(_),
                ..
            } => {}
            Outcome::Error { turn_id, error } => {
                let turn = find(turn_id);
                let is_missing = turn.is_exact && turn.is_settled;
                assert!(!is_missing, "`{name}`: {turn_id}: {error}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "is not interrupted: u0")]
    fn a_stopped_turn_that_is_running_and_was_not_interrupted_violates_the_property() {
        let mut turns = Turns::default();
        let id = turns.start("t0", "input 1", false);
        let stopped = [Stopped::Input("input 1".to_owned())];
        turns.assert_interrupted(&stopped);
        turns.begun(0);
        turns.interrupted(&id);
        turns.assert_interrupted(&stopped);
        turns.interrupted.clear();
        turns.assert_interrupted(&stopped);
    }
}
