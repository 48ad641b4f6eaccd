//! Results of turns.

use codex_types::{MessagePhase, ThreadItem, ThreadTokenUsage, Turn, TurnError, TurnStatus};

/// What a turn has come to, collected from its events.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TurnResult {
    /// The turn's id.
    pub id: String,
    /// How it ended.
    pub status: TurnStatus,
    /// Why it failed, if it did.
    pub error: Option<TurnError>,
    /// When it started, in seconds since the Unix epoch.
    pub started_at: Option<i64>,
    /// When it ended, in seconds since the Unix epoch.
    pub completed_at: Option<i64>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<i64>,
    /// The model's answer: its last message that is marked as the final answer, or else its last
    /// one that is not marked at all, or else its last one that is marked as something else than
    /// commentary, such as a part of the answer.
    pub final_response: Option<String>,
    /// All that was completed in the turn, in order.
    pub items: Vec<ThreadItem>,
    /// The tokens that were used, as last reported: by the latest call of the model, and by the
    /// whole thread.
    pub usage: Option<ThreadTokenUsage>,
}

impl TurnResult {
    pub(crate) fn new(turn: Turn, items: Vec<ThreadItem>, usage: Option<ThreadTokenUsage>) -> Self {
        Self {
            id: turn.id,
            status: turn.status,
            error: turn.error,
            started_at: turn.started_at,
            completed_at: turn.completed_at,
            duration_ms: turn.duration_ms,
            final_response: final_response(&items),
            items,
            usage,
        }
    }

    /// The text of a [review](crate::Thread::review), if the turn is one that has ended. For an
    /// interrupted review it is the note that the server leaves.
    pub fn review(&self) -> Option<&str> {
        let mut items = self.items.iter().rev();
        items.find_map(|item| match item {
            ThreadItem::ExitedReviewMode(exited) => Some(exited.review.as_str()),
            _ => None,
        })
    }

    /// The reason why the turn failed, as prose.
    pub(crate) fn failure(&self) -> &str {
        match &self.error {
            Some(error) if !error.message.is_empty() => &error.message,
            _ => "the server gave no reason",
        }
    }
}

fn final_response(items: &[ThreadItem]) -> Option<String> {
    let ranked = items.iter().filter_map(|item| match item {
        ThreadItem::AgentMessage(message) => Some((rank(message.phase.as_ref())?, message)),
        _ => None,
    });
    // The last one of the highest rank.
    let found = ranked.max_by_key(|(rank, _)| *rank);
    found.map(|(_, message)| message.text.clone())
}

/// How likely a message of this phase is the answer; `None` if it is not. The first two are the rule of
/// the Python SDK. A mark that only a newer server knows is no reason to have no answer.
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
    fn the_final_response_is_the_last_final_answer_or_else_the_last_unmarked_message() {
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
    fn an_answer_whose_mark_is_not_known_is_not_lost() {
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
