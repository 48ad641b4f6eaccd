//! What a user says to the model.

use codex_types::{TextUserInput, UserInput};

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
