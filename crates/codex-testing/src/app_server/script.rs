//! The script of a fake app-server and the record of what it has received.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::Arc,
};

use serde_json::{Value, json};
use tokio::{sync::mpsc, task::AbortHandle};

use super::{
    canned::canned_reply,
    client_message::ClientMessage,
    messages::{response, turn as turn_json},
    reply::{Body, Reply},
    step::Step,
    turn::Turn,
};
use crate::{fault::error_response, gate::Gate};

/// A closure that responds to requests, in a form common to all return types.
pub(super) type Responder = Arc<dyn Fn(&ClientMessage) -> Reply + Send + Sync>;

/// A closure that provides turns, in a form common to all return types.
pub(super) type TurnResponder = Arc<dyn Fn(&ClientMessage) -> Turn + Send + Sync>;

/// Everything that changes while the fake runs.
#[derive(Default)]
pub(super) struct Script {
    /// Responses to the next requests of a method.
    pub(super) queues: HashMap<String, VecDeque<Reply>>,
    /// Closures by method.
    pub(super) responders: HashMap<String, Responder>,
    pub(super) turns: VecDeque<Turn>,
    pub(super) turn_responder: Option<TurnResponder>,
    /// Steps at the start of every connection.
    pub(super) greeting: Vec<Step>,
    /// Steps at the end of the input of every connection.
    pub(super) farewell: Vec<Step>,
    pub(super) received: Vec<ClientMessage>,
    /// The numbers of requests of each method, and of responses under `None`, that a test has taken.
    pub(super) taken: HashMap<Option<String>, usize>,
    pub(super) without_response: Vec<ClientMessage>,
    /// The number of faults that have occurred, less those that a test has waited for.
    pub(super) faults: usize,
    pub(super) connections: Vec<mpsc::UnboundedSender<Step>>,
    /// The number of child processes that have connected to the fake and have not ended.
    pub(super) running_processes: usize,
    pub(super) tasks: Vec<AbortHandle>,
    pub(super) gates: Vec<Gate>,
    /// The last number given to a thread, a turn, a login or a request.
    last_number: u64,
}

/// How the fake reacts to a request.
pub(super) struct Reaction {
    /// The response, without faults.
    pub(super) message: Option<Value>,
    /// The turn that follows the response, with its id.
    pub(super) turn: Option<(String, Turn)>,
    pub(super) reply: Reply,
}

impl Script {
    pub(super) fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// Returns the closure for a request that has no queued response.
    pub(super) fn responder(&self, method: &str) -> Option<Responder> {
        let is_queued = self
            .queues
            .get(method)
            .is_some_and(|queue| !queue.is_empty());
        self.responders.get(method).filter(|_| !is_queued).cloned()
    }

    /// Returns the closure that provides a turn, unless one is queued.
    pub(super) fn turn_responder(&self) -> Option<TurnResponder> {
        let responder = self.turn_responder.as_ref();
        responder.filter(|_| self.turns.is_empty()).cloned()
    }

    /// Returns the queued response to a request, or else the one that the fake has by itself.
    pub(super) fn reply(&mut self, method: &str) -> Reply {
        let queued = self.queues.get_mut(method);
        let queued = queued.and_then(VecDeque::pop_front);
        queued.unwrap_or_else(Reply::canned)
    }

    /// Determines how to react to a request.
    pub(super) fn react(&mut self, request: &ClientMessage, mut reply: Reply) -> Reaction {
        let is_turn = request.method() == Some("turn/start");
        if matches!(reply.body, Body::Default) {
            let canned = if is_turn {
                self.turns.pop_front().map(Reply::from)
            } else {
                canned_reply(request, || self.next_number())
            };
            match canned {
                Some(canned) => {
                    reply.body = canned.body;
                    reply.after.splice(0..0, canned.after);
                }
                None => {
                    self.without_response.push(request.clone());
                    let (code, message) = missing(request);
                    reply.body = Body::Error { code, message };
                }
            }
        }
        let mut turn = None;
        let message = match std::mem::replace(&mut reply.body, Body::None) {
            Body::Default | Body::None => None,
            Body::Result(result) => Some(response(request.id(), &result)),
            Body::Error { code, message } => Some(error_response(request.id(), code, &message)),
            Body::Turn(script) => {
                let id = format!("turn-{}", self.next_number());
                let result = json!({"turn": turn_json(&id, "inProgress")});
                turn = Some((id, script));
                Some(response(request.id(), &result))
            }
        };
        Reaction {
            message,
            turn,
            reply,
        }
    }

    /// Takes the first request of a method, or the first response, that has not been taken yet.
    pub(super) fn take(&mut self, method: Option<&str>) -> Option<ClientMessage> {
        let taken = self.taken.entry(method.map(str::to_owned)).or_default();
        let is_meant = |message: &&ClientMessage| match method {
            Some(_) => message.method() == method,
            None => message.is_response(),
        };
        let message = self.received.iter().filter(is_meant).nth(*taken)?.clone();
        *taken += 1;
        Some(message)
    }

    /// Describes what was received, for the error of a wait that timed out.
    pub(super) fn summary(&self) -> String {
        let methods = self.received.iter().map(|message| match message.method() {
            Some(method) => method.to_owned(),
            None => format!("response to {}", message.id()),
        });
        let methods: Vec<_> = methods.collect();
        format!(
            "the fake app-server has received {} messages ({}); {} turns are queued",
            methods.len(),
            methods.join(", "),
            self.turns.len(),
        )
    }
}

/// Returns the error for a request without a response.
fn missing(request: &ClientMessage) -> (i64, String) {
    let method = request.method().unwrap_or_default();
    match method {
        "turn/start" => (
            -32600,
            "the fake app-server has no turn for this request; add one with `push_turn`".to_owned(),
        ),
        method => (
            -32601,
            format!(
                "the fake app-server has no response to `{method}`; set one with `on` or `push`"
            ),
        ),
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.summary())
    }
}
