//! Routes notifications to turns. Performs no I/O.
//!
//! The events of a turn go to its log. They may arrive before the response that names the turn, so
//! the thread is reserved before `turn/start` is sent: while a reservation exists, every turn of
//! that thread gets a log, and the response claims the right one. The thread is matched before the
//! turn: events of a sub-agent's thread arrive on the same connection and never reach a log of
//! another thread.

mod inputs;

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Weak},
};

use tokio::time::Instant;

use crate::{
    error::{connection_closed::ConnectionClosed, turn_detached::DetachReason},
    routing::{
        goal_tracker::GoalTracker,
        turn_inputs::TurnInputs,
        turn_log::{EarlyEnd, TurnLog},
    },
};

/// Maximum number of turns of a thread that may still be claimed. The oldest are released first.
const MAX_UNCLAIMED: usize = 1024;

/// The routes of all threads with a turn of this client.
#[derive(Debug, Default)]
pub(crate) struct TurnRoutes {
    threads: HashMap<String, ThreadRoutes>,
    /// Logs of turns that were started by others, until the connection takes them.
    unclaimed: Vec<Arc<TurnLog>>,
    /// Number of inputs that were sent, in all threads.
    inputs_sent: u64,
}

#[derive(Debug, Default)]
struct ThreadRoutes {
    /// Number of `turn/start` requests in flight.
    reserved: usize,
    turns: Vec<Route>,
    inputs: TurnInputs,
    /// The goal that owns all turns of the thread.
    goal: Option<Weak<GoalTracker>>,
    /// Whether the server last reported the thread as active; `None` if it has reported no status
    /// since the thread has a route.
    is_active: Option<bool>,
}

#[derive(Debug)]
struct Route {
    turn_id: String,
    log: LogRef,
    /// Whether an event of the turn was received.
    seen: bool,
    /// Whether its `turn/completed` was received, or none will follow.
    ended: bool,
}

#[derive(Debug)]
enum LogRef {
    /// No response has named the turn, so the route keeps the log.
    Unclaimed(Arc<TurnLog>),
    /// The log lives as long as a handle to the turn or a reader of the log.
    Claimed(Weak<TurnLog>),
}

impl TurnRoutes {
    /// Reserves a thread in which a turn is about to start.
    pub(crate) fn reserve(&mut self, thread_id: &str) {
        let routes = self.threads.entry(thread_id.to_owned()).or_default();
        routes.reserved += 1;
    }

    /// Claims the started turn. Its log has the events received so far.
    pub(crate) fn claim(&mut self, thread_id: &str, turn_id: &str) -> Arc<TurnLog> {
        let routes = self.threads.entry(thread_id.to_owned()).or_default();
        if let Some(route) = routes.find(turn_id)
            && let Some(log) = route.claim()
        {
            return log;
        }
        let log = TurnLog::new(thread_id, turn_id);
        routes.turns.retain(|route| route.turn_id != turn_id);
        routes.turns.push(Route::claimed(&log));
        log
    }

    /// Claims a turn that the response names by an id of its own although another turn of the thread
    /// is running, which it therefore joins, unless the thread is inactive. Its log has the events of
    /// the running turn.
    pub(crate) fn claim_joining(
        &mut self,
        thread_id: &str,
        turn_id: &str,
        running_id: &str,
    ) -> Arc<TurnLog> {
        let routes = self.threads.entry(thread_id.to_owned()).or_default();
        let running = routes.find(running_id);
        let has_ended = running.as_ref().is_some_and(|route| route.ended);
        let is_owned = running.is_some_and(|route| route.is_owned());
        // An earlier response may have named the same turn.
        let is_known = |route: &mut Route| route.seen || route.log().is_some();
        let is_over = has_ended || routes.is_active == Some(false);
        if is_over || routes.find(turn_id).is_some_and(is_known) {
            return self.claim(thread_id, turn_id);
        }
        let running = self.claim(thread_id, running_id);
        let log = TurnLog::joining(&running, turn_id);
        if !is_owned {
            running.discard_unclaimed();
        }
        let routes = self.threads.entry(thread_id.to_owned()).or_default();
        routes.turns.retain(|route| route.turn_id != turn_id);
        routes.turns.push(Route::claimed(&log));
        log
    }

