//! Whose a notification is, without any I/O.
//!
//! A turn's events go to its feed. Since they may come before the answer that names the turn, the
//! thread is reserved before `turn/start` is sent: as long as a reservation stands, every turn of
//! that thread gets a feed, and the answer claims the right one. The thread is matched before the
//! turn: events of a sub-agent's thread come on the same connection and never reach our feed.
//!
//! # Turns that never show
//!
//! `turn/start` on a busy thread joins the running turn, and a server may answer with an id of its
//! own that no event ever bears. So a claim stands like a reservation until the first event of its
//! turn. If another turn of the thread is completed before that, and no event of the claimed one has
//! come [`PATIENCE`] later, then that other turn has taken the input: the claimed one inherits its
//! events and its end. The time is needed since a turn that is completed can be followed by the
//! claimed one in earnest.

use std::{collections::HashMap, mem, sync::Arc, task::Waker, time::Duration};

use tokio::time::Instant;

use crate::{
    error::{connection_closed::ConnectionClosed, turn_detached::DetachReason},
    routing::{
        goal_tracker::GoalTracker,
        turn_log::{EarlyEnd, TurnLog},
    },
};

/// How long after the end of another turn the first event of a claimed one is waited for. Servers
/// that are known begin a turn within milliseconds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// The routes of all threads that have a turn of ours.
#[derive(Debug, Default)]
pub(crate) struct Router {
    threads: HashMap<String, Routes>,
    /// Feeds that turned out to be nobody's, until somebody asks for them.
    strays: Vec<Arc<TurnLog>>,
    /// No heir is due earlier than this.
    deadline: Option<Instant>,
}

#[derive(Debug, Default)]
struct Routes {
    /// How many `turn/start` calls are on their way.
    reserved: usize,
    turns: Vec<Route>,
    /// Whoever is to have all of its turns.
    tracker: Option<Arc<GoalTracker>>,
}

#[derive(Debug)]
struct Route {
    log: Arc<TurnLog>,
    /// Whether an answer has named this turn as ours.
    claimed: bool,
    /// Whether an event of it has come.
    seen: bool,
    /// Whether its `turn/completed` has come.
    ended: bool,
    /// The turn that this one is to inherit from if it does not show, and when.
    heir: Option<(Instant, Arc<TurnLog>)>,
}

impl Router {
    /// A turn of this thread is about to be started.
    pub(crate) fn reserve(&mut self, thread_id: &str) {
        let routes = self.threads.entry(thread_id.to_owned()).or_default();
        routes.reserved += 1;
    }

    /// The started turn is this one: its feed, with the events that have come already.
    pub(crate) fn claim(&mut self, thread_id: &str, turn_id: &str, now: Instant) -> Arc<TurnLog> {
        let routes = self.threads.entry(thread_id.to_owned()).or_default();
        if let Some(route) = routes.find(turn_id) {
            route.claimed = true;
            return Arc::clone(&route.log);
        }
        let mut route = Route::new(thread_id, turn_id);
        (route.claimed, route.seen) = (true, false);
        // A turn that ended while the answer was on its way may have been the one.
        if let Some(ended) = routes.turns.iter().find(|other| other.ended) {
            route.inherit_later(&ended.log, now, &mut self.deadline);
        }
        let log = Arc::clone(&route.log);
        routes.turns.push(route);
        log
    }

    /// Ends the turns of a thread that nothing more will be told of.
    pub(crate) fn lose(&mut self, thread_id: &str, reason: DetachReason) {
        let Some(routes) = self.threads.get_mut(thread_id) else {
            return;
        };
        for route in &mut routes.turns {
            route.log.end_early(EarlyEnd::Lost(reason));
            (route.seen, route.ended, route.heir) = (true, true, None);
        }
        if let Some(tracker) = routes.tracker.take() {
            tracker.end_early(EarlyEnd::Lost(reason));
        }
        self.tidy(thread_id);
    }

