//! The output items of a response: text, reasoning and tool calls.

use serde_json::Value;

/// An output item of a [`ModelResponse`](crate::ModelResponse).
///
/// ```
/// use codex_testing::{Item, ModelResponse};
/// use serde_json::json;
///
/// let response = ModelResponse::items([
///     Item::reasoning("The user wants the files."),
///     Item::text("I will look.").phase("commentary"),
///     Item::function_call("exec_command", json!({ "cmd": "ls" })).call_id("list"),
/// ]);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Item {
    pub(crate) kind: ItemKind,
    pub(crate) id: Option<String>,
    pub(crate) call_id: Option<String>,
    pub(crate) namespace: Option<String>,
    pub(crate) phase: Option<String>,
}

/// The kinds of items, which differ in the events that stream them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ItemKind {
    Text { deltas: Vec<String> },
    Reasoning { deltas: Vec<String> },
    FunctionCall { name: String, arguments: String },
    CustomToolCall { name: String, input: String },
    Raw(Value),
}

impl Item {
    /// Creates an assistant message, streamed word by word.
    pub fn text(text: impl AsRef<str>) -> Self {
        Self::deltas(words(text.as_ref()))
    }

    /// Creates an assistant message, streamed in exactly these deltas.
    pub fn deltas<S: Into<String>>(deltas: impl IntoIterator<Item = S>) -> Self {
        Self::from(ItemKind::Text {
            deltas: deltas.into_iter().map(Into::into).collect(),
        })
    }

    /// Creates a reasoning summary, streamed word by word.
    pub fn reasoning(summary: impl AsRef<str>) -> Self {
        Self::from(ItemKind::Reasoning {
            deltas: words(summary.as_ref()),
        })
    }

    /// Creates a function call.
    ///
    /// `arguments` are sent as JSON text. A [`Value::String`] is sent unchanged, so it can hold
    /// arguments that are not JSON.
    pub fn function_call(name: impl Into<String>, arguments: impl Into<Value>) -> Self {
        let arguments = match arguments.into() {
            Value::String(text) => text,
            value => value.to_string(),
        };
        Self::from(ItemKind::FunctionCall {
            name: name.into(),
            arguments,
        })
    }

    /// Creates a call to a custom tool, whose input is text, such as `apply_patch` for models that
    /// have it.
    pub fn custom_tool_call(name: impl Into<String>, input: impl Into<String>) -> Self {
        Self::from(ItemKind::CustomToolCall {
            name: name.into(),
            input: input.into(),
        })
    }

    /// Creates an item from its JSON form in the Responses API. It is streamed without deltas.
    pub fn raw(item: impl Into<Value>) -> Self {
        Self::from(ItemKind::Raw(item.into()))
    }

    /// Sets the item's id. The default is derived from the numbers of the request and of the item.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Sets the call's id, which identifies its output in the next request.
    ///
    /// The default is `call_<request>_<item>`, both counted from 1. Items other than calls ignore
    /// it.
    pub fn call_id(mut self, call_id: impl Into<String>) -> Self {
        self.call_id = Some(call_id.into());
        self
    }

    /// Sets the namespace of the called function, for tools that are offered in a namespace.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// Sets the phase of a message: `commentary` or `final_answer`.
    pub fn phase(mut self, phase: impl Into<String>) -> Self {
        self.phase = Some(phase.into());
        self
    }
}

impl From<ItemKind> for Item {
    fn from(kind: ItemKind) -> Self {
        Self {
            kind,
            id: None,
            call_id: None,
            namespace: None,
            phase: None,
        }
    }
}

/// Splits after each run of whitespace, so that the pieces concatenate to the text.
fn words(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    for piece in text.split_inclusive(char::is_whitespace) {
        match pieces.last_mut() {
            // A piece without a word continues a run of whitespace.
            Some(last) if piece.trim().is_empty() => last.push_str(piece),
            _ => pieces.push(piece.to_owned()),
        }
    }
    pieces
}

/// Splits into pieces of this many characters; the last one may be shorter.
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
    fn words_concatenate_to_the_text() {
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
    fn chunks_count_characters_instead_of_bytes() {
        assert_eq!(chunks("äöüx", 3), ["äöü", "x"]);
        assert_eq!(chunks("ab", 0), ["a", "b"]);
        assert!(chunks("", 3).is_empty());
    }
}
