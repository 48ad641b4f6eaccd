//! The active turn of each thread, as last reported by the server. Performs no I/O.
//!
//! Used to steer a busy thread. This state can lag behind the server by the messages in transit, so
//! its users have to handle a refusal.
//!
//! A review has two ids: its events, its completion and the response have one, while the server
//! runs the review under the other. `turn/started` names the latter, with the former as its root.
//! Older servers, such as 0.133.0, name no root: there, the next turn that starts is the review.

use crate::{
    routing::recent::Recent,
    rpc::{envelope::RoutingKeys, raw_notification::NotificationKind},
};

/// The active turns by thread, including those of other clients and of sub-agents. The server may
/// never report the end of a turn, so only the latest ones are known.
#[derive(Debug, Default)]
pub(crate) struct ActiveTurns {
    turns: Recent<String, ActiveTurn>,
    /// The reviews that a response has named and no `turn/started` yet, by thread.
    reviews: Recent<String, String>,
}

/// An active turn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ActiveTurn {
    /// The id that the server uses while the turn is active.
    pub(crate) id: String,
    /// The id of the root of the turns that led to this one; the turn's own id if there is no root,
    /// or if the root is not known.
    pub(crate) root: String,
    /// Whether the server has reported the start, and not only named the turn in a response.
    has_started: bool,
}

impl ActiveTurn {
    /// Creates a turn that a response has named.
    fn named(id: &str) -> Self {
        let (id, root) = (id.to_owned(), id.to_owned());
        let has_started = false;
        Self {
            id,
            root,
            has_started,
        }
    }

    /// Creates a turn whose start was reported.
    fn started(id: &str, root: &str) -> Self {
        let (id, root) = (id.to_owned(), root.to_owned());
        let has_started = true;
        Self {
            id,
            root,
            has_started,
        }
    }

    /// Whether this is the turn with this id, which may be either of its ids.
    fn is(&self, turn_id: &str) -> bool {
        self.id == turn_id || self.root == turn_id
    }
}

impl ActiveTurns {
    /// Returns the active turn of a thread.
    pub(crate) fn turn(&self, thread_id: &str) -> Option<&ActiveTurn> {
        self.turns.get(thread_id)
    }

    /// Returns the id that the server uses while a turn runs. A review runs under a separate id.
    pub(crate) fn running_id<'a>(&'a self, thread_id: &str, turn_id: &'a str) -> &'a str {
        match self.turn(thread_id) {
            Some(active) if active.root == turn_id => &active.id,
            _ => turn_id,
        }
    }

    /// Returns the id of the active turn of a thread, if input can join it. Input cannot join a
    /// review.
    pub(crate) fn joinable(&self, thread_id: &str) -> Option<&str> {
        let active = self.turn(thread_id)?;
        let is_review = active.id != active.root || self.reviews.get(thread_id) == Some(&active.id);
        (!is_review).then_some(&active.id)
    }

    /// Whether no other thread has an active turn.
    pub(crate) fn only_in(&self, thread_id: &str) -> bool {
        self.turns.keys().all(|active| active == thread_id)
    }

    /// Whether the turn with this id, which may be either of its ids, is active.
    fn is(&self, thread_id: &str, turn_id: &str) -> bool {
        self.turn(thread_id).is_some_and(|turn| turn.is(turn_id))
    }

    /// Whether the turn with this id, which may be either of its ids, is active and its start was
    /// reported.
    pub(crate) fn has_started(&self, thread_id: &str, turn_id: &str) -> bool {
        let turn = self.turn(thread_id);
        turn.is_some_and(|turn| turn.has_started && turn.is(turn_id))
    }

    /// Adds a turn that a response has named. An active turn is not displaced: only `turn/started`
    /// announces its successor.
    pub(crate) fn add(&mut self, thread_id: &str, turn_id: &str) {
        if self.turn(thread_id).is_none() {
            let running = ActiveTurn::named(turn_id);
            self.turns.insert(thread_id.to_owned(), running);
        }
    }