    /// A reservation has come to its end, with or without a claim.
    pub(crate) fn release(&mut self, thread_id: &str) {
        if let Some(routes) = self.threads.get_mut(thread_id) {
            routes.reserved = routes.reserved.saturating_sub(1);
            self.tidy(thread_id);
        }
    }

    /// The feed for an event of this turn, if it is ours or might be.
    pub(crate) fn route(&mut self, thread_id: &str, turn_id: &str) -> Option<&Arc<TurnLog>> {
        let routes = self.threads.get(thread_id)?;
        let settled = routes.position(turn_id).filter(|at| {
            let route = &routes.turns[*at];
            route.claimed && route.seen && !route.abandoned()
        });
        let found = match settled {
            Some(at) => Some(at),
            None => self.unsettled(thread_id, turn_id),
        };
        let routes = self.threads.get(thread_id)?;
        found.map(|at| &routes.turns[at].log)
    }

    /// Finds the place for an event of a turn that is not known to be ours, or shows the first time.
    #[cold]
    fn unsettled(&mut self, thread_id: &str, turn_id: &str) -> Option<usize> {
        let routes = self.threads.get_mut(thread_id)?;
        let tracker = routes.tracker().cloned();
        if let Some(route) = routes.find(turn_id) {
            let is_first = !mem::replace(&mut route.seen, true);
            route.heir = None;
            if is_first && let Some(tracker) = tracker {
                tracker.turn_began(&route.log, false);
            }
        } else if let Some(tracker) = tracker {
            // What comes after the end of a turn does not begin it again.
            if !tracker.has_turn(turn_id) {
                let mut route = Route::new(thread_id, turn_id);
                route.claimed = true;
                tracker.turn_began(&route.log, routes.reserved == 0);
                routes.turns.push(route);
            }
        } else if routes.is_open() {
            routes.turns.push(Route::new(thread_id, turn_id));
        }
        self.tidy(thread_id);
        self.threads.get(thread_id)?.position(turn_id)
    }

    /// The turn's `turn/completed` was routed. A feed that may still be claimed is kept.
    pub(crate) fn end(&mut self, thread_id: &str, turn_id: &str, now: Instant) {
        let Some(routes) = self.threads.get_mut(thread_id) else {
            return;
        };
        let Some(at) = routes.position(turn_id) else {
            return;
        };
        routes.turns[at].ended = true;
        let ended = Arc::clone(&routes.turns[at].log);
        if let Some(tracker) = routes.tracker() {
            tracker.turn_ended(&ended);
        }
        for route in &mut routes.turns {
            if route.is_awaited() && route.heir.is_none() {
                route.inherit_later(&ended, now, &mut self.deadline);
            }
        }
        self.tidy(thread_id);
    }

    /// All turns of a thread are for this tracker from now on, those that run included.
    pub(crate) fn pursue(&mut self, tracker: Arc<GoalTracker>) {
        let routes = self.threads.entry(tracker.thread_id().to_owned());
        let routes = routes.or_default();
        for route in &routes.turns {
            if route.claimed && route.seen && !route.ended && !route.abandoned() {
                tracker.turn_began(&route.log, false);
            }
        }
        if let Some(other) = routes.tracker.replace(tracker) {
            other.supersede();
        }
    }

    /// Whoever is to have all turns of a thread.
    pub(crate) fn tracker(&mut self, thread_id: &str) -> Option<&Arc<GoalTracker>> {
        self.threads.get_mut(thread_id)?.tracker()
    }

