//! Responses to the requests of this client.

use std::{ops::Range, sync::Arc};

use codex_types::{Request, ReviewStartParams, rpc::JsonRpcError};
use tokio::time::Instant;

use crate::{
    connection::{
        command::{Claimed, OnResponse, Response},
        core::{Core, Waiter},
        interrupt_guard::InterruptGuard,
    },
    error::{decode_error::DecodeError, rpc_error::RpcError, turn_detached::DetachReason},
    routing::{turn_inputs::InputId, turn_log::TurnLog},
    rpc::{envelope, line_text::LineText, raw_response::RawResponse},
};

impl Core {
    pub(super) fn response(
        &mut self,
        id: i64,
        text: LineText<'_>,
        result: Option<Range<usize>>,
        error: Option<Range<usize>>,
        now: Instant,
    ) {
        // Other late and unsolicited responses are ignored.
        let Some(waiter) = self.pending.complete(id) else {
            return self.late_response(id, result.map(|result| &text[result]), now);
        };
        let Waiter {
            method,
            on_response,
            unsubscribes,
            input,
            load,
            sink,
            ..
        } = waiter;
        let response = match (result, error) {
            (_, Some(error)) => {
                self.refused(input.as_ref());
                Err(match serde_json::from_str::<JsonRpcError>(&text[error]) {
                    Ok(error) => RpcError::new(method, error)
                        .on_server(self.server_version.get())
                        .into(),
                    Err(error) => DecodeError::new(Some(method), &text, &error).into(),
                })
            }
            (Some(range), None) => {
                let result = &text[range.clone()];
                if let Some(thread_id) = &unsubscribes {
                    self.unsubscribed_threads.add(thread_id);
                    self.turn_routes
                        .detach(thread_id, DetachReason::Unsubscribed);
                    self.active_turns.remove(thread_id);
                    self.thread_usages.remove(thread_id);
                    self.loaded_threads.remove(thread_id);
                    self.sessions.resumable.remove(thread_id);
                }
                self.unsubscribed_threads.update(method, result);
                self.loaded_threads.responded(method, result);
                if let Some(load) = load {
                    self.restore_turn(result);
                    self.sessions.resumable.loaded(load, result);
                }
                // An abandoned response claims nothing: the events go to the subscribers.
                let is_claimed = !sink.is_abandoned() || interrupts_on_drop(on_response.as_ref());
                let result = Some(result).filter(|_| is_claimed);
                let claimed = self.settle(on_response, result);
                let log = match &claimed {
                    Some(Claimed::Turn(log, _)) => Some(log),
                    _ => None,
                };
                self.accepted(input.as_ref(), log.map(|log| &**log));
                if let Some(log) = log {
                    if method == ReviewStartParams::METHOD {
                        self.active_turns.add_review(log.thread_id(), log.turn_id());
                    }
                    self.watch_claimed(log, now);
                }
                let raw = RawResponse::new(text.into_owned(), range);
                return sink.send(Ok(Response { raw, claimed }));
            }
            (None, None) => {
                self.accepted(input.as_ref(), None);
                let reason = "neither `result` nor `error`";
                Err(DecodeError::at(Some(method), &text, reason, 0).into())
            }
        };
        self.settle(on_response, None);
        sink.send(response);
    }

    /// Records that the server may have taken an input, and the turn that the response names.
    pub(super) fn accepted(&mut self, input: Option<&InputId>, log: Option<&TurnLog>) {
        if let Some(input) = input {
            self.turn_routes.input_accepted(input, log);
        }
    }

    /// Records that the server does not take an input.
    pub(super) fn refused(&mut self, input: Option<&InputId>) {
        if let Some(input) = input {
            self.turn_routes.input_refused(input);
        }
    }

    /// Settles what a request has reserved. If there is a result, claims what was started.
    pub(super) fn settle(
        &mut self,
        on_response: Option<OnResponse>,
        result: Option<&str>,
    ) -> Option<Claimed> {
        match on_response? {
            OnResponse::ClaimTurn {
                thread_id,
                may_join,
                interrupt_on_drop,
            } => {
                let keys = result.and_then(envelope::result_keys);
                let log = keys.and_then(|keys| {
                    self.names_roots |= keys.root_turn_id.is_some();
                    let turn_id = keys.turn_id?;
                    // A server that names the root of a turn names the turn that the input joins.
                    let may_join = may_join && keys.root_turn_id.is_none();
                    Some(self.claim_turn(&thread_id, &turn_id, may_join))
                });
                self.release_thread(&thread_id);
                log.map(|log| {
                    let guard = || InterruptGuard::new(self.commands.clone(), Arc::clone(&log));
                    let guard = interrupt_on_drop.then(guard);
                    Claimed::Turn(log, guard)
                })
            }
            OnResponse::ClaimLogin => {
                let keys = result.and_then(envelope::result_keys);
                let login_id = keys.and_then(|keys| keys.login_id);
                let attempt = login_id.map(|login_id| self.logins.claim(&login_id));
                self.logins.release();
                attempt.map(Claimed::Login)
            }
            OnResponse::Call(call) => {
                if let Some(result) = result {
                    call(result);
                }
                None
            }
        }
    }

    /// Claims a turn, with the events received so far.
    pub(super) fn claim_turn(
        &mut self,
        thread_id: &str,
        turn_id: &str,
        may_join: bool,
    ) -> Arc<TurnLog> {
        let routes = &mut self.turn_routes;
        let running = self.active_turns.joinable(thread_id);
        let log = match running.filter(|running| may_join && *running != turn_id) {
            Some(running) => routes.claim_joining(thread_id, turn_id, running),
            None => routes.claim(thread_id, turn_id),
        };
        if self.unsubscribed_threads.contains(thread_id) {
            self.turn_routes
                .detach(thread_id, DetachReason::Unsubscribed);
        }
        if log.end().is_none() {
            self.active_turns.add(thread_id, turn_id);
        }
        log
    }

    /// Ends a reservation. Unclaimed events go where they would have gone without it.
    pub(super) fn release_thread(&mut self, thread_id: &str) {
        self.turn_routes.release(thread_id);
        self.deliver_unclaimed();
    }
}

/// Whether a turn is interrupted if the caller of its request is gone.
fn interrupts_on_drop(on_response: Option<&OnResponse>) -> bool {
    matches!(
        on_response,
        Some(OnResponse::ClaimTurn {
            interrupt_on_drop: true,
            ..
        })
    )
}
