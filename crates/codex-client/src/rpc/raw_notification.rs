//! Notifications as received: classified but not decoded.

use std::fmt;

use codex_types::ServerNotification;
use serde::de::DeserializeOwned;

use crate::{
    error::{Result, decode_error::DecodeError},
    rpc::{
        decode_around::decode_around,
        delta::{Delta, DeltaKind},
        envelope::{self, Header},
        line_text::{LineText, OwnedText},
    },
};

/// The notifications that the client itself acts on. A message is classified only once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotificationKind {
    Delta(DeltaKind),
    Error,
    ExecOutputDelta,
    FileChangePatchUpdated,
    FsChanged,
    GoalCleared,
    GoalUpdated,
    ItemCompleted,
    ItemStarted,
    LoginCompleted,
    RequestResolved,
    /// The thread was closed, archived or deleted.
    ThreadEnded,
    ThreadSettingsUpdated,
    ThreadStatusChanged,
    TokenUsageUpdated,
    TurnCompleted,
    TurnStarted,
    Other,
}

impl NotificationKind {
    /// Classifies a method.
    pub(crate) fn of(method: &str) -> Self {
        if let Some(kind) = DeltaKind::of(method) {
            return Self::Delta(kind);
        }
        match method {
            "account/login/completed" => Self::LoginCompleted,
            "command/exec/outputDelta" => Self::ExecOutputDelta,
            "error" => Self::Error,
            "fs/changed" => Self::FsChanged,
            "item/completed" => Self::ItemCompleted,
            "item/fileChange/patchUpdated" => Self::FileChangePatchUpdated,
            "item/started" => Self::ItemStarted,
            "serverRequest/resolved" => Self::RequestResolved,
            "thread/archived" | "thread/closed" | "thread/deleted" => Self::ThreadEnded,
            "thread/goal/cleared" => Self::GoalCleared,
            "thread/goal/updated" => Self::GoalUpdated,
            "thread/settings/updated" => Self::ThreadSettingsUpdated,
            "thread/status/changed" => Self::ThreadStatusChanged,
            "thread/tokenUsage/updated" => Self::TokenUsageUpdated,
            "turn/completed" => Self::TurnCompleted,
            "turn/started" => Self::TurnStarted,
            _ => Self::Other,
        }
    }
}

/// A received notification, still in the form of its text.
#[derive(PartialEq)]
pub(crate) struct RawNotification {
    text: OwnedText,
    header: Header,
    kind: NotificationKind,
}

impl RawNotification {
    /// `header` locates the parts of the notification within the text.
    pub(crate) fn new(text: LineText<'_>, header: Header, kind: NotificationKind) -> Self {
        Self {
            text: text.into_owned(),
            header,
            kind,
        }
    }

    /// Converts a delta back to a notification.
    pub(crate) fn from_delta(delta: Delta, thread_id: &str, turn_id: &str) -> Option<Self> {
        let kind = NotificationKind::Delta(delta.kind);
        let text = serde_json::to_string(&delta.into_typed(thread_id, turn_id)).ok()?;
        let header = envelope::parse(&text)?.header;
        Some(Self::new(text.into(), header, kind))
    }

    pub(crate) fn kind(&self) -> NotificationKind {
        self.kind
    }

    pub(crate) fn method(&self) -> &str {
        let method = self.header.method.clone();
        method.map_or("", |range| &self.text[range])
    }

    /// Returns the undecoded params.
    pub(crate) fn params(&self) -> Option<&str> {
        let params = self.header.params.clone();
        params.map(|range| &self.text[range])
    }

    pub(crate) fn emitted_at_ms(&self) -> Option<i64> {
        self.header.emitted_at_ms
    }

    /// Returns the approximate size in memory, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.text.len() + size_of::<Self>()
    }

    /// Decodes the notification. An unknown method is not an error. Errors for parts that cannot be
    /// read are added to `unreadable`.
    pub(crate) fn decode(&self, unreadable: &mut Vec<DecodeError>) -> Result<ServerNotification> {
        let (method, params) = (self.method(), self.params());
        let decode = || {
            ServerNotification::decode_text(method, params, self.emitted_at_ms())
                .map_err(|error| error.source)
        };
        Ok(decode_around(
            method,
            params.unwrap_or_default(),
            decode,
            unreadable,
        )?)
    }

    /// Decodes the params of a notification of a known kind.
    pub(crate) fn decode_params<T: DeserializeOwned>(&self) -> Result<T> {
        let params = self.params().unwrap_or("{}");
        serde_json::from_str(params)
            .map_err(|error| DecodeError::new(Some(self.method()), params, &error).into())
    }

    /// Decodes the params of a notification of a known kind. Errors for parts that cannot be read
    /// are added to `unreadable`.
    pub(crate) fn decode_params_around<T: DeserializeOwned>(
        &self,
        unreadable: &mut Vec<DecodeError>,
    ) -> Result<T, DecodeError> {
        let params = self.params().unwrap_or("{}");
        decode_around(
            self.method(),
            params,
            || serde_json::from_str(params),
            unreadable,
        )
    }

    /// Decodes the params of a notification of a known kind, as far as they can be read.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Option<T> {
        self.read_reporting(&mut Vec::new())
    }

    /// Decodes the params of a notification of a known kind. The errors of the parts that cannot be
    /// read, or of the whole, are added to `unreadable`.
    pub(crate) fn read_reporting<T: DeserializeOwned>(
        &self,
        unreadable: &mut Vec<DecodeError>,
    ) -> Option<T> {
        self.decode_params_around(unreadable)
            .map_err(|error| unreadable.push(error))
            .ok()
    }
}

impl fmt::Debug for RawNotification {
    /// Omits the contents, which may be large or secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RawNotification")
            .field(&self.method())
            .finish()
    }
}

/// Parses a notification, for tests.
#[cfg(test)]
pub(crate) fn received(text: &str) -> (RawNotification, envelope::RoutingKeys<'static>) {
    let envelope = envelope::parse(text).unwrap();
    let method = &text[envelope.header.method.clone().unwrap()];
    let notification =
        RawNotification::new(text.into(), envelope.header, NotificationKind::of(method));
    (notification, envelope.keys.into_owned())
}

/// Parses a notification, for tests.
#[cfg(test)]
pub(crate) fn notification(text: &str) -> RawNotification {
    received(text).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notification_has_its_method_and_params() {
        let with_params =
            notification(r#"{"method":"turn/started","params":{"a":1},"emittedAtMs":3}"#);
        assert_eq!(with_params.method(), "turn/started");
        assert_eq!(with_params.kind(), NotificationKind::TurnStarted);
        assert_eq!(with_params.params(), Some(r#"{"a":1}"#));
        assert_eq!(with_params.emitted_at_ms(), Some(3));
        assert_eq!(notification(r#"{"method":"x"}"#).params(), None);
    }

    #[test]
    fn a_delta_converts_back_to_its_notification() {
        let delta = Delta {
            kind: DeltaKind::ReasoningText,
            turn_id: None,
            item_id: "i".to_owned(),
            index: 2,
            text: "a\"b".to_owned(),
            emitted_at_ms: Some(7),
        };
        let notification = RawNotification::from_delta(delta, "t", "u").unwrap();
        assert_eq!(notification.method(), "item/reasoning/textDelta");
        assert_eq!(notification.emitted_at_ms(), Some(7));
        let params: serde_json::Value =
            serde_json::from_str(notification.params().unwrap()).unwrap();
        let expected = serde_json::json!({
            "threadId": "t", "turnId": "u", "itemId": "i", "contentIndex": 2, "delta": "a\"b",
        });
        assert_eq!(params, expected);
    }
}
