//! User input.

mod files;
mod image_kind;

use std::path::Path;

use codex_types::{
    AudioUserInput, ImageUserInput, LocalAudioUserInput, LocalImageUserInput, MentionUserInput,
    SkillUserInput, TextUserInput, UserInput,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The input of a turn: any combination of text, images, audio, skills and mentions.
///
/// ```no_run
/// use codex_client::{Input, Result, Thread};
///
/// async fn example(thread: &Thread) -> Result<()> {
///     let input = Input::text("What is wrong in this picture?")
///         .and(Input::image_file("screen.png")?)
///         .and(Input::text_file("docs/notes.md")?);
///     thread.run(input).await?;
///     Ok(())
/// }
/// ```
///
/// Strings and the protocol's input types convert to an `Input`, both individually and in lists:
/// `thread.run("…")`, `thread.run(["first", "second"])`,
/// `thread.run(ImageUserInput::default().file_id("…"))`.
///
/// In serde, an `Input` is the list of [`UserInput`]s of the protocol. It is also read from a
/// string, which is a text input.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Input(#[serde(deserialize_with = "text_or_list")] Vec<UserInput>);

fn text_or_list<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<UserInput>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a text or a list of inputs")]
    enum TextOrList {
        Text(String),
        List(Vec<UserInput>),
    }

    Ok(match TextOrList::deserialize(deserializer)? {
        TextOrList::Text(text) => Input::text(text).0,
        TextOrList::List(list) => list,
    })
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Input {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Input".into()
    }

    fn schema_id() -> std::borrow::Cow<'static, str> {
        concat!(module_path!(), "::Input").into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let list = generator.subschema_for::<Vec<UserInput>>();
        if generator.contract().is_serialize() {
            return list;
        }
        schemars::json_schema!({ "anyOf": [list, { "type": "string" }] })
    }
}

impl Input {
    /// Creates a text input.
    pub fn text(text: impl Into<String>) -> Self {
        TextUserInput::new(text).into()
    }

    /// Creates an image input from a URL. Current servers accept only `data:` URLs, which contain
    /// the image, and reject all others; [`image_bytes`](Self::image_bytes) creates them.
    pub fn image_url(url: impl Into<String>) -> Self {
        from_url("image", url)
    }

    /// Creates an image input from a file on the server's machine.
    ///
    /// A relative path is resolved against the working directory of the server process. A file that
    /// cannot be read is not an error; the server tells the model about it. The same applies to a
    /// path that is not valid Unicode, which is sent with replacement characters. For a file on this
    /// machine, [`image_file`](Self::image_file) checks it first.
    pub fn local_image(path: impl AsRef<Path>) -> Self {
        LocalImageUserInput::new(path.as_ref().to_string_lossy()).into()
    }

    /// Creates an audio input from a `data:` URL. A model without audio support receives a note in
    /// place of the audio.
    pub fn audio_url(url: impl Into<String>) -> Self {
        from_url("audio", url)
    }

    /// Creates an audio input from a file on the server's machine. The path is treated as in
    /// [`local_image`](Self::local_image).
    pub fn local_audio(path: impl AsRef<Path>) -> Self {
        LocalAudioUserInput::new(path.as_ref().to_string_lossy()).into()
    }

    /// Creates an input that selects a skill, by its name and the path of its `SKILL.md`.
    pub fn skill(name: impl Into<String>, path: impl AsRef<Path>) -> Self {
        SkillUserInput::new(name, path.as_ref().to_string_lossy()).into()
    }

    /// Creates a mention of a resource that the text refers to, given its name and either its path
    /// or, for an app or a plugin, its URI (`app://…`, `plugin://…`). A mention is stored in the
    /// thread but adds no text.
    pub fn mention(name: impl Into<String>, path: impl AsRef<Path>) -> Self {
        MentionUserInput::new(name, path.as_ref().to_string_lossy()).into()
    }

    /// Appends further input.
    #[must_use]
    pub fn and(mut self, more: impl Into<Self>) -> Self {
        self.0.extend(more.into().0);
        self
    }
}

/// Creates an input with a URL. From JSON, because older releases require the URL: with their types
/// it is an argument of `new`, with newer ones an option.
fn from_url(kind: &str, url: impl Into<String>) -> Input {
    let value = json!({ "type": kind, "url": url.into() });
    let input = UserInput::deserialize(&value);
    input.unwrap_or(UserInput::Unrecognized(value)).into()
}

impl From<Input> for Vec<UserInput> {
    fn from(input: Input) -> Self {
        input.0
    }
}

impl From<UserInput> for Input {
    fn from(input: UserInput) -> Self {
        Self(vec![input])
    }
}

impl<T: Into<Input>> From<Vec<T>> for Input {
    fn from(inputs: Vec<T>) -> Self {
        inputs.into_iter().collect()
    }
}

impl<T: Into<Input>, const N: usize> From<[T; N]> for Input {
    fn from(inputs: [T; N]) -> Self {
        inputs.into_iter().collect()
    }
}

impl<T: Into<Input>> FromIterator<T> for Input {
    fn from_iter<I: IntoIterator<Item = T>>(inputs: I) -> Self {
        Self(
            inputs
                .into_iter()
                .flat_map(|input| input.into().0)
                .collect(),
        )
    }
}

impl From<String> for Input {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl From<&str> for Input {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<&String> for Input {
    fn from(text: &String) -> Self {
        Self::text(text)
    }
}

/// Implements the conversions from a single piece of input.
macro_rules! from_pieces {
    ($($piece:ident),* $(,)?) => {$(
        impl From<$piece> for Input {
            fn from(piece: $piece) -> Self {
                UserInput::from(piece).into()
            }
        }
    )*};
}

from_pieces! {
    TextUserInput,
    ImageUserInput,
    LocalImageUserInput,
    AudioUserInput,
    LocalAudioUserInput,
    SkillUserInput,
    MentionUserInput,
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn wire(input: impl Into<Input>) -> Value {
        serde_json::to_value(Vec::from(input.into())).unwrap()
    }

    #[test]
    fn each_kind_of_input_is_serialized_as_the_protocol_requires() {
        let input = Input::text("look")
            .and(Input::image_url("data:image/png;base64,AA=="))
            .and(Input::local_image(Path::new("a.png")))
            .and(Input::audio_url("data:audio/wav;base64,AA=="))
            .and(Input::local_audio("a.wav"))
            .and(Input::skill("tidy", "/skills/tidy/SKILL.md"))
            .and(Input::mention("notes", "app://notes"));
        let expected = json!([
            {"type": "text", "text": "look"},
            {"type": "image", "url": "data:image/png;base64,AA=="},
            {"type": "localImage", "path": "a.png"},
            {"type": "audio", "url": "data:audio/wav;base64,AA=="},
            {"type": "localAudio", "path": "a.wav"},
            {"type": "skill", "name": "tidy", "path": "/skills/tidy/SKILL.md"},
            {"type": "mention", "name": "notes", "path": "app://notes"},
        ]);
        assert_eq!(wire(input), expected);
    }

    #[test]
    fn lists_of_inputs_are_inputs() {
        let expected = json!([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]);
        assert_eq!(wire(["a", "b"]), expected);
        assert_eq!(wire(vec![String::from("a"), String::from("b")]), expected);
        assert_eq!(wire([Input::text("a"), "b".into()]), expected);
        assert_eq!(
            wire([UserInput::from(TextUserInput::new("a"))])[0],
            expected[0]
        );
        assert_eq!(wire(["a", "b"].into_iter().collect::<Input>()), expected);
        assert_eq!(wire(Input::default()), json!([]));
    }
}
