//! The notifications that the result of a turn is made from.

use std::sync::Arc;

use codex_types::{
    ItemCompletedNotification, ThreadTokenUsageUpdatedNotification, Turn,
    TurnCompletedNotification, TurnStatus,
};

use crate::{
    error::{Error, Result},
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
        self.completed.as_ref()?.decode_params().ok()
    }

    /// Decodes the result of a turn that has ended. A failed turn is an error.
    pub(crate) fn result(&self) -> Result<TurnResult> {
        if self.completed.is_none() {
            return Err(Error::InvalidInput("the turn has not ended".into()));
        }
        let result = self.partial_result("")?;
        match result.status {
            TurnStatus::Failed => Err(Error::TurnFailed(Box::new(result))),
            _ => Ok(result),
        }
    }

    /// Decodes the result so far of the turn with this id.
    pub(crate) fn partial_result(&self, turn_id: &str) -> Result<TurnResult> {
        let turn = match &self.completed {
            Some(completed) => completed.decode_params::<TurnCompletedNotification>()?.turn,
            None => Turn::new(turn_id, Vec::new(), TurnStatus::InProgress),
        };
        let items = self.items.iter().map(|notification| {
            let completed: ItemCompletedNotification = notification.decode_params()?;
            Ok(completed.item)
        });
        let items = items.collect::<Result<_>>()?;
        let usage = self.usage.as_ref().map(|notification| {
            let updated: ThreadTokenUsageUpdatedNotification = notification.decode_params()?;
            Ok::<_, Error>(updated.token_usage)
        });
        Ok(TurnResult::new(turn, items, usage.transpose()?))
    }
}
