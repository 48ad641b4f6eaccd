//! The notifications that the result of a turn is made from.

use std::sync::Arc;

use codex_types::{
    ErrorNotification, ItemCompletedNotification, Turn, TurnCompletedNotification, TurnStatus,
};

use crate::{
    error::{Error, Result, decode_error::DecodeError, turn_failure::waits_for_usage_limit},
    routing::{token_usage::UsageSpan, turn_agent::TurnAgents},
    rpc::raw_notification::{NotificationKind, RawNotification},
    turn_result::TurnResult,
};

/// The notifications that the result of a turn is made from, as received.
#[derive(Debug, Clone, Default)]
pub(crate) struct TurnRecord {
    /// Each `item/completed`, in order.
    items: Vec<Arc<RawNotification>>,
    /// The token usage of the thread.
    usage: Option<UsageSpan>,
    /// The sub-agents that have worked for the turn.
    pub(crate) agents: TurnAgents,
    /// The last `error`.
    error: Option<Arc<RawNotification>>,
    /// The `turn/completed`.
    completed: Option<Arc<RawNotification>>,
    /// The errors for whole messages that could not be read.
    unreadable: Vec<Arc<DecodeError>>,
}

impl TurnRecord {
    /// Adds a notification of the turn. Ignores those that the result is not made from.
    pub(crate) fn add(&mut self, notification: &Arc<RawNotification>) {
        match notification.kind() {
            NotificationKind::ItemCompleted => self.items.push(Arc::clone(notification)),
            NotificationKind::Error => self.error = Some(Arc::clone(notification)),
            NotificationKind::TurnCompleted => self.completed = Some(Arc::clone(notification)),
            _ => {}
        }
    }

    /// Drops the completed items.
    pub(crate) fn drop_items(&mut self) {
        self.items = Vec::new();
    }

    /// Adds a report of the token usage of the thread. `before` is the report that precedes it.
    pub(crate) fn add_usage(
        &mut self,
        before: Option<&Arc<RawNotification>>,
        report: &Arc<RawNotification>,
    ) {
        self.usage = Some(match &self.usage {
            Some(span) => span.until(report),
            None => UsageSpan::new(before, report),
        });
    }

    /// Records that a message could not be read.
    pub(crate) fn add_unreadable(&mut self, error: Arc<DecodeError>) {
        self.unreadable.push(error);
    }

    /// Decodes the `turn/completed`, if it was received and can be read.
    pub(crate) fn completed(&self) -> Option<TurnCompletedNotification> {
        let completed = self.completed.as_ref()?;
        completed.decode_params_around(&mut Vec::new()).ok()
    }

    /// Whether the server waits for the end of a usage limit.
    pub(crate) fn waits_for_usage_limit(&self) -> bool {
        let error = self.error.as_ref();
        let error = error.and_then(|error| error.read());
        error.as_ref().is_some_and(waits_for_usage_limit)
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
        let completed = completed.and_then(|completed| {
            completed.read_reporting::<TurnCompletedNotification>(&mut unreadable)
        });
        let turn = match completed {
            Some(completed) => completed.turn,
            None => Turn::new(turn_id, Vec::new(), TurnStatus::InProgress),
        };
        let mut result = self.collect(turn, unreadable);
        if self.completed.is_none() {
            let is_final = |last: &&ErrorNotification| !last.will_retry;
            let last = result.last_error.as_ref().filter(is_final);
            result.error = last.map(|last| last.error.clone());
        }
        result
    }

    /// Adds the items, the usage and the last error to a turn, as far as they can be read.
    fn collect(&self, turn: Turn, mut unreadable: Vec<DecodeError>) -> TurnResult {
        let items = self.items.iter();
        let items = items
            .filter_map(|item| item.read_reporting::<ItemCompletedNotification>(&mut unreadable))
            .map(|completed| completed.item)
            .collect();
        let usage = self.usage.as_ref();
        let usage = usage.and_then(|span| span.read(&mut unreadable));
        let agents = self.agents.decode(&mut unreadable);
        let last_error = self.error.as_ref();
        let last_error =
            last_error.and_then(|error| error.read_reporting::<ErrorNotification>(&mut unreadable));
        let lost = self
            .unreadable
            .iter()
            .map(|error| DecodeError::clone(error));
        unreadable.extend(lost);
        TurnResult {
            unreadable,
            last_error,
            tokens: usage.as_ref().map(UsageSpan::tokens).unwrap_or_default(),
            agents,
            ..TurnResult::new(turn, items, usage.map(|span| span.last))
        }
    }
}
