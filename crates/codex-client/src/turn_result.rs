//! Results of turns.

use codex_types::{
    ErrorNotification, MessagePhase, ThreadItem, ThreadTokenUsage, Turn, TurnError, TurnStatus,
};
use serde::{Deserialize, Serialize};

use crate::{error::decode_error::DecodeError, sub_agent::SubAgent, tokens::Tokens};

/// The result of a turn, collected from its events.
///
/// In serde, the fields have their names in camelCase, and their values are as in the protocol.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TurnResult {
    /// The id of the turn.
    pub id: String,
    /// The status of the turn.
    pub status: TurnStatus,
    /// The error, if the turn failed. Without the `turn/completed` of the turn, this is the last
    /// error that the server does not retry after.
    pub error: Option<TurnError>,
    /// The last `error` notification of the turn, which says whether the server retries. A turn may
    /// continue and complete after an error.
    pub last_error: Option<ErrorNotification>,
    /// The start time, in seconds since the Unix epoch.
    pub started_at: Option<i64>,
    /// The end time, in seconds since the Unix epoch.
    pub completed_at: Option<i64>,
    /// The duration, in milliseconds.
    pub duration_ms: Option<i64>,
    /// The final response from the model: the last message whose phase is `final_answer`, otherwise
    /// the last message without a phase, otherwise the last message with any phase except
    /// `commentary`.
    pub final_response: Option<String>,
    /// The completed items of the turn, in order.
    pub items: Vec<ThreadItem>,
    /// The tokens of this turn, summed over its model calls, without those of its sub-agents. The
    /// input includes the cached input, and the output includes the reasoning. The tokens of a call
    /// that was interrupted are not reported by the server.
    #[serde(default)]
    pub(crate) tokens: Tokens,
    /// The sub-agents that worked for this turn while it was running, as they were when it ended,
    /// in the order in which they began. Includes the sub-agents of sub-agents.
    #[serde(default)]
    pub agents: Vec<SubAgent>,
    /// The token usage as last reported: for the latest model call and for the whole thread.
    pub usage: Option<ThreadTokenUsage>,
    /// The errors for the messages of this turn, or parts of them, that could not be read. They are
    /// missing from the other fields, or appear there as [`ThreadItem::Unrecognized`].
    ///
    /// A message that is cut off, too long or not valid UTF-8 may not reveal its turn. Such a
    /// message is listed by all turns that it may belong to: the running turns of its thread, or,
    /// if the thread is not readable either, all turns that this client is running.
    #[serde(default)]
    pub unreadable: Vec<DecodeError>,
}

impl TurnResult {
    pub(crate) fn new(turn: Turn, items: Vec<ThreadItem>, usage: Option<ThreadTokenUsage>) -> Self {
        Self {
            id: turn.id,
            status: turn.status,
            error: turn.error,
            last_error: None,
            started_at: turn.started_at,
            completed_at: turn.completed_at,
            duration_ms: turn.duration_ms,
            final_response: final_response(&items),
            items,
            tokens: Tokens::default(),
            agents: Vec::new(),
            usage,
            unreadable: Vec::new(),
        }
    }

    /// Returns the tokens of this turn, summed over its model calls, without those of its
    /// sub-agents. The input includes the cached input, and the output includes the reasoning. The
    /// tokens of a call that was interrupted are not reported by the server.
    ///
    /// ```no_run
    /// use codex_client::{Result, Thread};
    ///
    /// async fn example(thread: &Thread) -> Result<()> {
    ///     let result = thread.run("Fix the failing tests.").await?;
    ///     println!("{} tokens", result.tokens().total);
    ///     Ok(())
    /// }
    /// ```
    pub fn tokens(&self) -> Tokens {
        self.tokens
    }

    /// Returns the tokens of this turn and of its sub-agents.
    pub fn tokens_with_agents(&self) -> Tokens {
        self.tokens + self.agents.iter().map(|agent| agent.tokens).sum()
    }

