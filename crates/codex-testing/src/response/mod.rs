//! A reply of the scripted model: what it streams, where it halts, how it ends.

mod item;
mod usage;

use std::time::Duration;

use serde_json::Value;

pub use item::Item;
pub(crate) use item::Kind;
pub use usage::Usage;

use crate::gate::Gate;

/// One reply of the [`ScriptedModel`](crate::ScriptedModel).
///
/// A reply is a stream of output items, or an HTTP error. It can be held at [gates](Gate), slowed
/// down, and made to fail on its way.
///
/// ```
/// use codex_testing::{Item, Reply};
/// use serde_json::json;
///
/// let answer = Reply::text("All tests pass.");
/// let tool = Reply::function_call("exec_command", json!({ "cmd": "cargo test" }));
/// let both = Reply::text("I will run the tests.")
///     .item(Item::function_call("exec_command", json!({ "cmd": "cargo test" })));
/// let refused = Reply::http_error(429, "slow down").header("retry-after", "1");
/// let broken = Reply::text("It breaks off in the middle").cut_after(3);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Reply {
    pub(crate) answer: Answer,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) delay: Duration,
    pub(crate) hold: Vec<Gate>,
}

/// The two kinds of replies.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Http { status: u16, body: String },
    Stream(Script),
}

/// What a streamed reply says, and what happens on its way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    pub(crate) items: Vec<Item>,
    pub(crate) usage: Usage,
    pub(crate) ending: Ending,
    pub(crate) delta_delay: Duration,
    pub(crate) stops: Vec<Stop>,
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

/// Something that happens after so many deltas of text.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    pub(crate) after: usize,
    pub(crate) what: Halt,
}

/// What happens there.
#[derive(Clone, Debug)]
pub(crate) enum Halt {
    Hold(Gate),
    Cut,
}

/// What a reply says.
impl Reply {
    /// One message of the assistant, streamed word by word.
    pub fn text(text: impl AsRef<str>) -> Self {
        Self::items([Item::text(text)])
    }

    /// One message of the assistant, streamed in exactly these pieces.
    pub fn deltas<S: Into<String>>(deltas: impl IntoIterator<Item = S>) -> Self {
        Self::items([Item::deltas(deltas)])
    }

    /// One message of the assistant, streamed in pieces of so many characters.
    pub fn text_in_chunks_of(characters: usize, text: impl AsRef<str>) -> Self {
        Self::deltas(item::chunks(text.as_ref(), characters))
    }

    /// One call of a function tool; see [`Item::function_call`].
    pub fn function_call(name: impl Into<String>, arguments: impl Into<Value>) -> Self {
        Self::items([Item::function_call(name, arguments)])
    }

    /// One call of a custom tool; see [`Item::custom_tool_call`].
    pub fn custom_tool_call(name: impl Into<String>, input: impl Into<String>) -> Self {
        Self::items([Item::custom_tool_call(name, input)])
    }

    /// Several output items, in this order; none is a reply that completes and says nothing.
    pub fn items(items: impl IntoIterator<Item = Item>) -> Self {
        let script = Script {
            items: items.into_iter().collect(),
            ..Script::default()
        };
        Self::from(Answer::Stream(script))
    }

    /// No stream, but an HTTP status and a body.
    ///
    /// What Codex 0.169 makes of it depends on both: of a 400 the body is the turn's error message,
    /// word for word; of a 429 and a 500 it is replaced by Codex's own words; of others,
    /// `error.message` of a JSON body is quoted. All but 400 and 429 are tried again, unless the
    /// configuration says not to, as that of a [`CodexHome`](crate::CodexHome) does.
    pub fn http_error(status: u16, body: impl Into<String>) -> Self {
        Self::from(Answer::Http {
            status,
            body: body.into(),
        })
    }

    /// A stream that fails at once, with `response.failed`; see [`then_fail`](Self::then_fail).
    pub fn failure(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::items([]).then_fail(code, message)
    }

    /// Adds an output item. It does nothing to an HTTP error.
    pub fn item(self, item: Item) -> Self {
        self.script(|script| script.items.push(item))
    }

    /// The token counts that the reply reports. They do nothing to an HTTP error.
    pub fn usage(self, usage: Usage) -> Self {
        self.script(|script| script.usage = usage)
    }

    /// Adds a header of the HTTP response, such as `retry-after`.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

/// When a reply says it, and how it ends.
impl Reply {
    /// Holds the whole reply, its HTTP head included, until the gate is opened.
    pub fn hold(mut self, gate: &Gate) -> Self {
        self.hold.push(gate.clone());
        self
    }

    /// Holds the stream after so many deltas of text, until the gate is opened.
    ///
    /// With 0 the stream is held after `response.created`; with more deltas than there are, after
    /// the last item and before the end. When the gate is reached, the deltas before it are on their
    /// way, but the client may not have read them yet. It does nothing to an HTTP error.
    pub fn hold_after(self, deltas: usize, gate: &Gate) -> Self {
        self.stop(deltas, Halt::Hold(gate.clone()))
    }

    /// Cuts the connection after so many deltas of text, in the middle of the stream.
    ///
    /// With more deltas than there are, it is cut where `response.completed` would be. It does
    /// nothing to an HTTP error.
    pub fn cut_after(self, deltas: usize) -> Self {
        self.stop(deltas, Halt::Cut)
    }

    /// Cuts the connection after the last item, instead of completing the response.
    pub fn then_cut(self) -> Self {
        self.script(|script| script.ending = Ending::Cut)
    }

    /// Ends the stream with `response.failed`, after its items.
    ///
    /// Codex knows some codes: `context_length_exceeded`, `insufficient_quota`,
    /// `rate_limit_exceeded`. What it knows not counts as a stream that broke off.
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

    /// Waits before the reply begins. A [gate](Self::hold) is better where a test waits for
    /// something else than time.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Waits before each delta of text. It does nothing to an HTTP error.
    pub fn delay_between_deltas(self, delay: Duration) -> Self {
        self.script(|script| script.delta_delay = delay)
    }

    fn stop(self, after: usize, what: Halt) -> Self {
        self.script(|script| script.stops.push(Stop { after, what }))
    }

    fn script(mut self, change: impl FnOnce(&mut Script)) -> Self {
        if let Answer::Stream(script) = &mut self.answer {
            change(script);
        }
        self
    }
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        Self {
            answer,
            headers: Vec::new(),
            delay: Duration::ZERO,
            hold: Vec::new(),
        }
    }
}

/// One message of the assistant, as by [`Reply::text`].
impl From<&str> for Reply {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

/// One message of the assistant, as by [`Reply::text`].
impl From<String> for Reply {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

/// A reply of one item.
impl From<Item> for Reply {
    fn from(item: Item) -> Self {
        Self::items([item])
    }
}
