//! The notifications that the result of a turn is made from.

use std::sync::Arc;

use codex_types::{
    ErrorNotification, ItemCompletedNotification, ThreadTokenUsage,
    ThreadTokenUsageUpdatedNotification, Turn, TurnCompletedNotification, TurnStatus,
};
use serde::de::DeserializeOwned;

use crate::{
    error::{Error, Result, decode_error::DecodeError, turn_failure::waits_for_usage_limit},
    routing::token_usage::UsageSpan,
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
    /// The token usage of the sub-agents, by their threads.
    agent_usages: Vec<(Box<str>, UsageSpan)>,
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

    /// Adds a report of the token usage of the thread, or of the thread of a sub-agent. `before` is
    /// the report on the same thread that precedes it.
    pub(crate) fn add_usage(
        &mut self,
        agent: Option<&str>,
        before: Option<&Arc<RawNotification>>,
        report: &Arc<RawNotification>,
    ) {
        let span = match agent {
            None => self.usage.as_mut(),
            Some(agent) => {
                let mut known = self.agent_usages.iter_mut();
                known.find(|(id, _)| **id == *agent).map(|(_, span)| span)
            }
        };
        match (span, agent) {
            (Some(span), _) => span.last = Arc::clone(report),
            (None, None) => self.usage = Some(UsageSpan::new(before, report)),
            (None, Some(agent)) => {
                let span = UsageSpan::new(before, report);
                self.agent_usages.push((agent.into(), span));
            }
        }
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
        let error = error.and_then(|error| read(error, &mut Vec::new()));
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
        let completed = completed
            .and_then(|completed| read::<TurnCompletedNotification>(completed, &mut unreadable));
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
            .filter_map(|item| read::<ItemCompletedNotification>(item, &mut unreadable))
            .map(|completed| completed.item)
            .collect();
        let usage = self.usage.as_ref();
        let usage = usage.and_then(|span| read_span(span, &mut unreadable));
        let agents = self.agent_usages.iter();
        let agent_tokens = agents
            .filter_map(|(id, span)| {
                let span = read_span(span, &mut unreadable)?;
                Some((id.to_string(), span.tokens()))
            })
            .collect();
        let last_error = self.error.as_ref();
        let last_error =
            last_error.and_then(|error| read::<ErrorNotification>(error, &mut unreadable));
        let lost = self
            .unreadable
            .iter()
            .map(|error| DecodeError::clone(error));
        unreadable.extend(lost);
        TurnResult {
            unreadable,
            last_error,
            tokens: usage.as_ref().map(UsageSpan::tokens).unwrap_or_default(),
            agent_tokens,
            ..TurnResult::new(turn, items, usage.map(|span| span.last))
        }
    }
}

/// Decodes the reports of a span. A report that cannot be read is replaced with its neighbor.
fn read_span(
    span: &UsageSpan,
    unreadable: &mut Vec<DecodeError>,
) -> Option<UsageSpan<ThreadTokenUsage>> {
    let mut usage = |report: &Arc<RawNotification>| {
        read::<ThreadTokenUsageUpdatedNotification>(report, unreadable)
            .map(|report| report.token_usage)
    };
    let last = usage(&span.last)?;
    let first = match Arc::ptr_eq(&span.first, &span.last) {
        true => None,
        false => usage(&span.first),
    };
    Some(UsageSpan {
        before: span.before.as_ref().and_then(usage),
        first: first.unwrap_or_else(|| last.clone()),
        last,
    })
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
