//! Which turn runs in which thread, as far as the server has said, without any I/O.
//!
//! It serves to say something to a busy thread. It can be behind the server by what is on its way,
//! so whoever acts on it has to take a refusal.

use std::collections::HashMap;

use super::scan::Peek;

/// The running turns by thread, those of other clients and of sub-agents included.
#[derive(Debug, Default)]
pub(crate) struct Active {
    turns: HashMap<String, String>,
}

impl Active {
    /// The turn that runs in a thread.
    pub(crate) fn turn(&self, thread_id: &str) -> Option<&str> {
        self.turns.get(thread_id).map(String::as_str)
    }

    /// An answer has named this turn, which was not seen to end. One that is known to run is not
    /// displaced: only `turn/started` says that another has taken its place.
    pub(crate) fn named(&mut self, thread_id: &str, turn_id: &str) {
        if !self.turns.contains_key(thread_id) {
            self.turns.insert(thread_id.to_owned(), turn_id.to_owned());
        }
    }

    /// Takes note of a notification, whatever it is.
    pub(crate) fn notification(&mut self, method: &str, peek: &Peek<'_>) {
        let Some(thread_id) = peek.thread_id.as_deref() else {
            return;
        };
        match (method, peek.turn_id.as_deref()) {
            ("turn/started", Some(turn_id)) => {
                self.turns.insert(thread_id.to_owned(), turn_id.to_owned());
            }
            ("turn/completed", Some(turn_id)) if self.turn(thread_id) == Some(turn_id) => {
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
        if self.turn(thread_id) == Some(turn_id) {
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

    fn tell(active: &mut Active, method: &str, turn_id: &'static str) {
        let peek = Peek {
            thread_id: Some("t".into()),
            turn_id: Some(turn_id.into()),
            ..Peek::default()
        };
        active.notification(method, &peek);
    }

    #[test]
    fn a_turn_is_active_from_its_start_to_its_completion() {
        let mut active = Active::default();
        assert_eq!(active.turn("t"), None);
        tell(&mut active, "turn/started", "u");
        assert_eq!(active.turn("t"), Some("u"));
        assert_eq!(active.turn("sub-agent"), None);
        tell(&mut active, "item/completed", "other");
        tell(&mut active, "thread/status/changed", "u");
        tell(&mut active, "turn/completed", "other");
        assert_eq!(active.turn("t"), Some("u"));
        tell(&mut active, "turn/completed", "u");
        assert_eq!(active.turn("t"), None);
    }

    #[test]
    fn the_turn_that_an_answer_names_does_not_displace_the_running_one() {
        let mut active = Active::default();
        active.named("t", "u");
        active.named("t", "phantom");
        assert_eq!(active.turn("t"), Some("u"));
        tell(&mut active, "turn/started", "v");
        active.forget("t", "u");
        assert_eq!(active.turn("t"), Some("v"));
        active.forget("t", "v");
        assert_eq!(active.turn("t"), None);
    }

    #[test]
    fn nothing_runs_in_a_thread_that_is_gone() {
        for method in ["thread/closed", "thread/archived", "thread/deleted"] {
            let mut active = Active::default();
            active.named("t", "u");
            tell(&mut active, method, "");
            assert_eq!(active.turn("t"), None);
        }
    }
}
