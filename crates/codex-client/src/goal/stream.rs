//! The events of a goal.

use std::{
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll, ready},
};

use codex_types::ServerNotification;

use crate::{
    client::Codex,
    error::Result,
    goal::result::{GoalResult, outcome},
    routing::{
        goal_tracker::{GoalEnd, GoalEvent, GoalTracker},
        turn_log::{EarlyEnd, TurnEnd, TurnReader},
    },
    rpc::decoder::Decoder,
    stream::stream,
};

/// The events of all turns of a goal, returned by
/// [`GoalHandle::stream`](crate::GoalHandle::stream).
///
/// ```no_run
/// use codex_client::{Result, Thread, types::ServerNotification};
///
/// async fn example(thread: &Thread) -> Result<()> {
///     let goal = thread.goal_start("All tests pass.").await?;
///     let mut events = goal.stream();
///     while let Some(event) = events.next().await {
///         match event? {
///             ServerNotification::TurnStarted(started) => println!("turn {}", started.turn.id),
///             ServerNotification::AgentMessageDelta(delta) => print!("{}", delta.delta),
///             _ => {}
///         }
///     }
///     let result = events.result().await?;
///     println!("{:?} after {} turns", result.status(), result.turns.len());
///     Ok(())
/// }
/// ```
///
/// Notifications about the goal itself (`thread/goal/updated`, `thread/goal/cleared`) are included.
/// The stream ends when the goal stops, or with [`Closed`](crate::Error::Closed) if the connection
/// ended first, or with [`TurnDetached`](crate::Error::TurnDetached) if the thread was closed or
/// unsubscribed from, or became inactive without an end of the running turn, or without a further
/// turn although the goal is active or has a status that is not recognized, or with
/// [`TurnTimeout`](crate::Error::TurnTimeout) if the goal exceeded its
/// [idle timeout](crate::GoalHandle::idle_timeout). A [`Decode`](crate::Error::Decode) does not end
/// the stream: it reports that a part of the previous event, or a whole message, could not be
/// decoded, and the next event follows.
///
/// A reader that falls behind loses nothing; it receives adjacent deltas of an item merged into
/// one.
#[derive(Debug)]
pub struct GoalStream {
    /// Keeps the connection open while the goal is read.
    _codex: Codex,
    goal: Arc<GoalTracker>,
    /// The number of the event that is being read or will be read next.
    next: usize,
    turn: Option<TurnReader>,
    decoder: Decoder,
    has_ended: bool,
}

impl GoalStream {
    pub(crate) fn new(codex: Codex, goal: Arc<GoalTracker>) -> Self {
        Self {
            _codex: codex,
            next: goal.begin_stream(),
            goal,
            turn: None,
            decoder: Decoder::default(),
            has_ended: false,
        }
    }

    /// Waits until the goal stops, skips the unread events, and collects the result.
    ///
    /// # Errors
    ///
    /// Same as [`GoalHandle::run`](crate::GoalHandle::run).
    pub async fn result(self) -> Result<GoalResult> {
        let end = poll_fn(|context| self.goal.poll_end(context)).await;
        outcome(&self.goal, end)
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<ServerNotification>>> {
        if let Some(error) = self.decoder.next_error() {
            return Poll::Ready(Some(Err(error)));
        }
        loop {
            if self.has_ended {
                return Poll::Ready(None);
            }
            let end = match &mut self.turn {
                Some(turn) => match ready!(turn.poll(context)) {
                    Ok(event) => {
                        let log = turn.log();
                        let event = event.decode(&mut self.decoder, log.thread_id(), log.turn_id());
                        return Poll::Ready(Some(event));
                    }
                    Err(TurnEnd::Early(why))
                        if matches!(why, EarlyEnd::Closed(_)) || self.goal.has_ended_early() =>
                    {
                        GoalEnd::Early(why)
                    }
                    // The goal goes on after a turn whose end is not known.
                    Err(
                        TurnEnd::Completed
                        | TurnEnd::Failed
                        | TurnEnd::Silent(_)
                        | TurnEnd::Early(_),
                    ) => {
                        self.advance();
                        continue;
                    }
                },
                None => match ready!(self.goal.poll_event(self.next, context)) {
                    Ok(GoalEvent::Turn(log)) => {
                        self.turn = Some(log.reader());
                        continue;
                    }
                    Ok(GoalEvent::Notification(notification)) => {
                        self.advance();
                        return Poll::Ready(Some(self.decoder.decode(&notification)));
                    }
                    Err(end) => end,
                },
            };
            self.has_ended = true;
            return Poll::Ready(outcome(&self.goal, end).err().map(Err));
        }
    }

    /// Moves on to the next event.
    fn advance(&mut self) {
        self.turn = None;
        self.next += 1;
        self.goal.delivered(self.next);
    }
}

stream! {
    /// Returns the next event, or `None` once the goal has stopped.
    GoalStream => Result<ServerNotification>
}