    /// Ends a reservation, with or without a claim.
    pub(crate) fn release(&mut self, thread_id: &str) {
        if let Some(routes) = self.threads.get_mut(thread_id) {
            routes.reserved = routes.reserved.saturating_sub(1);
            self.tidy(thread_id);
        }
    }

    /// Returns the log for an event of this turn, if the turn belongs to this client or may turn
    /// out to. An event after the end of the turn belongs to no log.
    pub(crate) fn route(&mut self, thread_id: &str, turn_id: &str) -> Option<Arc<TurnLog>> {
        let routes = self.threads.get(thread_id)?;
        let route = routes.turns.iter().find(|route| route.turn_id == turn_id);
        // The route may still exist because of a reservation.
        if route.is_some_and(|route| route.ended) {
            return None;
        }
        if let Some(route) = route
            && route.seen
            && let LogRef::Claimed(log) = &route.log
            && let Some(log) = log.upgrade()
        {
            return Some(log);
        }
        self.route_unknown(thread_id, turn_id)
    }

    /// Routes an event of a turn that is not claimed, or the first event of a turn.
    #[cold]
    fn route_unknown(&mut self, thread_id: &str, turn_id: &str) -> Option<Arc<TurnLog>> {
        let routes = self.threads.get_mut(thread_id)?;
        let goal = routes.goal();
        let is_reserved = routes.reserved > 0;
        if let Some(route) = routes.find(turn_id) {
            let is_first = !mem::replace(&mut route.seen, true);
            let log = route.log().filter(|_| is_first);
            if is_first {
                routes.inputs.turn_began(turn_id);
            }
            if let Some(log) = log {
                log.separate();
                if let Some(goal) = goal {
                    goal.turn_began(&log, false);
                }
            }
        } else if let Some(goal) = goal {
            // Events after the end of a turn do not restart it.
            if !goal.has_turn(turn_id) {
                let log = TurnLog::new(thread_id, turn_id);
                goal.turn_began(&log, !is_reserved);
                routes.turns.push(Route {
                    seen: true,
                    ..Route::claimed(&log)
                });
            }
        } else if is_reserved {
            self.unclaimed.extend(routes.release_oldest());
            routes.turns.push(Route {
                turn_id: turn_id.to_owned(),
                log: LogRef::Unclaimed(TurnLog::new(thread_id, turn_id)),
                seen: true,
                ended: false,
            });
        }
        let log = routes.find(turn_id).and_then(|route| route.log());
        self.tidy(thread_id);
        log
    }

    /// Whether a response has named a turn, so that it belongs to this client.
    pub(crate) fn is_claimed(&self, thread_id: &str, turn_id: &str) -> bool {
        let routes = self.threads.get(thread_id);
        let mut turns = routes.into_iter().flat_map(|routes| &routes.turns);
        turns.any(|route| route.turn_id == turn_id && matches!(route.log, LogRef::Claimed(_)))
    }

    /// Records that the log of a turn has ended. A log that may still be claimed is kept.
    pub(crate) fn end(&mut self, log: &Arc<TurnLog>) {
        let Some(routes) = self.threads.get_mut(log.thread_id()) else {
            return;
        };
        let Some(route) = routes.find_log(log) else {
            return;
        };
        route.ended = true;
        for joined in log.joined() {
            if joined.end().is_some()
                && let Some(route) = routes.find_log(&joined)
            {
                route.ended = true;
            }
        }
        if let Some(goal) = routes.goal() {
            goal.turn_ended(log);
        }
        self.tidy(log.thread_id());
    }

