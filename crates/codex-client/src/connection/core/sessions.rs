//! The sessions of a connection that outlives its transport.
//!
//! When a session ends, everything that the server knew of has ended: requests in flight, turns,
//! logins, processes. Subscriptions, inboxes, tools and reservations of callers stay. Requests that
//! are made before the next session are held back until it has begun.

use std::{mem, sync::Arc};

use serde::Deserialize;
use tokio::time::Instant;

use crate::{
    connection::{
        command::SessionId,
        core::{Core, Waiter},
    },
    error::{Error, connection_closed::ConnectionClosed},
    routing::{
        abandoned_turns::AbandonedTurns,
        active_turns::ActiveTurns,
        mailbox::Item,
        recent::Recent,
        resumable_threads::{ResumableThread, ResumableThreads},
        session_events::{LostThread, SessionEvent, SessionSubscribers},
        sub_agents::SubAgents,
        turn_log::TurnLog,
    },
    rpc::{
        delta_run::DeltaRuns,
        envelope,
        outbound::{MessageId, Outbound},
    },
    telemetry,
};

/// The state of a connection that concerns all of its sessions.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    pub(super) number: SessionId,
    /// Whether the connection can be reopened.
    pub(super) is_supervised: bool,
    /// Whether the first handshake is complete. Before that, the end of the session is that of the
    /// connection.
    pub(super) is_established: bool,
    pub(super) resumable: ResumableThreads,
    pub(super) subscribers: SessionSubscribers,
    /// The turns that were active at the end of the last session. A server that was joined may still
    /// run them.
    last_turns: ActiveTurns,
    /// How the last session ended.
    last_end: Option<Arc<ConnectionClosed>>,
}

impl Sessions {
    /// Returns the error of an operation that has begun in an earlier session.
    pub(super) fn check(&self, session: SessionId) -> Result<(), Error> {
        match &self.last_end {
            Some(end) if session != self.number => Err(Error::closed(end)),
            _ => Ok(()),
        }
    }
}

impl Core {
    /// Makes the connection outlive its sessions, once the first handshake is complete.
    pub(crate) fn supervise(&mut self) {
        self.sessions.is_supervised = true;
    }

    /// Whether the connection outlives its session.
    pub(crate) fn outlives_session(&self) -> bool {
        self.sessions.is_supervised && self.sessions.is_established
    }

    /// Returns the threads to resume in the next session.
    pub(crate) fn resumable_threads(&self) -> Vec<ResumableThread> {
        let settings = |thread_id: &str| self.loaded_threads.settings(thread_id).cloned();
        self.sessions.resumable.all(settings)
    }

    /// Ends everything that belongs to a session, and holds back requests from now on.
    pub(crate) fn lose_session(&mut self, closed: ConnectionClosed) -> Arc<ConnectionClosed> {
        let closed = Arc::new(ConnectionClosed {
            reconnecting: true,
            ..closed
        });
        self.sessions.last_end = Some(Arc::clone(&closed));
        self.sessions.last_turns = mem::take(&mut self.active_turns);
        self.pending.hold(true);
        self.abandon_attempt(&closed);
        for waiter in self.pending.drain_queued() {
            self.lose(waiter, &closed, false);
        }
        self.turn_routes.end_session(&closed);
        self.logins.close();
        self.client_id_streams.close(&closed);
        self.thread_subscriptions
            .push_lost(&closed, &mut self.wakes);
        let item = || Item::Error(Error::closed(&closed));
        self.subscribers.push(item, &mut self.wakes);
        closed
    }

    /// Ends everything that belongs to an attempt to begin a session. What waits for the session
    /// stays.
    pub(crate) fn abandon_attempt(&mut self, closed: &Arc<ConnectionClosed>) {
        self.sessions.number += 1;
        for (id, waiter) in self.pending.drain_sent() {
            let sent = id.is_some_and(|id| !self.outbound.withdraw(&MessageId::Request(id)));
            self.lose(waiter, closed, sent);
        }
        self.outbound = Outbound::default();
        self.delta_runs = DeltaRuns::default();
        self.names_roots = false;
        self.abandoned_turns = AbandonedTurns::default();
        self.expired_starts = Recent::default();
        self.active_turns = ActiveTurns::default();
        self.sub_agents = SubAgents::default();
        self.open_requests.withdraw_all();
    }

