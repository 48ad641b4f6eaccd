//! The output items of a reply: text, reasoning, calls of tools.

use serde_json::Value;

/// One output item of a [`Reply`](crate::Reply).
///
/// ```
/// use codex_testing::{Item, Reply};
/// use serde_json::json;
///
/// let reply = Reply::items([
///     Item::reasoning("The user wants the files."),
///     Item::text("I will look.").phase("commentary"),
///     Item::function_call("exec_command", json!({ "cmd": "ls" })).call_id("list"),
/// ]);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Item {
    pub(crate) kind: Kind,
    pub(crate) id: Option<String>,
    pub(crate) call_id: Option<String>,
    pub(crate) namespace: Option<String>,
    pub(crate) phase: Option<String>,
}

/// What an item is, as far as its stream differs from that of the others.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Text { deltas: Vec<String> },
    Reasoning { deltas: Vec<String> },
    FunctionCall { name: String, arguments: String },
    CustomToolCall { name: String, input: String },
    Raw(Value),
}

impl Item {
    /// A message of the assistant, streamed word by word.
    pub fn text(text: impl AsRef<str>) -> Self {
        Self::deltas(words(text.as_ref()))
    }

    /// A message of the assistant, streamed in exactly these pieces.
    pub fn deltas<S: Into<String>>(deltas: impl IntoIterator<Item = S>) -> Self {
        Self::from(Kind::Text {
            deltas: deltas.into_iter().map(Into::into).collect(),
        })
    }

    /// A summary of the model's reasoning, streamed word by word.
    pub fn reasoning(summary: impl AsRef<str>) -> Self {
        Self::from(Kind::Reasoning {
            deltas: words(summary.as_ref()),
        })
    }

    /// A call of a function tool.
    ///
    /// `arguments` are sent as JSON text. A [`Value::String`] is sent as it is: that is the way to
    /// send arguments that are not JSON.
    pub fn function_call(name: impl Into<String>, arguments: impl Into<Value>) -> Self {
        let arguments = match arguments.into() {
            Value::String(text) => text,
            value => value.to_string(),
        };
        Self::from(Kind::FunctionCall {
            name: name.into(),
            arguments,
        })
    }

    /// A call of a custom tool, whose input is text: `apply_patch`, for the models that have it.
    pub fn custom_tool_call(name: impl Into<String>, input: impl Into<String>) -> Self {
        Self::from(Kind::CustomToolCall {
            name: name.into(),
            input: input.into(),
        })
    }

    /// Any other item, in the words of the Responses API; it is added and done, without deltas.
    pub fn raw(item: impl Into<Value>) -> Self {
        Self::from(Kind::Raw(item.into()))
    }

    /// The item's id, instead of one that is made from the numbers of request and item.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// The id by which the call's output is found in the next request.
    ///
    /// Without it, it is `call_<request>_<item>`, both counted from 1. It has no meaning for items
    /// that are no calls.
    pub fn call_id(mut self, call_id: impl Into<String>) -> Self {
        self.call_id = Some(call_id.into());
        self
    }

    /// The namespace of the called function, for tools that are offered in one.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// The phase of a message: `commentary` or `final_answer`.
    pub fn phase(mut self, phase: impl Into<String>) -> Self {
        self.phase = Some(phase.into());
        self
    }
}

impl From<Kind> for Item {
    fn from(kind: Kind) -> Self {
        Self {
            kind,
            id: None,
            call_id: None,
            namespace: None,
            phase: None,
        }
    }
}

/// Cuts after each run of white space, so that the pieces put together are the text.
fn words(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    for piece in text.split_inclusive(char::is_whitespace) {
        match pieces.last_mut() {
            // A piece without a word is the rest of a run of white space.
            Some(last) if piece.trim().is_empty() => last.push_str(piece),
            _ => pieces.push(piece.to_owned()),
        }
    }
    pieces
}

/// Cuts into pieces of so many characters, the last one shorter.
pub(crate) fn chunks(text: &str, characters: usize) -> Vec<String> {
    let all: Vec<char> = text.chars().collect();
    all.chunks(characters.max(1))
        .map(|chunk| chunk.iter().collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_put_together_are_the_text() {
        for text in [
            "",
            " ",
            "one",
            "one two",
            "  lead",
            "a\n\n  b\tc ",
            "naïve — ü",
        ] {
            assert_eq!(words(text).concat(), text);
        }
        assert_eq!(words("one two\n\n three"), ["one ", "two\n\n ", "three"]);
    }

    #[test]
    fn chunks_count_characters_and_not_bytes() {
        assert_eq!(chunks("äöüx", 3), ["äöü", "x"]);
        assert_eq!(chunks("ab", 0), ["a", "b"]);
        assert!(chunks("", 3).is_empty());
    }
}