    /// Ends the logs of a thread whose notifications are no longer received.
    pub(crate) fn detach(&mut self, thread_id: &str, reason: DetachReason) {
        let Some(routes) = self.threads.get_mut(thread_id) else {
            return;
        };
        // Before the logs: a reader of the goal continues after the end of a single turn.
        if let Some(goal) = routes.goal() {
            goal.end_early(EarlyEnd::Detached(reason));
            routes.goal = None;
        }
        routes.is_active = None;
        for route in &mut routes.turns {
            if let Some(log) = route.log() {
                log.end_early(EarlyEnd::Detached(reason));
            }
            (route.seen, route.ended) = (true, true);
        }
        self.tidy(thread_id);
    }

    /// Ends the log of a turn whose end the server does not report. The goal of the thread
    /// continues if the server has moved on to another turn, or may do so.
    pub(crate) fn detach_turn(&mut self, log: &Arc<TurnLog>, reason: DetachReason) {
        if reason == DetachReason::ThreadInactive
            && let Some(goal) = self.goal(log.thread_id())
            && goal.state().may_continue()
        {
            goal.end_early(EarlyEnd::Detached(reason));
        }
        log.end_early(EarlyEnd::Detached(reason));
        self.end(log);
    }

    /// Records that this client asks for an interrupt of the running turns of a thread.
    pub(crate) fn interrupt_requested(&self, thread_id: &str) {
        for log in self.running(Some(thread_id)) {
            log.interrupt_requested();
        }
    }

    /// Returns the logs of the turns that have not ended, in one thread or in all.
    pub(crate) fn running(&self, thread_id: Option<&str>) -> Vec<Arc<TurnLog>> {
        match thread_id {
            Some(thread_id) => self.running_in(thread_id).collect(),
            None => self
                .threads
                .values()
                .flat_map(ThreadRoutes::running)
                .collect(),
        }
    }

    fn running_in(&self, thread_id: &str) -> impl Iterator<Item = Arc<TurnLog>> {
        let routes = self.threads.get(thread_id).into_iter();
        routes.flat_map(ThreadRoutes::running)
    }

    /// Records an event of a sub-agent that works for a thread.
    pub(crate) fn sub_agent_event(&self, owner: &str, now: Instant) {
        self.running_in(owner)
            .for_each(|log| log.sub_agent_event(now));
    }

    /// Records the reported status of a thread that has a route.
    pub(crate) fn set_active(&mut self, thread_id: &str, is_active: Option<bool>) {
        if let Some(routes) = self.threads.get_mut(thread_id) {
            routes.is_active = is_active;
        }
    }

    /// Whether the server last reported a thread as active, if that is known.
    pub(crate) fn is_active(&self, thread_id: &str) -> Option<bool> {
        self.threads.get(thread_id)?.is_active
    }

    /// Gives all turns of a thread to this goal, including those that are running.
    pub(crate) fn follow_goal(&mut self, goal: &Arc<GoalTracker>) {
        let routes = self.threads.entry(goal.thread_id().to_owned());
        let routes = routes.or_default();
        for route in &routes.turns {
            if let LogRef::Claimed(log) = &route.log
                && let Some(log) = log.upgrade()
                && route.seen
                && !route.ended
            {
                goal.turn_began(&log, false);
            }
        }
        if let Some(superseded) = routes.goal() {
            superseded.supersede();
        }
        routes.goal = Some(Arc::downgrade(goal));
    }

    /// Returns the goal that owns the turns of a thread.
    pub(crate) fn goal(&self, thread_id: &str) -> Option<Arc<GoalTracker>> {
        self.threads.get(thread_id)?.goal()
    }

    /// Takes the logs of turns that were started by others. They are complete or will be continued
    /// by unrouted notifications.
    pub(crate) fn take_unclaimed(&mut self) -> Vec<Arc<TurnLog>> {
        mem::take(&mut self.unclaimed)
    }

    /// Ends all logs that have not ended yet, because the connection has ended.
    pub(crate) fn close(&mut self, closed: &Arc<ConnectionClosed>) {
        let early_end = EarlyEnd::Closed(Arc::clone(closed));
        for (_, routes) in self.threads.drain() {
            for log in routes.turns.iter().filter_map(Route::log) {
                log.end_early(early_end.clone());
            }
            if let Some(goal) = routes.goal() {
                goal.end_early(early_end.clone());
            }
        }
    }

