//! The requests from the server that are open. Each gets at most one response. Performs no I/O.

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    sync::{Arc, Weak},
};

use codex_types::{RequestId, ServerRequest, ServerRequestResolvedNotification};
use tokio::time::Instant;

use crate::{
    connection::request_state::RequestState,
    routing::{activity::Origin, turn_log::TurnLog},
    rpc::{
        envelope::RoutingKeys,
        raw_notification::{NotificationKind, RawNotification},
    },
    telemetry::Span,
};

/// Number of requests that are remembered after the response, in case the server replays one of
/// them before it has processed the response.
const REMEMBERED: usize = 1024;

/// The open requests, and the most recent ones that were responded to.
#[derive(Debug, Default)]
pub(crate) struct OpenRequests {
    open: HashMap<RequestId, OpenRequest>,
    responded: VecDeque<RequestId>,
}

#[derive(Debug)]
struct OpenRequest {
    state: Arc<RequestState>,
    /// The logs of the turns that wait for it, which are not silent while it is open.
    logs: Vec<(Weak<TurnLog>, Origin)>,
    span: Span,
}

impl OpenRequest {
    /// Records in the logs of the turns that the request is no longer open.
    fn close(mut self, outcome: &str, now: Instant) -> Arc<RequestState> {
        self.span.end(outcome);
        for (log, origin) in &self.logs {
            if let Some(log) = log.upgrade() {
                log.request_closed(*origin, now);
            }
        }
        self.state
    }

    fn withdraw(self, now: Instant) {
        self.close("withdrawn", now).withdraw();
    }
}

/// A received request, compared with those that are open.
pub(crate) enum Opened {
    New(Arc<RequestState>),
    /// The server replays open requests when a thread is resumed.
    Replayed,
    UnknownMethod,
}

impl OpenRequests {
    /// Opens a received request. `logs` are the logs of the turns that wait for it.
    pub(crate) fn open(
        &mut self,
        id: &RequestId,
        method: &str,
        keys: &RoutingKeys<'_>,
        logs: &[(Arc<TurnLog>, Origin)],
        now: Instant,
    ) -> Opened {
        let mut known = ServerRequest::METHODS.iter().copied();
        let Some(method) = known.find(|known| *known == method) else {
            return Opened::UnknownMethod;
        };
        if self.responded.contains(id) {
            return Opened::Replayed;
        }
        if let Entry::Occupied(open) = self.open.entry(id.clone()) {
            if !open.get().state.is_left() {
                return Opened::Replayed;
            }
            // The program may have a handler or an inbox by now.
            open.remove().close("left", now);
        }
        let (thread_id, turn_id) = (keys.thread_id.as_deref(), keys.turn_id.as_deref());
        let state = RequestState::new(id.clone(), method, thread_id, turn_id);
        let logs = logs.iter().map(|(log, origin)| {
            log.request_opened(*origin);
            (Arc::downgrade(log), *origin)
        });
        let request = OpenRequest {
            state: Arc::clone(&state),
            logs: logs.collect(),
            span: Span::server_request(method, thread_id, turn_id),
        };
        self.open.insert(id.clone(), request);
        Opened::New(state)
    }

    /// Closes a request that is being responded to. Returns whether the response should be sent.
    /// `outcome` is that of its span.
    pub(crate) fn close(
        &mut self,
        request: &Arc<RequestState>,
        outcome: &str,
        now: Instant,
    ) -> bool {
        let Entry::Occupied(open) = self.open.entry(request.id.clone()) else {
            return false;
        };
        if !Arc::ptr_eq(&open.get().state, request) {
            return false;
        }
        open.remove().close(outcome, now);
        if self.responded.len() == REMEMBERED {
            self.responded.pop_front();
        }
        self.responded.push_back(request.id.clone());
        true
    }

