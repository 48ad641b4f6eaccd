//! Which turn runs in which thread, as far as the server has said, without any I/O.
//!
//! It serves to say something to a busy thread. It can be behind the server by what is on its way,
//! so whoever acts on it has to take a refusal.
//!
//! A review has two ids: its events, its end and the answer bear one, while the server runs it under
//! another, which only its `turn/started` tells, with the first one as its root.

use std::collections::HashMap;

use crate::rpc::envelope::RoutingKeys;

/// The running turns by thread, those of other clients and of sub-agents included.
#[derive(Debug, Default)]
pub(crate) struct ActiveTurns {
    turns: HashMap<String, ActiveTurn>,
}

/// A turn that runs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ActiveTurn {
    /// The id by which the server knows it while it runs.
    pub(crate) id: String,
    /// The first turn of those that have led to it; itself if none has, or if that is not known.
    pub(crate) root: String,
}

impl ActiveTurn {
    fn new(id: &str, root: &str) -> Self {
        let (id, root) = (id.to_owned(), root.to_owned());
        Self { id, root }
    }
}

impl ActiveTurns {
    /// The turn that runs in a thread.
    pub(crate) fn turn(&self, thread_id: &str) -> Option<&ActiveTurn> {
        self.turns.get(thread_id)
    }

    /// Whether it is this turn that runs, by either of its ids.
    fn is(&self, thread_id: &str, turn_id: &str) -> bool {
        let running = self.turn(thread_id);
        running.is_some_and(|running| running.id == turn_id || running.root == turn_id)
    }

    /// An answer has named this turn, which was not seen to end. One that is known to run is not
    /// displaced: only `turn/started` says that another has taken its place.
    pub(crate) fn named(&mut self, thread_id: &str, turn_id: &str) {
        if !self.turns.contains_key(thread_id) {
            let running = ActiveTurn::new(turn_id, turn_id);
            self.turns.insert(thread_id.to_owned(), running);
        }
    }

    /// Takes note of a notification, whatever it is.
    pub(crate) fn notification(&mut self, method: &str, keys: &RoutingKeys<'_>) {
        let Some(thread_id) = keys.thread_id.as_deref() else {
            return;
        };
        match (method, keys.turn_id.as_deref()) {
            ("turn/started", Some(turn_id)) => {
                let root = keys.root_turn_id.as_deref().unwrap_or(turn_id);
                let running = ActiveTurn::new(turn_id, root);
                self.turns.insert(thread_id.to_owned(), running);
            }
            ("turn/completed", Some(turn_id)) if self.is(thread_id, turn_id) => {
                self.turns.remove(thread_id);
            }
            // An idle thread is not among these: its turn may still have its end to tell.
            (method, _) if ends_thread(method) => self.left(thread_id),
            _ => {}
        }
    }

    /// What runs in the thread is not known any more, or nothing is.
    pub(crate) fn left(&mut self, thread_id: &str) {
        self.turns.remove(thread_id);
    }

    /// The turn was given up: no event of it will come.
    pub(crate) fn forget(&mut self, thread_id: &str, turn_id: &str) {
        if self.is(thread_id, turn_id) {
            self.turns.remove(thread_id);
        }
    }
}

/// Whether a notification says that the server has a thread no longer.
pub(crate) fn ends_thread(method: &str) -> bool {
    matches!(
        method,
        "thread/closed" | "thread/archived" | "thread/deleted"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tell(active: &mut ActiveTurns, method: &str, turn_id: &'static str) {
        let keys = RoutingKeys {
            thread_id: Some("t".into()),
            turn_id: Some(turn_id.into()),
            ..RoutingKeys::default()
        };
        active.notification(method, &keys);
    }

    fn turn<'a>(active: &'a ActiveTurns, thread_id: &str) -> Option<&'a str> {
        active.turn(thread_id).map(|running| running.id.as_str())
    }

    #[test]
    fn a_review_is_over_with_the_id_that_its_events_bear() {
        let mut active = ActiveTurns::default();
        active.named("t", "review");
        let keys = RoutingKeys {
            thread_id: Some("t".into()),
            turn_id: Some("inner".into()),
            root_turn_id: Some("review".into()),
            ..RoutingKeys::default()
        };
        active.notification("turn/started", &keys);
        let running = ActiveTurn::new("inner", "review");
        assert_eq!(active.turn("t"), Some(&running));
        tell(&mut active, "turn/completed", "review");
        assert_eq!(active.turn("t"), None);
    }

    #[test]
    fn a_turn_is_active_from_its_start_to_its_completion() {
        let mut active = ActiveTurns::default();
        assert_eq!(turn(&active, "t"), None);
        tell(&mut active, "turn/started", "u");
        assert_eq!(turn(&active, "t"), Some("u"));
        assert_eq!(turn(&active, "sub-agent"), None);
        tell(&mut active, "item/completed", "other");
        tell(&mut active, "thread/status/changed", "u");
        tell(&mut active, "turn/completed", "other");
        assert_eq!(turn(&active, "t"), Some("u"));
        tell(&mut active, "turn/completed", "u");
        assert_eq!(turn(&active, "t"), None);
    }

    #[test]
    fn the_turn_that_an_answer_names_does_not_displace_the_running_one() {
        let mut active = ActiveTurns::default();
        active.named("t", "u");
        active.named("t", "phantom");
        assert_eq!(turn(&active, "t"), Some("u"));
        tell(&mut active, "turn/started", "v");
        active.forget("t", "u");
        assert_eq!(turn(&active, "t"), Some("v"));
        active.forget("t", "v");
        assert_eq!(turn(&active, "t"), None);
    }

    #[test]
    fn nothing_runs_in_a_thread_that_is_gone() {
        for method in ["thread/closed", "thread/archived", "thread/deleted"] {
            let mut active = ActiveTurns::default();
            active.named("t", "u");
            tell(&mut active, method, "");
            assert_eq!(turn(&active, "t"), None);
        }
    }
}
