//! The token counts of a response.

use serde_json::{Value, json};

/// The token counts of a response: the `usage` member of the Responses API.
///
/// Codex adds up the counts and notifies its client with `thread/tokenUsage/updated`.
///
/// ```
/// use codex_testing::{ModelResponse, Usage};
///
/// let usage = Usage::new(1_200, 34).cached(1_000).reasoning(20);
/// let response = ModelResponse::text("Done.").usage(usage);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Usage {
    input: u64,
    cached: u64,
    output: u64,
    reasoning: u64,
}

impl Usage {
    /// Creates counts of input and output tokens, with no cached tokens and no reasoning.
    pub fn new(input: u64, output: u64) -> Self {
        Self {
            input,
            cached: 0,
            output,
            reasoning: 0,
        }
    }

    /// Sets the number of input tokens that came from the prompt cache.
    pub fn cached(mut self, tokens: u64) -> Self {
        self.cached = tokens;
        self
    }

    /// Sets the number of output tokens spent on reasoning.
    pub fn reasoning(mut self, tokens: u64) -> Self {
        self.reasoning = tokens;
        self
    }

    /// Returns the `usage` member of `response.completed`.
    pub(crate) fn to_json(self) -> Value {
        json!({
            "input_tokens": self.input,
            "input_tokens_details": { "cached_tokens": self.cached },
            "output_tokens": self.output,
            "output_tokens_details": { "reasoning_tokens": self.reasoning },
            "total_tokens": self.input.saturating_add(self.output),
        })
    }
}

/// The default is ten input tokens and five output tokens.
impl Default for Usage {
    fn default() -> Self {
        Self::new(10, 5)
    }
}