    /// Withdraws the requests that a notification settles. Returns the id of a request that it
    /// resolves, which also needs no response that is not written yet.
    pub(crate) fn update(
        &mut self,
        notification: &RawNotification,
        keys: &RoutingKeys<'_>,
        now: Instant,
    ) -> Option<RequestId> {
        let (thread_id, turn_id) = (keys.thread_id.as_deref(), keys.turn_id.as_deref());
        match notification.kind() {
            NotificationKind::RequestResolved => {
                let resolved: ServerRequestResolvedNotification =
                    notification.decode_params().ok()?;
                self.resolved(&resolved.request_id, now);
                return Some(resolved.request_id);
            }
            NotificationKind::TurnCompleted => self.withdraw(now, |request| {
                turn_id.is_some()
                    && request.thread_id.as_deref() == thread_id
                    && request.turn_id.as_deref() == turn_id
            }),
            NotificationKind::ThreadEnded => self.withdraw(now, |request| {
                thread_id.is_some() && request.thread_id.as_deref() == thread_id
            }),
            _ => {}
        }
        None
    }

    /// The server also resolves the requests that this client has responded to.
    fn resolved(&mut self, id: &RequestId, now: Instant) {
        if let Some(request) = self.open.remove(id) {
            request.withdraw(now);
        }
        self.responded.retain(|responded| responded != id);
    }

    fn withdraw(&mut self, now: Instant, which: impl Fn(&RequestState) -> bool) {
        let withdrawn = self.open.extract_if(|_, request| which(&request.state));
        withdrawn.for_each(|(_, request)| request.withdraw(now));
    }

    /// Withdraws all requests, because the connection has ended.
    pub(crate) fn withdraw_all(&mut self) {
        for (_, request) in self.open.drain() {
            request.state.withdraw();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::raw_notification::received;

    const METHOD: &str = "item/fileChange/requestApproval";

    fn open(requests: &mut OpenRequests) -> Arc<RequestState> {
        match requests.open(
            &7.into(),
            METHOD,
            &RoutingKeys::default(),
            &[],
            Instant::now(),
        ) {
            Opened::New(state) => state,
            Opened::Replayed | Opened::UnknownMethod => panic!("not a new request"),
        }
    }

    #[test]
    fn a_late_response_does_not_reach_another_request_with_the_same_id() {
        let mut requests = OpenRequests::default();
        let first = open(&mut requests);
        // The response is on its way when the server resolves the request and reuses the id.
        assert!(first.settle_as_responded());
        let resolved =
            r#"{"method":"serverRequest/resolved","params":{"threadId":"t","requestId":7}}"#;
        let (resolved, keys) = received(resolved);
        requests.update(&resolved, &keys, Instant::now());
        let second = open(&mut requests);
        assert!(!requests.close(&first, "responded", Instant::now()));
        assert!(second.is_open());
        requests.withdraw_all();
        assert!(!second.is_open());
    }

    #[test]
    fn a_request_is_closed_once_and_not_opened_again_by_a_replay() {
        let mut requests = OpenRequests::default();
        let request = open(&mut requests);
        assert!(requests.close(&request, "responded", Instant::now()));
        assert!(!requests.close(&request, "responded", Instant::now()));
        let replayed = requests.open(
            &7.into(),
            METHOD,
            &RoutingKeys::default(),
            &[],
            Instant::now(),
        );
        assert!(matches!(replayed, Opened::Replayed));
    }

    #[test]
    fn a_request_that_is_left_to_others_is_opened_again_by_a_replay() {
        let mut requests = OpenRequests::default();
        let first = open(&mut requests);
        first.leave();
        let second = open(&mut requests);
        assert!(second.is_open());
        assert!(requests.close(&second, "responded", Instant::now()));
    }

    #[test]
    fn no_turn_waits_for_a_request_that_was_withdrawn() {
        let mut requests = OpenRequests::default();
        // The turn waits for a request of its sub-agent.
        let log = TurnLog::new("t", "u");
        let keys = RoutingKeys {
            thread_id: Some("agent".into()),
            turn_id: Some("v".into()),
            ..RoutingKeys::default()
        };
        for end in ["turn/completed", "thread/closed", "serverRequest/resolved"] {
            let logs = [(Arc::clone(&log), Origin::SubAgent)];
            requests.open(&7.into(), METHOD, &keys, &logs, Instant::now());
            assert_eq!(log.activity().sub_agents.open_requests, 1, "{end}");
            let params = r#"{"threadId":"agent","turn":{"id":"v"},"requestId":7}"#;
            let (end, keys) = received(&format!(r#"{{"method":"{end}","params":{params}}}"#));
            requests.update(&end, &keys, Instant::now());
            assert_eq!(log.activity().sub_agents.open_requests, 0, "{end:?}");
        }
    }
}
