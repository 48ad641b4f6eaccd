//! From what was received to what is handed over.

use codex_types::{
    AgentMessageDeltaNotification, CommandExecutionOutputDeltaNotification,
    FileChangeOutputDeltaNotification, PlanDeltaNotification,
    ReasoningSummaryTextDeltaNotification, ReasoningTextDeltaNotification, ServerNotification,
};
use serde::de::DeserializeOwned;

use crate::{
    error::{Result, decode_error::DecodeError},
    routing::delta_queue::Event,
    rpc::raw_notification::{Delta, DeltaKind, RawNotification},
};

/// An event of a turn. Of one that names its turn itself, `turn_id` is not used.
pub(crate) fn event(event: Event, thread_id: &str, turn_id: &str) -> Result<ServerNotification> {
    match event {
        Event::Notification(notification) => self::notification(&notification),
        Event::Delta(event) => Ok(delta(event, thread_id, turn_id)),
    }
}

/// Any notification. One with a method that is not known is not an error.
pub(crate) fn notification(notification: &RawNotification) -> Result<ServerNotification> {
    let malformed = |error| {
        let params = notification.params().unwrap_or_default();
        DecodeError::new(Some(notification.method()), params, &error)
    };
    ServerNotification::decode_text(
        notification.method(),
        notification.params(),
        notification.emitted_at_ms(),
    )
    .map_err(|error| malformed(error.source).into())
}

/// The params of a notification whose method is known.
pub(crate) fn params<T: DeserializeOwned>(notification: &RawNotification) -> Result<T> {
    let params = notification.params().unwrap_or("{}");
    serde_json::from_str(params)
        .map_err(|error| DecodeError::new(Some(notification.method()), params, &error).into())
}

fn delta(delta: Delta, thread_id: &str, turn_id: &str) -> ServerNotification {
    let Delta {
        kind,
        turn_id: own_turn_id,
        item_id,
        index,
        text,
        emitted_at_ms,
    } = delta;
    let turn_id = if own_turn_id.is_empty() {
        turn_id.to_owned()
    } else {
        own_turn_id
    };
    macro_rules! notification {
        ($variant:ident($type:ident, $($argument:ident),+)) => {{
            let mut params = $type::new(thread_id, turn_id, item_id, $($argument),+);
            params.emitted_at_ms = emitted_at_ms;
            ServerNotification::$variant(params.into())
        }};
    }
    match kind {
        DeltaKind::AgentMessage => {
            notification!(AgentMessageDelta(AgentMessageDeltaNotification, text))
        }
        DeltaKind::Plan => notification!(PlanDelta(PlanDeltaNotification, text)),
        DeltaKind::CommandOutput => {
            notification!(CommandExecutionOutputDelta(
                CommandExecutionOutputDeltaNotification,
                text
            ))
        }
        DeltaKind::FileChangeOutput => {
            notification!(FileChangeOutputDelta(
                FileChangeOutputDeltaNotification,
                text
            ))
        }
        DeltaKind::ReasoningSummary => notification!(ReasoningSummaryTextDelta(
            ReasoningSummaryTextDeltaNotification,
            text,
            index
        )),
        DeltaKind::ReasoningText => {
            notification!(ReasoningTextDelta(
                ReasoningTextDeltaNotification,
                index,
                text
            ))
        }
    }
}
