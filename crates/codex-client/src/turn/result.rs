//! What a turn has come to.

use codex_types::{
    ItemCompletedNotification, MessagePhase, ThreadItem, ThreadTokenUsage,
    ThreadTokenUsageUpdatedNotification, Turn, TurnCompletedNotification, TurnError, TurnStatus,
};

use crate::{
    connection::Record,
    decode,
    error::{Error, Result},
};

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
    /// one that is not marked at all.
    pub final_response: Option<String>,
    /// All that was completed in the turn, in order.
    pub items: Vec<ThreadItem>,
    /// The tokens that were used, as last reported: by the latest call of the model, and by the
    /// whole thread.
    pub usage: Option<ThreadTokenUsage>,
}

impl TurnResult {
    /// Decodes what a finished turn has left.
    pub(crate) fn collect(record: &Record) -> Result<Self> {
        if record.completed.is_none() {
            return Err(Error::InvalidInput("the turn has not ended".into()));
        }
        let result = Self::partial("", record)?;
        match result.status {
            TurnStatus::Failed => Err(Error::TurnFailed(Box::new(result))),
            _ => Ok(result),
        }
    }

    /// Decodes what the turn with this id has left so far.
    pub(crate) fn partial(turn_id: &str, record: &Record) -> Result<Self> {
        let turn = match &record.completed {
            Some(completed) => decode::params::<TurnCompletedNotification>(completed)?.turn,
            None => Turn::new(turn_id, Vec::new(), TurnStatus::InProgress),
        };
        let items = record.items.iter().map(|note| {
            let completed: ItemCompletedNotification = decode::params(note)?;
            Ok(completed.item)
        });
        let usage = record.usage.as_ref().map(|note| {
            let updated: ThreadTokenUsageUpdatedNotification = decode::params(note)?;
            Ok::<_, Error>(updated.token_usage)
        });
        Ok(Self::new(
            turn,
            items.collect::<Result<_>>()?,
            usage.transpose()?,
        ))
    }

    /// Without items.
    #[cfg(test)]
    pub(crate) fn for_tests(turn: Turn) -> Self {
        Self::new(turn, Vec::new(), None)
    }

    fn new(turn: Turn, items: Vec<ThreadItem>, usage: Option<ThreadTokenUsage>) -> Self {
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

    /// Why the turn failed, in prose.
    pub(crate) fn failure(&self) -> &str {
        match &self.error {
            Some(error) if !error.message.is_empty() => &error.message,
            _ => "the server gave no reason",
        }
    }
}

fn final_response(items: &[ThreadItem]) -> Option<String> {
    let messages = items.iter().rev().filter_map(|item| match item {
        ThreadItem::AgentMessage(message) => Some(message),
        _ => None,
    });
    let is_final = |phase: &Option<MessagePhase>| *phase == Some(MessagePhase::FinalAnswer);
    let found = messages
        .clone()
        .find(|message| is_final(&message.phase))
        .or_else(|| messages.clone().find(|message| message.phase.is_none()));
    found.map(|message| message.text.clone())
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
}
