//! The end of a log, and the result or the error of the turn.

use std::{
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use codex_types::TurnStatus;

use super::{EarlyEnd, TurnEnd, TurnLog};
use crate::{
    error::{
        Error, Result,
        connection_closed::ConnectionClosed,
        decode_error::DecodeError,
        turn_detached::{DetachReason, TurnDetached},
        turn_timeout::TurnTimeout,
    },
    turn_result::TurnResult,
};

impl TurnLog {
    /// Ends the log without a `turn/completed`. A log that has ended is not changed.
    pub(crate) fn end_early(&self, early_end: EarlyEnd) {
        self.end_with(TurnEnd::Early(early_end));
    }

    /// Ends the log of a turn that has failed although the server does not report its end.
    pub(crate) fn end_failed(&self) {
        self.end_with(TurnEnd::Failed);
    }

    /// Ends the log of a turn that is silent even after it was interrupted.
    pub(crate) fn end_silent(&self, idle_timeout: Duration) {
        self.end_with(TurnEnd::Silent(idle_timeout));
    }

    fn end_with(&self, end: TurnEnd) {
        self.joined()
            .iter()
            .for_each(|log| log.end_with(end.clone()));
        let mut wakes = Vec::new();
        {
            let mut state = self.lock();
            state.span.end(match &end {
                TurnEnd::Completed => "completed",
                TurnEnd::Early(EarlyEnd::Closed(_)) => "closed",
                TurnEnd::Early(EarlyEnd::Detached(_)) => "detached",
                TurnEnd::Failed => "failed",
                TurnEnd::Silent(_) => "silent",
            });
            state.end.get_or_insert(end);
            for slot in state.slots.iter_mut().flatten() {
                slot.readers.drain_into(&mut wakes);
            }
            state.waiters.drain_into(&mut wakes);
        }
        wakes.into_iter().for_each(Waker::wake);
    }

    /// Returns the reason why no more events follow; `None` if more may follow.
    pub(crate) fn end(&self) -> Option<TurnEnd> {
        self.lock().end.clone()
    }

    /// Polls for the end, without taking events.
    pub(crate) fn poll_end(&self, context: &mut Context<'_>) -> Poll<TurnEnd> {
        let mut state = self.lock();
        if let Some(end) = &state.end {
            return Poll::Ready(end.clone());
        }
        state.waiters.register(context);
        Poll::Pending
    }

    /// Returns the result of a turn whose events have ended for this reason.
    pub(crate) fn result(&self, end: TurnEnd) -> Result<TurnResult> {
        match self.end_error(end) {
            Some(error) => Err(error),
            None => self.completed_result(),
        }
    }

    /// Returns the error of a turn that has completed, if it failed. Decodes no items otherwise.
    pub(crate) fn failure(&self) -> Option<Error> {
        let status = self.record().completed().map(|it| it.turn.status);
        match status {
            Some(TurnStatus::Completed | TurnStatus::Interrupted) => None,
            _ => self.completed_result().err(),
        }
    }

    /// Returns the result of a turn that has completed. An end that cannot be read does not take
    /// the rest of the result with it.
    fn completed_result(&self) -> Result<TurnResult> {
        self.record().result().map_err(|error| match error {
            Error::Decode(error) => {
                let mut partial = self.partial();
                let is_end = |it: &DecodeError| it.method == error.method;
                if !partial.unreadable.iter().any(is_end) {
                    partial.unreadable.push(Arc::unwrap_or_clone(error));
                }
                self.detached(DetachReason::UnreadableEnd, partial)
            }
            other => other,
        })
    }

    /// Returns the error of a turn whose events have ended for this reason; `None` if the turn has
    /// a result or failed.
    pub(crate) fn end_error(&self, end: TurnEnd) -> Option<Error> {
        match end {
            TurnEnd::Early(early_end) => Some(self.early_end_error(early_end)),
            TurnEnd::Silent(idle_timeout) => Some(self.silence_error(idle_timeout)),
            TurnEnd::Failed => {
                let mut result = self.partial();
                result.status = TurnStatus::Failed;
                let last = result.last_error.as_ref();
                result.error = last.map(|last| last.error.clone());
                Some(Error::TurnFailed(Box::new(result)))
            }
            TurnEnd::Completed => {
                let idle_timeout = self.lock().interrupted_after?;
                let completed = self.record().completed()?;
                // Otherwise, the turn had ended on its own before the interrupt.
                let was_interrupted = completed.turn.status == TurnStatus::Interrupted;
                was_interrupted.then(|| self.silence_error(idle_timeout))
            }
        }
    }

    /// Returns the error of a turn that exceeded this idle timeout.
    pub(crate) fn silence_error(&self, idle_timeout: Duration) -> Error {
        Error::TurnTimeout(Box::new(TurnTimeout {
            thread_id: self.thread_id.clone(),
            turn_id: Some(self.turn_id().to_owned()),
            after: idle_timeout,
            was_silent: true,
            partial: Some(self.partial()),
        }))
    }

    /// Returns the error of a turn whose events have ended early.
    pub(crate) fn early_end_error(&self, early_end: EarlyEnd) -> Error {
        let partial = self.partial();
        match early_end {
            EarlyEnd::Closed(closed) => Error::Closed(Arc::new(ConnectionClosed {
                partial: Some(Box::new(partial)),
                ..ConnectionClosed::clone(&closed)
            })),
            EarlyEnd::Detached(reason) => self.detached(reason, partial),
        }
    }

    fn detached(&self, reason: DetachReason, partial: TurnResult) -> Error {
        Error::TurnDetached(Box::new(TurnDetached {
            thread_id: self.thread_id.clone(),
            turn_id: Some(self.turn_id().to_owned()),
            reason,
            partial: Some(partial),
        }))
    }
}
