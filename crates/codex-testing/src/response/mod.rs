//! Scripted responses: the items that a response streams, where it pauses and how it ends.

mod item;
mod usage;

use std::time::Duration;

use serde_json::Value;

pub use item::Item;
pub(crate) use item::ItemKind;
pub use usage::Usage;

use crate::gate::Gate;

/// A response of the [`ScriptedModel`](crate::ScriptedModel).
///
/// A response is a stream of output items, or an HTTP error. It can be held at [gates](Gate),
/// slowed down, and made to fail midway.
///
/// ```
/// use codex_testing::{Item, ModelResponse};
/// use serde_json::json;
///
/// let text = ModelResponse::text("All tests pass.");
/// let call = ModelResponse::function_call("exec_command", json!({ "cmd": "cargo test" }));
/// let both = ModelResponse::text("I will run the tests.")
///     .item(Item::function_call("exec_command", json!({ "cmd": "cargo test" })));
/// let rejected = ModelResponse::http_error(429, "slow down").header("retry-after", "1");
/// let broken = ModelResponse::text("It breaks off in the middle").cut_after(3);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct ModelResponse {
    pub(crate) kind: ResponseKind,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) delay: Duration,
    pub(crate) gates: Vec<Gate>,
}

/// The two kinds of responses.
#[derive(Clone, Debug)]
pub(crate) enum ResponseKind {
    Http { status: u16, body: String },
    Stream(StreamScript),
}

/// The script of a streamed response.
#[derive(Clone, Debug, Default)]
pub(crate) struct StreamScript {
    pub(crate) items: Vec<Item>,
    pub(crate) usage: Usage,
    pub(crate) ending: Ending,
    pub(crate) delta_delay: Duration,
    pub(crate) breakpoints: Vec<Breakpoint>,
}

/// The last event of a stream.
#[derive(Clone, Debug, Default)]
pub(crate) enum Ending {
    #[default]
    Completed,
    Failed {
        code: String,
        message: String,
    },
    Incomplete {
        reason: String,
    },
    Cut,
}

/// An action to take after a number of text deltas.
#[derive(Clone, Debug)]
pub(crate) struct Breakpoint {
    pub(crate) after: usize,
    pub(crate) action: BreakpointAction,
}

#[derive(Clone, Debug)]
pub(crate) enum BreakpointAction {
    Hold(Gate),
    Cut,
}

/// Content.
impl ModelResponse {
    /// Creates a response with one assistant message, streamed word by word.
    pub fn text(text: impl AsRef<str>) -> Self {
        Self::items([Item::text(text)])
    }

    /// Creates a response with one assistant message, streamed in exactly these deltas.
    pub fn deltas<S: Into<String>>(deltas: impl IntoIterator<Item = S>) -> Self {
        Self::items([Item::deltas(deltas)])
    }

    /// Creates a response with one assistant message, streamed in deltas of this many characters.
    pub fn text_in_chunks_of(characters: usize, text: impl AsRef<str>) -> Self {
        Self::deltas(item::chunks(text.as_ref(), characters))
    }

    /// Creates a response with one function call; see [`Item::function_call`].
    pub fn function_call(name: impl Into<String>, arguments: impl Into<Value>) -> Self {
        Self::items([Item::function_call(name, arguments)])
    }

    /// Creates a response with one call to a custom tool; see [`Item::custom_tool_call`].
    pub fn custom_tool_call(name: impl Into<String>, input: impl Into<String>) -> Self {
        Self::items([Item::custom_tool_call(name, input)])
    }

    /// Creates a response with these output items, in order. If there are no items, it completes
    /// without output.
    pub fn items(items: impl IntoIterator<Item = Item>) -> Self {
        let script = StreamScript {
            items: items.into_iter().collect(),
            ..StreamScript::default()
        };
        Self::from(ResponseKind::Stream(script))
    }

