//! Results of turns.

use std::fmt;

use codex_types::{TurnError, TurnStatus};

use crate::{
    render::{
        description::Description,
        units::{count, milliseconds, number},
    },
    tokens::Tokens,
    turn_result::TurnResult,
};

/// Describes the end of a turn.
pub(super) fn ended<'a>(status: &'a TurnStatus, error: Option<&'a TurnError>) -> Description<'a> {
    let label = match status {
        TurnStatus::InProgress => "in progress",
        other => other.as_str(),
    };
    let message = error.map_or("", |error| error.message.as_str());
    Description::new(label, message).output(
        error
            .and_then(|error| error.additional_details.as_deref())
            .unwrap_or_default(),
    )
}

/// Describes a result by its status, duration and tokens.
pub(super) fn describe(result: &TurnResult) -> Description<'_> {
    let error = match result.status {
        TurnStatus::Completed => None,
        _ => result.error.as_ref(),
    };
    let tokens = result.tokens_with_agents();
    let tokens = (tokens.total > 0).then(|| count(tokens.total, "token"));
    ended(&result.status, error)
        .notes(milliseconds(result.duration_ms))
        .notes(tokens)
}

/// The total, and its parts in parentheses: `1,234 tokens (1,000 input, 800 cached, 234 output)`.
impl fmt::Display for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [input, cached, output] = [self.input, self.cached_input, self.output].map(number);
        let total = count(self.total, "token");
        f.pad(&format!(
            "{total} ({input} input, {cached} cached, {output} output)"
        ))
    }
}
