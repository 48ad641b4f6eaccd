//! Deltas: notifications that add a piece of text to an item and carry nothing else.

use codex_types::{
    AgentMessageDeltaNotification, CommandExecutionOutputDeltaNotification,
    FileChangeOutputDeltaNotification, PlanDeltaNotification,
    ReasoningSummaryTextDeltaNotification, ReasoningTextDeltaNotification, ServerNotification,
};

use crate::rpc::envelope::RoutingKeys;

/// The part of an item that a delta adds to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeltaKind {
    AgentMessage,
    Plan,
    CommandOutput,
    FileChangeOutput,
    ReasoningSummary,
    ReasoningText,
}

impl DeltaKind {
    /// Returns the kind of delta that has this method.
    pub(crate) fn of(method: &str) -> Option<Self> {
        Some(match method {
            "item/agentMessage/delta" => Self::AgentMessage,
            "item/plan/delta" => Self::Plan,
            "item/commandExecution/outputDelta" => Self::CommandOutput,
            "item/fileChange/outputDelta" => Self::FileChangeOutput,
            "item/reasoning/summaryTextDelta" => Self::ReasoningSummary,
            "item/reasoning/textDelta" => Self::ReasoningText,
            _ => return None,
        })
    }

    /// Returns the index of the summary part or content part, for the kinds that have one; zero for
    /// the others. Returns `None` if a delta of this kind does not have these indices.
    pub(crate) fn index(
        self,
        summary_index: Option<i64>,
        content_index: Option<i64>,
    ) -> Option<i64> {
        match (self, summary_index, content_index) {
            (Self::ReasoningSummary, Some(index), None)
            | (Self::ReasoningText, None, Some(index)) => Some(index),
            (Self::ReasoningSummary | Self::ReasoningText, ..) => None,
            (_, None, None) => Some(0),
            _ => None,
        }
    }
}

/// A delta that owns its strings.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Delta {
    pub(crate) kind: DeltaKind,
    /// `None` if all deltas of the queue belong to one turn.
    pub(crate) turn_id: Option<String>,
    pub(crate) item_id: String,
    /// The index of the summary part or content part, for the two kinds of reasoning deltas.
    pub(crate) index: i64,
    pub(crate) text: String,
    pub(crate) emitted_at_ms: Option<i64>,
}

impl Delta {
    /// Converts to the typed notification. `turn_id` is used if the delta names no turn itself.
    pub(crate) fn into_typed(self, thread_id: &str, turn_id: &str) -> ServerNotification {
        let Self {
            kind,
            turn_id: own_turn_id,
            item_id,
            index,
            text,
            emitted_at_ms,
        } = self;
        let turn_id = own_turn_id.unwrap_or_else(|| turn_id.to_owned());
        macro_rules! typed {
            ($variant:ident($type:ident, $($argument:ident),+)) => {{
                let mut params = $type::new(thread_id, turn_id, item_id, $($argument),+);
                params.emitted_at_ms = emitted_at_ms;
                ServerNotification::$variant(params.into())
            }};
        }
        match kind {
            DeltaKind::AgentMessage => {
                typed!(AgentMessageDelta(AgentMessageDeltaNotification, text))
            }
            DeltaKind::Plan => typed!(PlanDelta(PlanDeltaNotification, text)),
            DeltaKind::CommandOutput => typed!(CommandExecutionOutputDelta(
                CommandExecutionOutputDeltaNotification,
                text
            )),
            DeltaKind::FileChangeOutput => typed!(FileChangeOutputDelta(
                FileChangeOutputDeltaNotification,
                text
            )),
            DeltaKind::ReasoningSummary => typed!(ReasoningSummaryTextDelta(
                ReasoningSummaryTextDeltaNotification,
                text,
                index
            )),
            DeltaKind::ReasoningText => typed!(ReasoningTextDelta(
                ReasoningTextDeltaNotification,
                index,
                text
            )),
        }
    }
}

/// A delta that borrows from the received message.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct DeltaRef<'a> {
    pub(crate) kind: DeltaKind,
    /// `None` if all deltas of the queue belong to one turn.
    pub(crate) turn_id: Option<&'a str>,
    pub(crate) item_id: &'a str,
    /// The index of the summary part or content part, for the two kinds of reasoning deltas.
    pub(crate) index: i64,
    pub(crate) text: &'a str,
    pub(crate) emitted_at_ms: Option<i64>,
}

impl<'a> DeltaRef<'a> {
    /// Creates a delta from these keys, without its turn. Returns `None` if the notification has
    /// unknown members, which a delta cannot represent.
    pub(crate) fn new(
        kind: DeltaKind,
        keys: &'a RoutingKeys<'_>,
        emitted_at_ms: Option<i64>,
    ) -> Option<Self> {
        if keys.more {
            return None;
        }
        Some(Self {
            kind,
            turn_id: None,
            item_id: keys.item_id.as_deref()?,
            index: kind.index(keys.summary_index, keys.content_index)?,
            text: keys.delta.as_deref()?,
            emitted_at_ms,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::envelope;

    #[test]
    fn a_delta_with_an_unknown_member_is_not_a_plain_delta() {
        let is_delta = |params: &str, method: &str| {
            let text = format!(r#"{{"method":"{method}","params":{params}}}"#);
            let envelope = envelope::parse(&text).unwrap();
            let kind = DeltaKind::of(method);
            kind.is_some_and(|kind| DeltaRef::new(kind, &envelope.keys, None).is_some())
        };
        let plain = r#"{"threadId":"t","turnId":"u","itemId":"i","delta":"x"}"#;
        assert!(is_delta(plain, "item/plan/delta"));
        assert!(!is_delta(plain, "item/reasoning/textDelta"));
        assert!(!is_delta(plain, "item/future/delta"));
        let more = r#"{"threadId":"t","turnId":"u","itemId":"i","delta":"x","new":1}"#;
        assert!(!is_delta(more, "item/plan/delta"));
    }
}
