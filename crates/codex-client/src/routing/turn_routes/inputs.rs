//! The inputs of the threads that have a route: see
//! [`turn_inputs`](crate::routing::turn_inputs).

use std::sync::Arc;

use super::{ThreadRoutes, TurnRoutes};
use crate::{
    routing::{turn_inputs::InputId, turn_log::TurnLog},
    rpc::{
        raw_notification::RawNotification,
        user_message::{ContentHash, InputRequest},
    },
};

impl TurnRoutes {
    /// Records a request that adds input to a thread that has a route.
    pub(crate) fn input_sent(&mut self, request: InputRequest) -> Option<InputId> {
        let routes = self.threads.get_mut(&request.thread_id)?;
        let number = self.inputs_sent;
        self.inputs_sent += 1;
        let InputRequest {
            thread_id,
            content,
            steered_turn,
        } = request;
        routes.inputs.sent(number, content, steered_turn);
        Some(InputId { thread_id, number })
    }

    /// Records that an input was not sent, or that the server has refused it.
    pub(crate) fn input_refused(&mut self, input: &InputId) {
        if let Some(routes) = self.threads.get_mut(&input.thread_id) {
            routes.inputs.remove(input.number);
        }
    }

    /// Records that the server may have taken an input. `log` is that of the turn that the response
    /// names; `None` if no caller waits for it.
    pub(crate) fn input_accepted(&mut self, input: &InputId, log: Option<&TurnLog>) {
        if let Some(routes) = self.threads.get_mut(&input.thread_id) {
            let turn_id = log.map(TurnLog::response_id);
            let route = turn_id.and_then(|turn_id| routes.find(turn_id));
            let has_begun = route.is_some_and(|route| route.seen);
            routes.inputs.responded(input.number, turn_id, has_begun);
        }
    }

    /// Adds a completed item of a turn. If it is a user message, it shows which turn has taken an
    /// input: a turn whose input has missed the running turn may join the one after it.
    pub(crate) fn item_completed(
        &mut self,
        thread_id: &str,
        turn_id: &str,
        notification: &RawNotification,
    ) {
        let Some(routes) = self.threads.get_mut(thread_id) else {
            return;
        };
        if routes.inputs.is_empty() {
            return;
        }
        let Some(content) = ContentHash::of_user_message(notification) else {
            return;
        };
        // A turn without a route has ended, or no input is known to have joined it.
        let Some(route) = routes.find(turn_id).filter(|route| !route.ended) else {
            return;
        };
        let is_owned = route.is_owned();
        routes.inputs.message(turn_id, content, self.inputs_sent);
        // No response has named a turn that is not owned: it may have ended before.
        let Some(running) = routes.log(turn_id).filter(|_| is_owned) else {
            return;
        };
        for log in routes.taken_by(turn_id) {
            if !Arc::ptr_eq(&log, &running) {
                log.join(&running);
            }
        }
    }

    /// Settles, at the end of a turn, which of the turns that may have joined it have done so.
    pub(crate) fn settle_joins(&mut self, log: &Arc<TurnLog>) {
        let joined = log.joined();
        if joined.is_empty() {
            return;
        }
        let routes = self.threads.get(log.thread_id());
        let taken = routes.map(|routes| routes.taken_by(log.response_id()));
        for taken in taken.into_iter().flatten() {
            if joined.iter().any(|joined| Arc::ptr_eq(joined, &taken)) {
                taken.show_join();
            }
        }
    }
}

impl ThreadRoutes {
    fn log(&self, turn_id: &str) -> Option<Arc<TurnLog>> {
        let mut turns = self.turns.iter();
        turns.find(|route| route.turn_id == turn_id)?.log()
    }

    /// Returns the logs of the turns whose inputs a turn has taken.
    fn taken_by(&self, turn_id: &str) -> Vec<Arc<TurnLog>> {
        if self.inputs.is_empty() {
            return Vec::new();
        }
        let taken = self.inputs.taken_by(turn_id).into_iter();
        taken.filter_map(|turn_id| self.log(turn_id)).collect()
    }

    /// Forgets the inputs that no route concerns.
    pub(super) fn tidy_inputs(&mut self) {
        if !self.inputs.is_empty() {
            let turns = self.turns.iter().map(|route| &*route.turn_id);
            self.inputs.retain(&turns.collect::<Vec<_>>());
        }
    }
}