    /// Creates an HTTP error instead of a stream.
    ///
    /// The status determines how Codex 0.169 reports the error. For a 400, the turn's error message
    /// is the body, verbatim. For a 429 and a 500, Codex replaces the body with its own message.
    /// For other statuses, it quotes the `error.message` of a JSON body. Codex retries all but 400
    /// and 429, unless its configuration disables retries, as that of a
    /// [`CodexHome`](crate::CodexHome) does.
    pub fn http_error(status: u16, body: impl Into<String>) -> Self {
        Self::from(ResponseKind::Http {
            status,
            body: body.into(),
        })
    }

    /// Creates a stream that fails at once, with `response.failed`; see
    /// [`then_fail`](Self::then_fail).
    pub fn failure(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::items([]).then_fail(code, message)
    }

    /// Adds an output item. An HTTP error ignores the item.
    pub fn item(self, item: Item) -> Self {
        self.script(|script| script.items.push(item))
    }

    /// Sets the token counts that the response reports. An HTTP error ignores them.
    pub fn usage(self, usage: Usage) -> Self {
        self.script(|script| script.usage = usage)
    }

    /// Adds a header to the HTTP response, such as `retry-after`.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

/// Timing and ending.
impl ModelResponse {
    /// Holds the whole response, including its HTTP head, until the gate is opened.
    pub fn hold(mut self, gate: &Gate) -> Self {
        self.gates.push(gate.clone());
        self
    }

    /// Holds the stream after this many text deltas, until the gate is opened.
    ///
    /// With 0, the stream is held after `response.created`. With more deltas than the stream has,
    /// it is held between the last item and the end. When the gate is reached, the deltas before it
    /// have been sent, but the client may not have read them yet. An HTTP error ignores this gate.
    pub fn hold_after(self, deltas: usize, gate: &Gate) -> Self {
        self.breakpoint(deltas, BreakpointAction::Hold(gate.clone()))
    }

    /// Cuts the connection after this many text deltas.
    ///
    /// With more deltas than the stream has, the cut replaces `response.completed`. An HTTP error
    /// ignores the cut.
    pub fn cut_after(self, deltas: usize) -> Self {
        self.breakpoint(deltas, BreakpointAction::Cut)
    }

    /// Cuts the connection after the last item, instead of completing the response.
    pub fn then_cut(self) -> Self {
        self.script(|script| script.ending = Ending::Cut)
    }

    /// Ends the stream with `response.failed` after its items.
    ///
    /// Codex knows the codes `context_length_exceeded`, `insufficient_quota` and
    /// `rate_limit_exceeded`. It treats any other code as a disconnected stream.
    pub fn then_fail(self, code: impl Into<String>, message: impl Into<String>) -> Self {
        let ending = Ending::Failed {
            code: code.into(),
            message: message.into(),
        };
        self.script(|script| script.ending = ending)
    }

    /// Ends the stream with `response.incomplete`, for a reason such as `max_output_tokens`.
    pub fn then_incomplete(self, reason: impl Into<String>) -> Self {
        let ending = Ending::Incomplete {
            reason: reason.into(),
        };
        self.script(|script| script.ending = ending)
    }

    /// Delays the start of the response. If the test waits for an event rather than for time to
    /// pass, use a [gate](Self::hold) instead.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Delays each text delta. An HTTP error ignores this delay.
    pub fn delay_between_deltas(self, delay: Duration) -> Self {
        self.script(|script| script.delta_delay = delay)
    }

    fn breakpoint(self, after: usize, action: BreakpointAction) -> Self {
        self.script(|script| script.breakpoints.push(Breakpoint { after, action }))
    }

    fn script(mut self, change: impl FnOnce(&mut StreamScript)) -> Self {
        if let ResponseKind::Stream(script) = &mut self.kind {
            change(script);
        }
        self
    }
}

impl From<ResponseKind> for ModelResponse {
    fn from(kind: ResponseKind) -> Self {
        Self {
            kind,
            headers: Vec::new(),
            delay: Duration::ZERO,
            gates: Vec::new(),
        }
    }
}

/// One assistant message, as created by [`ModelResponse::text`].
impl From<&str> for ModelResponse {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

/// One assistant message, as created by [`ModelResponse::text`].
impl From<String> for ModelResponse {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

/// A response with one item.
impl From<Item> for ModelResponse {
    fn from(item: Item) -> Self {
        Self::items([item])
    }
}