    /// When [`settle`](Self::settle) is to be called, at the latest.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Gives turns that have not shown in time what they inherit. Returns their feeds.
    pub(crate) fn settle(&mut self, now: Instant, wakes: &mut Vec<Waker>) -> Vec<Arc<TurnLog>> {
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return Vec::new();
        }
        let mut settled = Vec::new();
        self.deadline = None;
        let threads: Vec<String> = self.threads.keys().cloned().collect();
        for thread_id in threads {
            let Some(routes) = self.threads.get_mut(&thread_id) else {
                continue;
            };
            let due = |route: &mut Route| {
                let heir = route.heir.as_ref();
                heir.is_some_and(|(due, _)| *due <= now)
            };
            for route in routes.turns.extract_if(.., due).collect::<Vec<_>>() {
                let Some((_, from)) = route.heir else {
                    continue;
                };
                route.log.inherit(&from, wakes);
                // Its events have found their reader.
                if let Some(from) = routes.find(from.turn_id()) {
                    from.claimed = true;
                }
                settled.push(route.log);
            }
            let waiting = routes.turns.iter().filter_map(|route| route.heir.as_ref());
            let next = waiting.map(|(due, _)| *due).min();
            self.deadline = [self.deadline, next].into_iter().flatten().min();
            self.tidy(&thread_id);
        }
        settled
    }

    /// Whether there are feeds that turned out to be nobody's.
    pub(crate) fn has_strays(&self) -> bool {
        !self.strays.is_empty()
    }

    /// The feeds that turned out to be nobody's since the last call.
    pub(crate) fn take_strays(&mut self) -> Vec<Arc<TurnLog>> {
        mem::take(&mut self.strays)
    }

    /// The connection has ended: so have all turns that had not.
    pub(crate) fn close(&mut self, closed: &Arc<ConnectionClosed>) {
        let why = EarlyEnd::Closed(Arc::clone(closed));
        for (_, routes) in self.threads.drain() {
            for route in routes.turns {
                route.log.end_early(why.clone());
            }
            if let Some(tracker) = routes.tracker {
                tracker.end_early(why.clone());
            }
        }
    }

    /// Lets go of what no reservation keeps any more.
    fn tidy(&mut self, thread_id: &str) {
        let Some(routes) = self.threads.get_mut(thread_id) else {
            return;
        };
        // Only the router still knows it: no handle and no reader is left.
        routes
            .turns
            .retain(|route| !(route.claimed && route.abandoned()));
        if !routes.is_open() {
            let strays = routes.turns.extract_if(.., |route| !route.claimed);
            self.strays.extend(strays.map(|route| route.log));
            routes.turns.retain(|route| !route.ended);
            if routes.turns.is_empty() && routes.tracker().is_none() {
                self.threads.remove(thread_id);
            }
        }
    }
}

impl Routes {
    /// Whether a turn that nobody has claimed may still turn out to be ours.
    fn is_open(&self) -> bool {
        self.reserved > 0 || self.turns.iter().any(Route::is_awaited)
    }

    /// The tracker, unless nobody holds it any more.
    fn tracker(&mut self) -> Option<&Arc<GoalTracker>> {
        self.tracker
            .take_if(|tracker| Arc::strong_count(tracker) == 1);
        self.tracker.as_ref()
    }

    fn position(&self, turn_id: &str) -> Option<usize> {
        let mut turns = self.turns.iter();
        turns.position(|route| route.log.turn_id() == turn_id)
    }

    fn find(&mut self, turn_id: &str) -> Option<&mut Route> {
        self.position(turn_id).map(|at| &mut self.turns[at])
    }
}

impl Route {
    /// A turn that is known by an event.
    fn new(thread_id: &str, turn_id: &str) -> Self {
        Self {
            log: TurnLog::new(thread_id, turn_id),
            claimed: false,
            seen: true,
            ended: false,
            heir: None,
        }
    }

    fn abandoned(&self) -> bool {
        Arc::strong_count(&self.log) == 1
    }

    /// Whether it is claimed and has shown nothing yet.
    fn is_awaited(&self) -> bool {
        self.claimed && !self.seen && !self.abandoned()
    }

    fn inherit_later(&mut self, from: &Arc<TurnLog>, now: Instant, deadline: &mut Option<Instant>) {
        let due = now + PATIENCE;
        self.heir = Some((due, Arc::clone(from)));
        *deadline = Some(deadline.map_or(due, |deadline| deadline.min(due)));
    }
}

#[cfg(test)]
mod tests;