    /// Adds a turn that was active before the client reconnected. One that was reported since then is
    /// not displaced.
    pub(crate) fn restore(&mut self, thread_id: &str, turn: ActiveTurn) {
        if self.turn(thread_id).is_none() {
            self.turns.insert(thread_id.to_owned(), turn);
        }
    }

    /// Adds a review that a response has named. The next turn to start in the thread is that
    /// review, unless it names another root.
    pub(crate) fn add_review(&mut self, thread_id: &str, turn_id: &str) {
        self.reviews
            .insert(thread_id.to_owned(), turn_id.to_owned());
    }

    /// Updates the state from a notification.
    pub(crate) fn update(&mut self, kind: NotificationKind, keys: &RoutingKeys<'_>) {
        let Some(thread_id) = keys.thread_id.as_deref() else {
            return;
        };
        match (kind, keys.turn_id.as_deref()) {
            (NotificationKind::TurnStarted, Some(turn_id)) => {
                let review = self.reviews.remove(thread_id);
                let root = keys.root_turn_id.as_deref().or(review.as_deref());
                let root = root.unwrap_or(turn_id);
                let running = ActiveTurn::started(turn_id, root);
                self.turns.insert(thread_id.to_owned(), running);
            }
            (NotificationKind::TurnCompleted, turn_id) => self.end(thread_id, turn_id),
            // An idle status does not end the turn, which may not be completed yet.
            (NotificationKind::ThreadEnded, _) => self.remove(thread_id),
            _ => {}
        }
    }

    /// Records that a turn has ended, or is taken to have ended. An end that names no turn is that of
    /// the active one.
    pub(crate) fn end(&mut self, thread_id: &str, turn_id: Option<&str>) {
        if turn_id.is_none_or(|turn_id| self.is(thread_id, turn_id)) {
            self.turns.remove(thread_id);
        }
        let review = self.reviews.get(thread_id);
        if review.is_some_and(|review| turn_id.is_none_or(|turn_id| review == turn_id)) {
            self.reviews.remove(thread_id);
        }
    }

    /// Forgets the active turn of a thread.
    pub(crate) fn remove(&mut self, thread_id: &str) {
        self.turns.remove(thread_id);
        self.reviews.remove(thread_id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(active: &mut ActiveTurns, method: &str, turn_id: &'static str) {
        let keys = RoutingKeys {
            thread_id: Some("t".into()),
            turn_id: Some(turn_id.into()),
            ..RoutingKeys::default()
        };
        active.update(NotificationKind::of(method), &keys);
    }

    fn turn<'a>(active: &'a ActiveTurns, thread_id: &str) -> Option<&'a str> {
        active.turn(thread_id).map(|running| running.id.as_str())
    }

    #[test]
    fn a_turn_is_restored_unless_another_one_is_active() {
        let before = ActiveTurn::started("u", "u");
        let mut active = ActiveTurns::default();
        active.restore("t", before.clone());
        assert_eq!(turn(&active, "t"), Some("u"));
        update(&mut active, "turn/started", "v");
        active.restore("t", before);
        assert_eq!(turn(&active, "t"), Some("v"));
    }

    #[test]
    fn a_review_ends_under_the_id_that_its_events_name() {
        let mut active = ActiveTurns::default();
        active.add("t", "review");
        let keys = RoutingKeys {
            thread_id: Some("t".into()),
            turn_id: Some("inner".into()),
            root_turn_id: Some("review".into()),
            ..RoutingKeys::default()
        };
        active.update(NotificationKind::TurnStarted, &keys);
        let running = ActiveTurn::started("inner", "review");
        assert_eq!(active.turn("t"), Some(&running));
        update(&mut active, "turn/completed", "review");
        assert_eq!(active.turn("t"), None);
    }

    #[test]
    fn the_turn_that_starts_after_the_response_to_a_review_is_the_review_if_it_names_no_root() {
        let mut active = ActiveTurns::default();
        update(&mut active, "turn/started", "u");
        active.add_review("t", "review");
        update(&mut active, "turn/completed", "u");
        update(&mut active, "turn/started", "inner");
        let running = ActiveTurn::started("inner", "review");
        assert_eq!(active.turn("t"), Some(&running));
        update(&mut active, "turn/completed", "review");
        assert_eq!(active.turn("t"), None);
        update(&mut active, "turn/started", "v");
        assert_eq!(active.turn("t"), Some(&ActiveTurn::started("v", "v")));
        // A review that ends before it starts has no inner turn.
        active.add_review("t", "review");
        update(&mut active, "turn/completed", "review");
        update(&mut active, "turn/started", "w");
        assert_eq!(active.turn("t"), Some(&ActiveTurn::started("w", "w")));
        assert!(active.reviews.is_empty());
    }

