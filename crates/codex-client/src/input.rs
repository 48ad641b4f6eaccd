//! What a user says to the model.

use codex_types::{
    AudioUserInput, ImageUserInput, LocalAudioUserInput, LocalImageUserInput, MentionUserInput,
    SkillUserInput, TextUserInput, UserInput,
};

/// The input of a turn: text, or any of the protocol's kinds of input, one or several.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Input(Vec<UserInput>);

impl Input {
    /// Adds another piece.
    #[must_use]
    pub fn and(mut self, more: impl Into<Self>) -> Self {
        self.0.extend(more.into().0);
        self
    }
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

impl From<Vec<UserInput>> for Input {
    fn from(input: Vec<UserInput>) -> Self {
        Self(input)
    }
}

impl<const N: usize> From<[UserInput; N]> for Input {
    fn from(input: [UserInput; N]) -> Self {
        Self(input.into())
    }
}

impl From<String> for Input {
    fn from(text: String) -> Self {
        UserInput::from(TextUserInput::new(text)).into()
    }
}

impl From<&str> for Input {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<&String> for Input {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

/// One piece of each kind is an input of its own.
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
    use super::*;

    #[test]
    fn pieces_of_all_kinds_go_together() {
        let image = LocalImageUserInput::new("a.png");
        let input = Input::from("look").and(image).and(String::from("well"));
        let wire = serde_json::to_value(Vec::from(input)).unwrap();
        let kinds = ["text", "localImage", "text"];
        for (piece, kind) in wire.as_array().unwrap().iter().zip(kinds) {
            assert_eq!(piece["type"], kind);
        }
        assert_eq!(wire[1]["path"], "a.png");
    }
}
