//! Notifications as they were received: classified, not decoded.

use std::{borrow::Cow, fmt, ops::Range};

use crate::rpc::envelope::{Envelope, RoutingKeys};

/// A received notification, still the text that came.
#[derive(PartialEq)]
pub(crate) struct RawNotification {
    text: String,
    method: Range<usize>,
    params: Option<Range<usize>>,
    emitted_at_ms: Option<i64>,
}

/// Where the parts of a notification stand in its text.
#[derive(Debug)]
pub(crate) struct Shape {
    /// `Err` for a name with escapes: no known server writes one.
    method: Result<Range<usize>, String>,
    params: Option<Range<usize>>,
    emitted_at_ms: Option<i64>,
}

impl Shape {
    /// The shape of the text that `head` was taken from.
    pub(crate) fn of(text: &str, envelope: &Envelope<'_>) -> Self {
        Self {
            method: match &envelope.method {
                Some(Cow::Borrowed(method)) => {
                    // Where the borrowed name stands in the text that it borrows from.
                    let start = method.as_ptr() as usize - text.as_ptr() as usize;
                    Ok(start..start + method.len())
                }
                Some(Cow::Owned(method)) => Err(method.clone()),
                None => Ok(0..0),
            },
            params: envelope.params.clone(),
            emitted_at_ms: envelope.emitted_at_ms,
        }
    }
}

impl RawNotification {
    /// Keeps a notification of this shape.
    pub(crate) fn new(text: Cow<'_, str>, shape: Shape) -> Self {
        match shape.method {
            Ok(method) => Self {
                method,
                params: shape.params,
                emitted_at_ms: shape.emitted_at_ms,
                text: text.into_owned(),
            },
            Err(method) => {
                let params = shape.params.map_or("", |at| &text[at]);
                Self::from_parts(&method, params, shape.emitted_at_ms)
            }
        }
    }

    fn from_parts(method: &str, params: &str, emitted_at_ms: Option<i64>) -> Self {
        Self {
            text: [method, params].concat(),
            method: 0..method.len(),
            params: (!params.is_empty()).then_some(method.len()..method.len() + params.len()),
            emitted_at_ms,
        }
    }

    pub(crate) fn method(&self) -> &str {
        &self.text[self.method.clone()]
    }

    /// The undecoded params.
    pub(crate) fn params(&self) -> Option<&str> {
        self.params.clone().map(|at| &self.text[at])
    }

    pub(crate) fn emitted_at_ms(&self) -> Option<i64> {
        self.emitted_at_ms
    }

    /// Roughly how much memory it takes, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.text.len() + size_of::<Self>()
    }
}

impl fmt::Debug for RawNotification {
    /// Without the contents, which may be large or secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RawNotification")
            .field(&self.method())
            .finish()
    }
}

/// The notifications that are a piece of text for an item and nothing else.
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
    /// The kind of a notification. `None` also for one with members that are not known: it is kept
    /// as it came.
    pub(crate) fn of(method: &str, keys: &RoutingKeys<'_>) -> Option<Self> {
        if keys.more || keys.delta.is_none() || keys.item_id.is_none() {
            return None;
        }
        Self::ALL.into_iter().find(|kind| {
            let (name, index) = kind.names();
            name == method && index.is_some() == keys.index.is_some()
        })
    }

    const ALL: [Self; 6] = [
        Self::AgentMessage,
        Self::CommandOutput,
        Self::ReasoningSummary,
        Self::ReasoningText,
        Self::Plan,
        Self::FileChangeOutput,
    ];

    /// The method, and the member that says which part of the item is meant.
    fn names(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::AgentMessage => ("item/agentMessage/delta", None),
            Self::Plan => ("item/plan/delta", None),
            Self::CommandOutput => ("item/commandExecution/outputDelta", None),
            Self::FileChangeOutput => ("item/fileChange/outputDelta", None),
            Self::ReasoningSummary => ("item/reasoning/summaryTextDelta", Some("summaryIndex")),
            Self::ReasoningText => ("item/reasoning/textDelta", Some("contentIndex")),
        }
    }
}

