//! The events of a goal.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use codex_types::ServerNotification;
use futures_core::Stream;

use crate::{
    codex::Codex,
    error::Result,
    goal::{handle::lost, result::GoalResult},
    routing::{
        decode,
        goal_tracker::{GoalEnd, GoalEvent, GoalTracker},
        turn_log::{End, TurnReader},
    },
};

/// The events of all turns of a goal; from [`GoalHandle::stream`](crate::goal::handle::GoalHandle::stream).
///
/// What the server tells about the goal between turns, or while one runs, is among them
/// (`thread/goal/updated`, `thread/goal/cleared`). It ends when the goal has come to rest, or with
/// [`ConnectionClosed`](crate::Error::Closed) if the connection ended before, or
/// [`TurnDetached`](crate::Error::TurnDetached) if nothing more will be told of the thread. A
/// [`Decode`](crate::Error::Decode) does not end it: that message could not be understood, and the
/// next one comes.
///
/// Nothing is lost on a reader that falls behind; it gets neighbouring deltas of an item as one.
#[derive(Debug)]
pub struct GoalStream {
    /// Keeps the connection open while the goal is followed.
    _codex: Codex,
    tracker: Arc<GoalTracker>,
    /// The event that is read, or is to be read next.
    event: usize,
    turn: Option<TurnReader>,
    ended: bool,
}

impl GoalStream {
    pub(crate) fn new(codex: Codex, tracker: Arc<GoalTracker>) -> Self {
        Self {
            _codex: codex,
            event: tracker.begin_stream(),
            tracker,
            turn: None,
            ended: false,
        }
    }

    /// The next event; `None` when the goal has come to rest. May be cancelled without losing any.
    pub async fn next(&mut self) -> Option<Result<ServerNotification>> {
        poll_fn(|context| self.poll(context)).await
    }

    /// Waits until the goal comes to rest, without the events that are still unread, and collects what
    /// it has come to.
    ///
    /// # Errors
    ///
    /// As [`GoalHandle::run`](crate::goal::handle::GoalHandle::run).
    pub async fn result(self) -> Result<GoalResult> {
        match poll_fn(|context| self.tracker.poll_end(context)).await {
            GoalEnd::Ended => GoalResult::collect(&self.tracker),
            GoalEnd::EarlyEnd(why) => Err(lost(&self.tracker, why)),
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<ServerNotification>>> {
        loop {
            if self.ended {
                return Poll::Ready(None);
            }
            let why = match &mut self.turn {
                Some(turn) => match std::task::ready!(turn.poll(context)) {
                    Ok(event) => {
                        let log = turn.log();
                        let event = decode::event(event, log.thread_id(), log.turn_id());
                        return Poll::Ready(Some(event));
                    }
                    Err(End::Completed) => {
                        self.turn_over();
                        continue;
                    }
                    Err(End::EarlyEnd(why)) => why,
                },
                None => match std::task::ready!(self.tracker.poll_event(self.event, context)) {
                    Ok(GoalEvent::Turn(log)) => {
                        self.turn = Some(log.reader());
                        continue;
                    }
                    Ok(GoalEvent::Notification(notification)) => {
                        self.turn_over();
                        return Poll::Ready(Some(decode::notification(&notification)));
                    }
                    Err(GoalEnd::Ended) => {
                        self.ended = true;
                        continue;
                    }
                    Err(GoalEnd::EarlyEnd(why)) => why,
                },
            };
            self.ended = true;
            return Poll::Ready(Some(Err(lost(&self.tracker, why))));
        }
    }

    fn turn_over(&mut self) {
        self.turn = None;
        self.event += 1;
        self.tracker.told(self.event);
    }
}

impl Stream for GoalStream {
    type Item = Result<ServerNotification>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(context)
    }
}
