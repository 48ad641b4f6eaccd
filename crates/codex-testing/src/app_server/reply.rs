//! Scripted responses to requests.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use super::{step::Step, turn::Turn};
use crate::{fault::Fault, gate::Gate};

/// The response itself.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// The response of a fake without a script.
    Default,
    Result(Value),
    Error {
        code: i64,
        message: String,
    },
    Turn(Turn),
    None,
}

/// The response of a [`FakeAppServer`](crate::FakeAppServer) to a request, and what follows it.
///
/// ```
/// use codex_testing::{Fault, Reply};
/// use serde_json::json;
///
/// let result = Reply::new(json!({"data": []}));
/// let refused = Reply::error(-32600, "session s is archived");
/// let twice = Reply::canned().fault(Fault::Duplicate);
/// let last_words = Reply::none().then_stderr("out of memory\n").then_fault(Fault::Kill);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Reply {
    pub(crate) body: Body,
    pub(crate) fault: Option<Fault>,
    /// The steps before and after the response.
    pub(crate) before: Vec<Step>,
    pub(crate) after: Vec<Step>,
}

impl Reply {
    /// Creates a response with this result.
    pub fn new(result: impl Serialize) -> Self {
        Self::of(Body::Result(json!(result)))
    }

    /// Creates an error response.
    pub fn error(code: i64, message: impl Into<String>) -> Self {
        let message = message.into();
        Self::of(Body::Error { code, message })
    }

    /// Creates the response that the fake sends without a script. For `turn/start`, it takes the
    /// next turn.
    pub fn canned() -> Self {
        Self::of(Body::Default)
    }

    /// Creates a request that stays without a response.
    pub fn none() -> Self {
        Self::of(Body::None)
    }

    fn of(body: Body) -> Self {
        Self {
            body,
            fault: None,
            before: Vec::new(),
            after: Vec::new(),
        }
    }

    /// Sends the response with a fault.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
    }

    /// Holds the response until the gate is open. Other requests are not held.
    pub fn hold(mut self, gate: &Gate) -> Self {
        self.before.push(Step::Hold(gate.clone()));
        self
    }

    /// Delays the response, in Tokio's time. Other requests are not delayed.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.before.push(Step::Delay(delay));
        self
    }

    /// Sends a notification before the response.
    pub fn notify(mut self, method: impl Into<String>, params: impl Serialize) -> Self {
        self.before.push(Step::Notify {
            method: method.into(),
            params: json!(params),
        });
        self
    }

    /// Sends a notification after the response.
    pub fn then_notify(self, method: impl Into<String>, params: impl Serialize) -> Self {
        self.then(Step::Notify {
            method: method.into(),
            params: json!(params),
        })
    }

    /// Sends a request after the response. The next step follows the client's response.
    pub fn then_request(self, method: impl Into<String>, params: impl Serialize) -> Self {
        self.then(Step::Request {
            method: method.into(),
            params: json!(params),
            is_awaited: true,
        })
    }

    /// Holds what follows the response until the gate is open.
    pub fn then_hold(self, gate: &Gate) -> Self {
        self.then(Step::Hold(gate.clone()))
    }

    /// Writes to the standard error of a child process, after the response.
    pub fn then_stderr(self, text: impl Into<String>) -> Self {
        self.then(Step::Stderr(text.into()))
    }

    /// Lets a fault occur after the response: to the next message of the connection, or at once.
    pub fn then_fault(self, fault: Fault) -> Self {
        self.then(Step::Fault(fault))
    }

    fn then(mut self, step: Step) -> Self {
        self.after.push(step);
        self
    }
}

/// A response with this result.
impl From<Value> for Reply {
    fn from(result: Value) -> Self {
        Self::new(result)
    }
}

/// The response to `turn/start`, followed by the turn.
impl From<Turn> for Reply {
    fn from(turn: Turn) -> Self {
        Self::of(Body::Turn(turn))
    }
}
