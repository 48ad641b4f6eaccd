//! Whose a notification is, without any I/O.
//!
//! A turn's events go to its feed. Since they may come before the answer that names the turn, the
//! thread is reserved before `turn/start` is sent: as long as a reservation stands, every turn of
//! that thread gets a feed, and the answer claims the right one. The thread is matched before the
//! turn: events of a sub-agent's thread come on the same connection and never reach our feed.

use std::{collections::HashMap, sync::Arc};

use super::feed::Feed;

/// The routes of all threads that have a turn of ours.
#[derive(Debug, Default)]
pub(crate) struct Router {
    threads: HashMap<String, Routes>,
}

#[derive(Debug, Default)]
struct Routes {
    /// How many `turn/start` calls are on their way.
    reserved: usize,
    turns: Vec<Route>,
}

#[derive(Debug)]
struct Route {
    feed: Arc<Feed>,
    /// Whether an answer has named this turn as ours.
    claimed: bool,
    /// Whether its `turn/completed` has come.
    ended: bool,
}

impl Router {
    /// A turn of this thread is about to be started.
    pub(crate) fn reserve(&mut self, thread_id: &str) {
        let routes = self.threads.entry(thread_id.to_owned()).or_default();
        routes.reserved += 1;
    }

    /// The started turn is this one: its feed, with the events that have come already.
    pub(crate) fn claim(&mut self, thread_id: &str, turn_id: &str) -> Arc<Feed> {
        let routes = self.threads.entry(thread_id.to_owned()).or_default();
        if let Some(route) = routes.find(turn_id) {
            route.claimed = true;
            return Arc::clone(&route.feed);
        }
        let feed = Feed::new(thread_id, turn_id);
        routes.turns.push(Route {
            feed: Arc::clone(&feed),
            claimed: true,
            ended: false,
        });
        feed
    }

    /// A reservation has come to its end, with or without a claim. Returns the feeds that turned
    /// out to be nobody's.
    pub(crate) fn release(&mut self, thread_id: &str) -> Vec<Arc<Feed>> {
        let Some(routes) = self.threads.get_mut(thread_id) else {
            return Vec::new();
        };
        routes.reserved = routes.reserved.saturating_sub(1);
        if routes.reserved > 0 {
            return Vec::new();
        }
        let strays = routes
            .turns
            .extract_if(.., |route| !route.claimed)
            .map(|route| route.feed)
            .collect();
        routes.turns.retain(|route| !route.ended);
        self.tidy(thread_id);
        strays
    }

    /// The feed for an event of this turn, if it is ours or might be.
    pub(crate) fn route(&mut self, thread_id: &str, turn_id: &str) -> Option<&Arc<Feed>> {
        let routes = self.threads.get_mut(thread_id)?;
        let at = match routes.position(turn_id) {
            // Only the router still knows it: no handle and no reader is left.
            Some(at) if routes.turns[at].claimed && routes.turns[at].abandoned() => {
                routes.turns.swap_remove(at);
                self.tidy(thread_id);
                return None;
            }
            Some(at) => at,
            None if routes.reserved > 0 => {
                routes.turns.push(Route {
                    feed: Feed::new(thread_id, turn_id),
                    claimed: false,
                    ended: false,
                });
                routes.turns.len() - 1
            }
            None => return None,
        };
        self.threads
            .get(thread_id)
            .map(|routes| &routes.turns[at].feed)
    }

    /// The turn's `turn/completed` was routed. A feed that may still be claimed is kept.
    pub(crate) fn end(&mut self, thread_id: &str, turn_id: &str) {
        if let Some(routes) = self.threads.get_mut(thread_id) {
            if let Some(route) = routes.find(turn_id) {
                route.ended = true;
            }
            if routes.reserved == 0 {
                routes.turns.retain(|route| !route.ended);
                self.tidy(thread_id);
            }
        }
    }

    /// Takes all feeds out: the connection has ended.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Arc<Feed>> {
        self.threads
            .drain()
            .flat_map(|(_, routes)| routes.turns)
            .map(|route| route.feed)
    }

    fn tidy(&mut self, thread_id: &str) {
        if let Some(routes) = self.threads.get(thread_id)
            && routes.reserved == 0
            && routes.turns.is_empty()
        {
            self.threads.remove(thread_id);
        }
    }
}

impl Routes {
    fn position(&self, turn_id: &str) -> Option<usize> {
        let mut turns = self.turns.iter();
        turns.position(|route| route.feed.turn_id() == turn_id)
    }

    fn find(&mut self, turn_id: &str) -> Option<&mut Route> {
        self.position(turn_id).map(|at| &mut self.turns[at])
    }
}

impl Route {
    fn abandoned(&self) -> bool {
        Arc::strong_count(&self.feed) == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_before_the_answer_reaches_the_turn_that_the_answer_names() {
        let mut router = Router::default();
        assert!(router.route("t", "u").is_none());
        router.reserve("t");
        let early = Arc::clone(router.route("t", "u").unwrap());
        router.end("t", "u");
        let claimed = router.claim("t", "u");
        assert!(Arc::ptr_eq(&early, &claimed));
        assert!(router.release("t").is_empty());
        // It had ended before it was claimed, so nothing is left of it.
        assert!(router.threads.is_empty());
    }

    #[test]
    fn a_turn_that_nobody_claims_is_given_back() {
        let mut router = Router::default();
        router.reserve("t");
        router.reserve("t");
        router.route("t", "theirs").unwrap();
        let ours = router.claim("t", "ours");
        assert!(router.release("t").is_empty());
        let strays = router.release("t");
        assert_eq!(strays.len(), 1);
        assert_eq!(strays[0].turn_id(), "theirs");
        assert!(router.route("t", "theirs").is_none());
        assert!(router.route("t", "ours").is_some());
        drop(ours);
    }

    #[test]
    fn the_thread_is_matched_before_the_turn() {
        let mut router = Router::default();
        router.reserve("t");
        let feed = router.claim("t", "u");
        router.release("t");
        assert!(router.route("sub-agent", "u").is_none());
        assert!(router.route("t", "other").is_none());
        assert!(Arc::ptr_eq(router.route("t", "u").unwrap(), &feed));
    }

    #[test]
    fn a_turn_without_handle_or_reader_is_forgotten() {
        let mut router = Router::default();
        router.reserve("t");
        drop(router.claim("t", "u"));
        router.release("t");
        assert!(router.route("t", "u").is_none());
        assert!(router.threads.is_empty());
    }

    #[test]
    fn a_turn_that_is_joined_twice_has_one_feed() {
        let mut router = Router::default();
        router.reserve("t");
        let first = router.claim("t", "u");
        router.reserve("t");
        let second = router.claim("t", "u");
        assert!(Arc::ptr_eq(&first, &second));
    }
}