    #[test]
    fn turns_whose_end_is_never_reported_are_forgotten_before_later_ones() {
        let mut active = ActiveTurns::default();
        let thread_ids = (0..100_000).map(|number| number.to_string());
        let thread_ids: Vec<_> = thread_ids.collect();
        for thread_id in &thread_ids {
            active.add(thread_id, "u");
            active.add_review(thread_id, "r");
        }
        assert!(active.turns.keys().count() < 10_000);
        assert!(active.reviews.keys().count() < 10_000);
        assert_eq!(turn(&active, &thread_ids[0]), None);
        assert_eq!(turn(&active, &thread_ids[99_999]), Some("u"));
    }

    #[test]
    fn input_cannot_join_a_review() {
        let mut active = ActiveTurns::default();
        update(&mut active, "turn/started", "u");
        assert_eq!(active.joinable("t"), Some("u"));
        update(&mut active, "turn/completed", "u");
        active.add("t", "review");
        active.add_review("t", "review");
        assert_eq!(active.joinable("t"), None);
        update(&mut active, "turn/started", "inner");
        assert_eq!(active.joinable("t"), None);
    }

    #[test]
    fn a_turn_is_active_from_its_start_to_its_completion() {
        let mut active = ActiveTurns::default();
        assert_eq!(turn(&active, "t"), None);
        update(&mut active, "turn/started", "u");
        assert_eq!(turn(&active, "t"), Some("u"));
        assert_eq!(turn(&active, "sub-agent"), None);
        assert!(active.only_in("t"));
        assert!(!active.only_in("sub-agent"));
        update(&mut active, "item/completed", "other");
        update(&mut active, "thread/status/changed", "u");
        update(&mut active, "turn/completed", "other");
        assert_eq!(turn(&active, "t"), Some("u"));
        update(&mut active, "turn/completed", "u");
        assert_eq!(turn(&active, "t"), None);
    }

    #[test]
    fn an_end_that_names_no_turn_is_that_of_the_active_one() {
        let mut active = ActiveTurns::default();
        for (end, expected) in [(Some("other"), Some("u")), (None, None)] {
            active.add("t", "u");
            active.end("t", end);
            assert_eq!(turn(&active, "t"), expected);
        }
        active.add_review("t", "r");
        active.end("t", None);
        update(&mut active, "turn/started", "v");
        assert_eq!(active.turn("t").unwrap().root, "v");
    }

    #[test]
    fn the_turn_that_a_response_names_does_not_displace_the_running_one() {
        let mut active = ActiveTurns::default();
        active.add("t", "u");
        active.add("t", "unknown");
        assert_eq!(turn(&active, "t"), Some("u"));
        update(&mut active, "turn/started", "v");
        assert_eq!(turn(&active, "t"), Some("v"));
    }

    #[test]
    fn a_thread_that_has_ended_has_no_active_turn() {
        for method in ["thread/closed", "thread/archived", "thread/deleted"] {
            let mut active = ActiveTurns::default();
            active.add("t", "u");
            update(&mut active, method, "");
            assert_eq!(turn(&active, "t"), None);
        }
    }

    #[test]
    fn a_turn_that_a_response_has_named_has_started_once_that_is_reported() {
        let mut active = ActiveTurns::default();
        active.add("t", "v");
        assert!(!active.has_started("t", "v"));
        update(&mut active, "turn/started", "v");
        assert!(active.has_started("t", "v") && !active.has_started("t", "w"));
        active.add("t", "v");
        assert!(active.has_started("t", "v"));
        update(&mut active, "turn/completed", "v");
        assert!(!active.has_started("t", "v"));
    }
}
