//! The notifications that the result of a turn is made from.

use std::sync::Arc;

use codex_types::{
    ItemCompletedNotification, ThreadTokenUsageUpdatedNotification, Turn,
    TurnCompletedNotification, TurnStatus,
};
use serde::de::DeserializeOwned;

use crate::{
    error::{Error, Result, decode_error::DecodeError},
    rpc::raw_notification::{NotificationKind, RawNotification},
    turn_result::TurnResult,
};

/// The notifications that the result of a turn is made from, as received.
#[derive(Debug, Clone, Default)]
pub(crate) struct TurnRecord {
    /// Each `item/completed`, in order.
    items: Vec<Arc<RawNotification>>,
    /// The last `thread/tokenUsage/updated`.
    usage: Option<Arc<RawNotification>>,
    /// The `turn/completed`.
    completed: Option<Arc<RawNotification>>,
}

impl TurnRecord {
    /// Adds a notification of the turn. Ignores those that the result is not made from.
    pub(crate) fn add(&mut self, notification: &Arc<RawNotification>) {
        match notification.kind() {
            NotificationKind::ItemCompleted => self.items.push(Arc::clone(notification)),
            NotificationKind::TokenUsageUpdated => self.usage = Some(Arc::clone(notification)),
            NotificationKind::TurnCompleted => self.completed = Some(Arc::clone(notification)),
            _ => {}
        }
    }

    /// Decodes the `turn/completed`, if it was received and can be read.
    pub(crate) fn completed(&self) -> Option<TurnCompletedNotification> {
        let completed = self.completed.as_ref()?;
        completed.decode_params_around(&mut Vec::new()).ok()
    }

    /// Decodes the result of a turn that has ended. A failed turn is an error.
    pub(crate) fn result(&self) -> Result<TurnResult> {
        let Some(completed) = &self.completed else {
            return Err(Error::InvalidInput("the turn has not ended".into()));
        };
        let mut unreadable = Vec::new();
        let turn: TurnCompletedNotification = completed.decode_params_around(&mut unreadable)?;
        let result = self.collect(turn.turn, unreadable);
        match &result.status {
            TurnStatus::Failed => Err(Error::TurnFailed(Box::new(result))),
            TurnStatus::Unrecognized(status) if status.is_empty() => {
                let params = completed.params().unwrap_or_default();
                let reason = "Turn: missing field `status`";
                Err(DecodeError::at(Some(completed.method()), params, reason, 0).into())
            }
            _ => Ok(result),
        }
    }

    /// Decodes the result so far of the turn with this id.
    pub(crate) fn partial_result(&self, turn_id: &str) -> TurnResult {
        let mut unreadable = Vec::new();
        let completed = self.completed.as_ref();
        let completed = completed
            .and_then(|completed| read::<TurnCompletedNotification>(completed, &mut unreadable));
        let turn = match completed {
            Some(completed) => completed.turn,
            None => Turn::new(turn_id, Vec::new(), TurnStatus::InProgress),
        };
        self.collect(turn, unreadable)
    }

    /// Adds the items and the usage to a turn, as far as they can be read.
    fn collect(&self, turn: Turn, mut unreadable: Vec<DecodeError>) -> TurnResult {
        let items = self.items.iter();
        let items = items
            .filter_map(|item| read::<ItemCompletedNotification>(item, &mut unreadable))
            .map(|completed| completed.item)
            .collect();
        let usage = self.usage.as_ref();
        let usage = usage
            .and_then(|usage| read::<ThreadTokenUsageUpdatedNotification>(usage, &mut unreadable))
            .map(|updated| updated.token_usage);
        TurnResult {
            unreadable,
            ..TurnResult::new(turn, items, usage)
        }
    }
}

/// Decodes the params of a notification. The errors of the parts that cannot be read, or of the
/// whole, are added to `unreadable`.
fn read<T: DeserializeOwned>(
    notification: &RawNotification,
    unreadable: &mut Vec<DecodeError>,
) -> Option<T> {
    notification
        .decode_params_around(unreadable)
        .map_err(|error| unreadable.push(error))
        .ok()
}