    /// Fails a request of a session that has ended.
    fn lose(&mut self, waiter: Waiter, closed: &Arc<ConnectionClosed>, sent: bool) {
        match sent {
            true => self.accepted(waiter.input.as_ref(), None),
            false => self.refused(waiter.input.as_ref()),
        }
        self.settle(waiter.on_response, None);
        waiter.sink.send(Err(match sent {
            true => Error::closed(closed),
            false => Error::Closed(Arc::new(ConnectionClosed {
                unsent: true,
                ..ConnectionClosed::clone(closed)
            })),
        }));
    }

    /// Restores the active turn of a thread that is resumed in another session, if the server still
    /// runs a turn there.
    pub(super) fn restore_turn(&mut self, result: &str) {
        let keys = envelope::result_keys(result);
        if let Some(thread_id) = keys.and_then(|keys| keys.thread_id)
            && let Some(turn) = self.sessions.last_turns.turn(&thread_id)
            && is_active(result)
        {
            self.active_turns.restore(&thread_id, turn.clone());
        }
    }

    /// Begins a session: the requests that were held back are sent.
    pub(crate) fn begin_session(&mut self, resumed: Vec<String>, lost: Vec<LostThread>) {
        for thread in &lost {
            self.sessions.resumable.remove(&thread.thread_id);
            self.loaded_threads.remove(&thread.thread_id);
            self.thread_usages.remove(&thread.thread_id);
            self.service.thread_lost(&thread.thread_id);
        }
        self.sessions.last_turns = ActiveTurns::default();
        self.pending.hold(false);
        self.report_session(&SessionEvent::Reconnected { resumed, lost });
    }

    /// Reports a change in the session to the program.
    pub(crate) fn report_session(&mut self, event: &SessionEvent) {
        match event {
            SessionEvent::Reconnecting {
                attempt,
                delay,
                reason,
            } => telemetry::reconnecting(*attempt, *delay, reason.name()),
            SessionEvent::Reconnected { resumed, lost } => {
                telemetry::reconnected(resumed.len(), lost.len());
            }
            SessionEvent::GaveUp { attempts, reason } => {
                telemetry::gave_up(*attempts, reason.name());
            }
        }
        self.sessions.subscribers.push(event, &mut self.wakes);
    }

    /// Claims a turn of a thread that was reserved in this session.
    pub(super) fn claim_reserved(
        &mut self,
        session: SessionId,
        thread_id: &str,
        turn_id: &str,
        now: Instant,
    ) -> Result<Arc<TurnLog>, Error> {
        self.sessions.check(session)?;
        let log = self.claim_turn(thread_id, turn_id, false);
        self.watch_claimed(&log, now);
        Ok(log)
    }
}

/// Whether the response to `thread/resume` reports the thread as active.
fn is_active(result: &str) -> bool {
    #[derive(Deserialize)]
    struct Resumed {
        thread: Thread,
    }

    #[derive(Deserialize)]
    struct Thread {
        status: Status,
    }

    #[derive(Deserialize)]
    struct Status {
        r#type: String,
    }

    let resumed: Result<Resumed, _> = serde_json::from_str(result);
    resumed.is_ok_and(|it| it.thread.status.r#type == "active")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::connection_closed::CloseReason;

    #[test]
    fn what_has_begun_in_an_earlier_session_ends_with_it() {
        let mut sessions = Sessions::default();
        assert!(sessions.check(0).is_ok());
        sessions.number = 1;
        let end = ConnectionClosed::new(CloseReason::Exited);
        sessions.last_end = Some(Arc::new(end));
        assert!(matches!(sessions.check(0), Err(Error::Closed(_))));
        assert!(sessions.check(1).is_ok());
    }
}