/// A piece of text for an item, as it is read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Delta {
    pub(crate) kind: DeltaKind,
    /// Empty where all are of one turn.
    pub(crate) turn_id: String,
    pub(crate) item_id: String,
    /// Which summary or content part, for the two kinds of reasoning.
    pub(crate) index: i64,
    pub(crate) text: String,
    pub(crate) emitted_at_ms: Option<i64>,
}

impl Delta {
    /// The notification that it came as.
    pub(crate) fn to_notification(&self, thread_id: &str, turn_id: &str) -> RawNotification {
        let (method, index) = self.kind.names();
        let mut params = serde_json::json!({
            "threadId": thread_id,
            "turnId": turn_id,
            "itemId": self.item_id,
            "delta": self.text,
        });
        if let Some(index) = index {
            params[index] = self.index.into();
        }
        RawNotification::from_parts(method, &params.to_string(), self.emitted_at_ms)
    }
}

/// A piece of text for an item, as it is received.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct DeltaRef<'a> {
    pub(crate) kind: DeltaKind,
    /// Empty where all are of one turn.
    pub(crate) turn_id: &'a str,
    pub(crate) item_id: &'a str,
    /// Which summary or content part, for the two kinds of reasoning.
    pub(crate) index: i64,
    pub(crate) text: &'a str,
    pub(crate) emitted_at_ms: Option<i64>,
}

impl<'a> DeltaRef<'a> {
    /// The delta that a notification is, if it is one, as of a turn that needs no name.
    pub(crate) fn of(envelope: &'a Envelope<'_>) -> Option<Self> {
        let kind = DeltaKind::of(envelope.method.as_deref()?, &envelope.keys)?;
        Some(Self {
            kind,
            turn_id: "",
            item_id: envelope.keys.item_id.as_deref()?,
            index: envelope.keys.index.unwrap_or_default(),
            text: envelope.keys.delta.as_deref()?,
            emitted_at_ms: envelope.emitted_at_ms,
        })
    }
}

#[cfg(test)]
pub(crate) fn notification(text: &str) -> RawNotification {
    let envelope = crate::rpc::envelope::envelope(text).unwrap();
    RawNotification::new(text.into(), Shape::of(text, &envelope))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::envelope;

    #[test]
    fn a_note_knows_its_method_and_params() {
        for method in ["turn/started", r"turn\/started"] {
            let notification = notification(&format!(
                r#"{{"method":"{method}","params":{{"a":1}},"emittedAtMs":3}}"#
            ));
            assert_eq!(notification.method(), "turn/started");
            assert_eq!(notification.params(), Some(r#"{"a":1}"#));
            assert_eq!(notification.emitted_at_ms(), Some(3));
        }
        assert_eq!(notification(r#"{"method":"x"}"#).params(), None);
    }

    #[test]
    fn a_delta_with_a_member_that_is_not_known_is_no_plain_delta() {
        let kind = |params: &str, method: &str| {
            let text = format!(r#"{{"method":"{method}","params":{params}}}"#);
            let envelope = envelope::envelope(&text).unwrap();
            DeltaKind::of(method, &envelope.keys)
        };
        let plain = r#"{"threadId":"t","turnId":"u","itemId":"i","delta":"x"}"#;
        assert_eq!(kind(plain, "item/plan/delta"), Some(DeltaKind::Plan));
        assert_eq!(kind(plain, "item/reasoning/textDelta"), None);
        assert_eq!(kind(plain, "item/future/delta"), None);
        let more = r#"{"threadId":"t","turnId":"u","itemId":"i","delta":"x","new":1}"#;
        assert_eq!(kind(more, "item/plan/delta"), None);
    }
}
