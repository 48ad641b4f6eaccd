//! The token counts of a reply.

use serde_json::{Value, json};

/// The token counts that a reply reports, as in the `usage` member of the Responses API.
///
/// Codex adds them up and tells its client in `thread/tokenUsage/updated`.
///
/// ```
/// use codex_testing::{Reply, Usage};
///
/// let reply = Reply::text("Done.").usage(Usage::new(1_200, 34).cached(1_000).reasoning(20));
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
    /// Counts of input and output tokens; nothing cached, no reasoning.
    pub fn new(input: u64, output: u64) -> Self {
        Self {
            input,
            cached: 0,
            output,
            reasoning: 0,
        }
    }

    /// How many of the input tokens came from the prompt cache.
    pub fn cached(mut self, tokens: u64) -> Self {
        self.cached = tokens;
        self
    }

    /// How many of the output tokens were spent on reasoning.
    pub fn reasoning(mut self, tokens: u64) -> Self {
        self.reasoning = tokens;
        self
    }

    /// The `usage` member of `response.completed`.
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

/// Small counts that are easy to tell apart: ten tokens in, five out.
impl Default for Usage {
    fn default() -> Self {
        Self::new(10, 5)
    }
}