    /// Returns the part of the model's context window that the latest model call has used, from 0
    /// to 1. `None` if the server did not report it.
    pub fn context_used(&self) -> Option<f64> {
        let usage = self.usage.as_ref()?;
        let window = usage.model_context_window.filter(|window| *window > 0)?;
        Some((usage.last.total_tokens as f64 / window as f64).clamp(0.0, 1.0))
    }

    /// Returns the text of a [review](crate::Thread::review), if the turn is a review that has
    /// ended. The text of an interrupted review is a note from the server.
    pub fn review(&self) -> Option<&str> {
        let mut items = self.items.iter().rev();
        items.find_map(|item| match item {
            ThreadItem::ExitedReviewMode(exited) => Some(exited.review.as_str()),
            _ => None,
        })
    }

    /// Returns the reason for the failure, for an error message.
    pub(crate) fn failure_message(&self) -> &str {
        match &self.error {
            Some(error) if !error.message.is_empty() => &error.message,
            _ => "the server did not give a reason",
        }
    }
}

fn final_response(items: &[ThreadItem]) -> Option<String> {
    let ranked = items.iter().filter_map(|item| match item {
        ThreadItem::AgentMessage(message) => Some((rank(message.phase.as_ref())?, message)),
        _ => None,
    });
    // If several messages share the highest rank, this is the last of them.
    let found = ranked.max_by_key(|(rank, _)| *rank);
    found.map(|(_, message)| message.text.clone())
}

/// Ranks a phase for the choice of the final response; `None` if a message with this phase is never
/// chosen. The two higher ranks are the same as in the Python SDK. The lowest is for other phases,
/// such as those of newer servers: a message with an unknown phase is better than none.
fn rank(phase: Option<&MessagePhase>) -> Option<u8> {
    match phase {
        Some(MessagePhase::FinalAnswer) => Some(2),
        None => Some(1),
        Some(MessagePhase::Commentary) => None,
        Some(_) => Some(0),
    }
}

#[cfg(test)]
mod tests {
    use codex_types::AgentMessageThreadItem;

    use super::*;

    fn response(messages: &[(&str, Option<MessagePhase>)]) -> Option<String> {
        let items: Vec<ThreadItem> = messages
            .iter()
            .map(|(text, phase)| {
                let mut message = AgentMessageThreadItem::new("id", *text);
                message.phase.clone_from(phase);
                message.into()
            })
            .collect();
        final_response(&items)
    }

    #[test]
    fn the_final_response_is_the_last_final_answer_or_the_last_message_without_a_phase() {
        let (last, commentary) = (
            Some(MessagePhase::FinalAnswer),
            Some(MessagePhase::Commentary),
        );
        assert_eq!(response(&[]), None);
        assert_eq!(response(&[("a", commentary.clone())]), None);
        assert_eq!(response(&[("a", None), ("b", None)]).as_deref(), Some("b"));
        let marked = [
            ("a", last.clone()),
            ("b", last),
            ("c", None),
            ("d", commentary),
        ];
        assert_eq!(response(&marked).as_deref(), Some("b"));
    }

    #[test]
    fn a_message_with_a_different_phase_is_the_final_response_if_there_is_no_better_one() {
        let unknown = Some(MessagePhase::Unrecognized("epilogue".into()));
        let part = Some(MessagePhase::PartialAnswer);
        let commentary = Some(MessagePhase::Commentary);
        let only = [("a", part), ("b", unknown.clone()), ("c", commentary)];
        assert_eq!(response(&only).as_deref(), Some("b"));
        let beside = [("a", None), ("b", unknown.clone())];
        assert_eq!(response(&beside).as_deref(), Some("a"));
        let last = [("a", Some(MessagePhase::FinalAnswer)), ("b", unknown)];
        assert_eq!(response(&last).as_deref(), Some("a"));
    }
}