    /// Ends all logs that have not ended yet, because the session has ended. Reservations stay until
    /// they are released.
    pub(crate) fn end_session(&mut self, closed: &Arc<ConnectionClosed>) {
        let reserved = self.threads.iter().filter(|(_, it)| it.reserved > 0);
        let reserved: Vec<_> = reserved.map(|(id, it)| (id.clone(), it.reserved)).collect();
        self.close(closed);
        for (thread_id, reserved) in reserved {
            self.threads.entry(thread_id).or_default().reserved = reserved;
        }
    }

    /// Removes the routes that no reservation, handle or reader needs.
    fn tidy(&mut self, thread_id: &str) {
        let Some(routes) = self.threads.get_mut(thread_id) else {
            return;
        };
        let is_reserved = routes.reserved > 0;
        let unclaimed = &mut self.unclaimed;
        routes.turns.retain_mut(|route| match &route.log {
            LogRef::Unclaimed(log) if !is_reserved => {
                unclaimed.push(Arc::clone(log));
                false
            }
            LogRef::Unclaimed(_) => true,
            LogRef::Claimed(log) => log.strong_count() > 0 && (is_reserved || !route.ended),
        });
        routes.tidy_inputs();
        if !is_reserved && routes.turns.is_empty() && routes.goal().is_none() {
            self.threads.remove(thread_id);
        }
    }
}

impl ThreadRoutes {
    fn goal(&self) -> Option<Arc<GoalTracker>> {
        self.goal.as_ref().and_then(Weak::upgrade)
    }

    /// Returns the logs of the turns that have not ended.
    fn running(&self) -> impl Iterator<Item = Arc<TurnLog>> {
        let running = self.turns.iter().filter(|route| !route.ended);
        running.filter_map(Route::log)
    }

    /// Removes the oldest turn that no response has named if there are too many of them. Returns its
    /// log.
    fn release_oldest(&mut self) -> Option<Arc<TurnLog>> {
        let is_unclaimed = |route: &&Route| matches!(route.log, LogRef::Unclaimed(_));
        if self.turns.iter().filter(is_unclaimed).count() < MAX_UNCLAIMED {
            return None;
        }
        let oldest = self.turns.iter().position(|route| is_unclaimed(&route))?;
        self.turns.remove(oldest).log()
    }

    fn find(&mut self, turn_id: &str) -> Option<&mut Route> {
        let mut turns = self.turns.iter_mut();
        turns.find(|route| route.turn_id == turn_id)
    }

    /// Returns the route of a log. After its end, a response may name the turn again, which then has
    /// another log.
    fn find_log(&mut self, log: &Arc<TurnLog>) -> Option<&mut Route> {
        let route = self.find(log.response_id())?;
        let is_of_log = route.log().is_some_and(|it| Arc::ptr_eq(&it, log));
        is_of_log.then_some(route)
    }
}

impl Route {
    /// Creates the route of a claimed turn.
    fn claimed(log: &Arc<TurnLog>) -> Self {
        Self {
            turn_id: log.response_id().to_owned(),
            log: LogRef::Claimed(Arc::downgrade(log)),
            seen: false,
            ended: false,
        }
    }

    /// Whether the log has a handle or a reader.
    fn is_owned(&self) -> bool {
        matches!(&self.log, LogRef::Claimed(log) if log.strong_count() > 0)
    }

    fn log(&self) -> Option<Arc<TurnLog>> {
        match &self.log {
            LogRef::Unclaimed(log) => Some(Arc::clone(log)),
            LogRef::Claimed(log) => log.upgrade(),
        }
    }

    /// Returns the log, which lives as long as its owners from now on.
    fn claim(&mut self) -> Option<Arc<TurnLog>> {
        let log = self.log()?;
        self.log = LogRef::Claimed(Arc::downgrade(&log));
        Some(log)
    }
}

#[cfg(test)]
mod joined_tests;
#[cfg(test)]
mod tests;
