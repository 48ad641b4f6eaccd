//! Turns without a caller, which are interrupted as soon as they begin. Performs no I/O.
//!
//! The server refuses to interrupt a turn that has not begun.

use std::collections::VecDeque;

use crate::rpc::{envelope::RoutingKeys, raw_notification::NotificationKind};

/// Maximum number of turns. A turn may never begin.
const MAX_TURNS: usize = 1024;

/// The threads and turns, from the one that was added first.
#[derive(Debug, Default)]
pub(crate) struct AbandonedTurns(VecDeque<(String, String)>);

impl AbandonedTurns {
    pub(crate) fn add(&mut self, thread_id: &str, turn_id: &str) {
        if self.0.len() >= MAX_TURNS {
            self.0.pop_front();
        }
        self.0.push_back((thread_id.to_owned(), turn_id.to_owned()));
    }

    /// Updates the state from a notification. Returns the turn to interrupt, if it has begun.
    pub(crate) fn update(
        &mut self,
        kind: NotificationKind,
        keys: &RoutingKeys<'_>,
    ) -> Option<(String, String)> {
        if self.0.is_empty() {
            return None;
        }
        let thread_id = keys.thread_id.as_deref()?;
        if kind == NotificationKind::ThreadEnded {
            self.0.retain(|(thread, _)| thread != thread_id);
        }
        let is_turn = |turn: &str| {
            keys.turn_id.as_deref() == Some(turn) || keys.root_turn_id.as_deref() == Some(turn)
        };
        let mut turns = self.0.iter();
        let index = turns.position(|(thread, turn)| thread == thread_id && is_turn(turn))?;
        match kind {
            NotificationKind::TurnStarted => self.0.remove(index),
            NotificationKind::TurnCompleted => {
                self.0.remove(index);
                None
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::raw_notification::received;

    fn update(turns: &mut AbandonedTurns, method: &str, turn_id: &str) -> Option<(String, String)> {
        let params = format!(r#"{{"threadId":"t","turn":{{"id":"{turn_id}"}}}}"#);
        let text = format!(r#"{{"method":"{method}","params":{params}}}"#);
        let (notification, keys) = received(&text);
        turns.update(notification.kind(), &keys)
    }

    #[test]
    fn a_turn_is_interrupted_once_when_it_begins() {
        let mut turns = AbandonedTurns::default();
        turns.add("t", "u");
        assert_eq!(update(&mut turns, "turn/started", "v"), None);
        let begun = update(&mut turns, "turn/started", "u");
        assert_eq!(begun, Some(("t".to_owned(), "u".to_owned())));
        assert_eq!(update(&mut turns, "turn/started", "u"), None);
    }

    #[test]
    fn a_turn_that_ends_is_forgotten_and_the_number_is_bounded() {
        let mut turns = AbandonedTurns::default();
        turns.add("t", "u");
        assert_eq!(update(&mut turns, "turn/completed", "u"), None);
        assert!(turns.0.is_empty());
        turns.add("t", "u");
        assert_eq!(update(&mut turns, "thread/closed", "other"), None);
        assert!(turns.0.is_empty());
        for number in 0..10_000 {
            turns.add("t", &number.to_string());
        }
        assert_eq!(turns.0.len(), MAX_TURNS);
    }
}
