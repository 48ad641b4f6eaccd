//! What is done with the answer to a call.

use std::{borrow::Cow, ops::Range, sync::Arc};

use codex_types::rpc::{JsonRpcError, error_code};
use tokio::time::Instant;

use crate::{
    connection::{
        command::{Answer, OnResponse, Started},
        core::Core,
    },
    error::{decode_error::DecodeError, rpc_error::RpcError, turn_detached::DetachReason},
    routing::turn_log::TurnLog,
    rpc::{envelope, envelope::Addressee, raw_response::RawResponse},
};

impl Core {
    pub(crate) fn response(
        &mut self,
        id: i64,
        text: Cow<'_, str>,
        result: Option<Range<usize>>,
        error: Option<Range<usize>>,
    ) {
        // Nobody waits for a late answer, or for one that was never asked for.
        let Some(waiter) = self.pending.complete(id) else {
            return;
        };
        let method = waiter.method;
        let answer = match (result, error) {
            (_, Some(error)) => Err(match serde_json::from_str::<JsonRpcError>(&text[error]) {
                Ok(error) => RpcError::new(method, error).into(),
                Err(error) => DecodeError::new(Some(method), &text, &error).into(),
            }),
            (Some(result), None) => {
                if let Some(thread_id) = &waiter.leaves {
                    self.unsubscribed.leave(thread_id);
                    self.router.lose(thread_id, DetachReason::Unsubscribed);
                    self.active.left(thread_id);
                }
                self.unsubscribed.answered(method, &text[result.clone()]);
                // What nobody waits for any more is not claimed: its events are for those who listen.
                let on_response = waiter.on_response.as_ref();
                let started = on_response
                    .filter(|_| !waiter.reply.is_given_up())
                    .and_then(|on_response| self.claim(on_response, &text[result.clone()]));
                Ok(Answer {
                    response: RawResponse::new(text.into_owned(), result),
                    started,
                })
            }
            (None, None) => {
                let reason = "neither `result` nor `error`";
                Err(DecodeError::at(Some(method), &text, reason, 0).into())
            }
        };
        self.release(waiter.on_response.as_ref());
        waiter.reply.send(answer);
    }

    /// A line that cannot be read. If it begins as an answer, whoever waits for that is told; else those
    /// are who listen, and if it begins as a request, the server.
    pub(crate) fn broken(&mut self, begins: &[u8], malformed: impl FnOnce() -> DecodeError) {
        let addressee = envelope::addressee(begins);
        let waiter = match &addressee {
            Some(Addressee::Caller(id)) => self.pending.complete(*id),
            _ => None,
        };
        if let Some(waiter) = waiter {
            self.release(waiter.on_response.as_ref());
            return waiter.reply.send(Err(malformed().of(waiter.method).into()));
        }
        let malformed = malformed();
        if let Some(Addressee::Server(id)) = addressee {
            let error = JsonRpcError::new(error_code::PARSE_ERROR, &malformed.reason);
            self.outbound.answer(&id, &Err(error));
        }
        self.malformed(|| malformed);
    }

    /// Finds what was started, with the events of it that have come already.
    fn claim(&mut self, on_response: &OnResponse, result: &str) -> Option<Started> {
        if let OnResponse::Thread(tools) = on_response
            && !self.requests.tools.concern(tools)
        {
            // The history of a thread is long, and need not be looked through.
            return None;
        }
        let ids = envelope::result(result)?;
        Some(match on_response {
            OnResponse::Turn(thread_id) => {
                Started::Turn(self.claim_turn(thread_id, ids.turn_id.as_deref()?))
            }
            OnResponse::Login => Started::Login(self.logins.claim(ids.login_id.as_deref()?)),
            OnResponse::Thread(tools) => {
                self.requests.tools.claim(tools, ids.thread_id.as_deref()?);
                return None;
            }
        })
    }

    pub(crate) fn claim_turn(&mut self, thread_id: &str, turn_id: &str) -> Arc<TurnLog> {
        let log = self.router.claim(thread_id, turn_id, Instant::now());
        if self.unsubscribed.has(thread_id) {
            self.router.lose(thread_id, DetachReason::Unsubscribed);
        }
        if !log.has_ended() {
            self.active.named(thread_id, turn_id);
        }
        self.deadline_of_router();
        log
    }

    /// Ends a reservation; what nobody claimed goes where it would have gone without one.
    pub(crate) fn release(&mut self, on_response: Option<&OnResponse>) {
        match on_response {
            Some(OnResponse::Turn(thread_id)) => {
                self.router.release(thread_id);
                self.post_strays();
            }
            Some(OnResponse::Login) => self.logins.release(),
            Some(OnResponse::Thread(tools)) => self.requests.tools.release(tools),
            None => {}
        }
    }
}
