//! Acting on a turn while it runs.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::{Context, Poll},
    time::Duration,
};

use codex_types::{Request, TurnInterruptParams, TurnSteerParams};
use tokio::time::{Instant, timeout};

use crate::{
    error::{Error, Result, rpc_error::RpcErrorKind},
    input::Input,
    routing::turn_log::{EarlyEnd, End, TurnReader},
    thread::Thread,
    turn::handle::TurnHandle,
};

impl<R> TurnHandle<R> {
    /// Says more to the model while it works (`turn/steer`).
    ///
    /// A turn that has not begun yet, since it was started just now, is steered when it has; to wait for
    /// that and to steer it takes no longer than a request may. Dropped while it waits, the model may have
    /// been told or not; the turn goes on.
    ///
    /// # Errors
    ///
    /// [`Rpc`](crate::Error::Rpc) with the kind
    /// [`NoActiveTurn`](crate::RpcErrorKind::NoActiveTurn) if this turn has ended, or
    /// [`TurnMismatch`](crate::RpcErrorKind::TurnMismatch) if another one is running; else as
    /// [`RequestBuilder::send`](crate::builder::RequestBuilder::send). [`Thread::steer_or_start`] starts a turn in that case.
    pub async fn steer(&self, input: impl Into<Input>) -> Result<()> {
        let params = TurnSteerParams::new(self.thread_id(), self.id(), input.into());
        self.ask(&params).await.map(drop)
    }

    /// Stops the turn (`turn/interrupt`). Returns when the server has taken it in, or when the turn
    /// has ended, whichever comes first; to see it end, go on with [`run`](Self::run) or a stream,
    /// whose result has the status `interrupted`. Programs that the turn left running in background
    /// terminals go on.
    ///
    /// A turn that has ended already is no error, also when it ends while it is being interrupted:
    /// its result says how. One that has not begun yet is stopped when it has. A server may leave a
    /// second interrupt unanswered; the end of the turn answers it. Dropped once it was sent, the turn
    /// is stopped all the same.
    ///
    /// # Errors
    ///
    /// [`Timeout`](crate::Error::Timeout) if neither the answer nor the end of the turn comes within
    /// the [time for a request](crate::builder::CodexBuilder::request_timeout), which is the time for all of
    /// this; [`Rpc`](crate::Error::Rpc) if the turn has not even begun by then; else as
    /// [`RequestBuilder::send`](crate::builder::RequestBuilder::send).
    pub async fn interrupt(&self) -> Result<()> {
        let mut end = self.log.bystander();
        let mut answer = pin!(async {
            let turn_id = self.running_id().await?;
            self.ask(&TurnInterruptParams::new(self.thread_id(), turn_id))
                .await
        });
        // The end first: a turn that is over is not asked to stop. One that nothing more is heard of
        // may be running, and all there is to wait for is the answer.
        let first = poll_fn(|context| match poll_end(&mut end, context) {
            Poll::Ready(End::Completed) => Poll::Ready(Ok(())),
            Poll::Ready(End::EarlyEnd(EarlyEnd::Closed(closed))) => {
                Poll::Ready(Err(Error::Closed(closed)))
            }
            Poll::Ready(End::EarlyEnd(EarlyEnd::Lost(_))) | Poll::Pending => {
                answer.as_mut().poll(context).map_ok(drop)
            }
        });
        match first.await {
            Err(error) if is_over(&error) && self.log.has_shown() => Ok(()),
            stopped => stopped,
        }
    }

    /// Asks something of the running turn.
    ///
    /// The server names a turn before it begins it, and until then says that nothing runs. So a
    /// refusal that may be due to that is not the last word: once the turn has begun, it is asked
    /// again. All of it has the time of one request.
    async fn ask<Q: Request>(&self, params: &Q) -> Result<Q::Response> {
        let connection = self.codex.connection();
        let (asked, patience) = (Instant::now(), connection.timeout());
        let left = || patience.map(|patience| patience.saturating_sub(asked.elapsed()));
        let had_begun = self.log.has_shown();
        let refused = match connection.call(params, patience).await {
            Err(error) if is_over(&error) && !had_begun => error,
            answer => return answer,
        };
        if !self.begins(left()).await {
            return Err(refused);
        }
        let answer = connection.call(params, left()).await;
        answer.map_err(|error| match (error, patience) {
            // Whoever waited has waited since the first time.
            (Error::Timeout { method, .. }, Some(after)) => Error::Timeout { method, after },
            (error, _) => error,
        })
    }

    /// The id by which the server knows the turn while it runs: a review has one of its own.
    async fn running_id(&self) -> Result<String> {
        let active = self.codex.connection().active_turn(self.thread_id());
        Ok(match active.await? {
            Some(running) if running.root == self.id() => running.id,
            _ => self.id().to_owned(),
        })
    }

    /// Waits for the turn to begin.
    async fn begins(&self, patience: Option<Duration>) -> bool {
        let mut events = self.log.listener();
        let begun = poll_fn(|context| events.poll(context).map(|event| event.is_ok()));
        if self.log.has_shown() {
            return true;
        }
        match patience {
            Some(patience) => timeout(patience, begun).await.unwrap_or(false),
            None => begun.await,
        }
    }
}

impl Thread {
    /// Says something in this thread, whatever state it is in: to the running turn if there is one
    /// (`turn/steer`), or else in a new turn (`turn/start`). Returns the turn that has taken it.
    ///
    /// What runs is known from the notifications of the server, whoever has started it. If the turn
    /// has ended by the time that the steer arrives, a turn is started after all. The events of a
    /// turn that was not started by this client begin about when it was joined.
    ///
    /// Dropped while it waits, it may have been said or not; nothing more is sent then.
    ///
    /// ```no_run
    /// # async fn example(thread: codex_client::Thread) -> codex_client::Result<()> {
    /// let turn = thread.steer_or_start("And keep the tests green.").await?;
    /// let result = turn.run().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`RequestBuilder::send`](crate::builder::RequestBuilder::send). A turn that cannot be steered, such as a review,
    /// refuses with [`Rpc`](crate::Error::Rpc).
    pub async fn steer_or_start(&self, input: impl Into<Input>) -> Result<TurnHandle> {
        let input = input.into();
        let connection = self.codex().connection();
        if let Some(running) = connection.active_turn(self.id()).await? {
            let params = TurnSteerParams::new(self.id(), running.id, input.clone());
            let steered = connection.call_for_turn(&params, connection.timeout(), self.id());
            match steered.await {
                Ok((_, log)) => return Ok(TurnHandle::new(self.codex().clone(), log, Ok)),
                Err(error) if is_over(&error) => {}
                Err(error) => return Err(error),
            }
        }
        self.turn(input).send().await
    }
}

/// Whether a refusal says that the turn does not run (any more).
fn is_over(error: &Error) -> bool {
    matches!(
        error.rpc_kind(),
        Some(RpcErrorKind::NoActiveTurn | RpcErrorKind::TurnMismatch)
    )
}

/// The end of a turn, without its events.
pub(crate) fn poll_end(reader: &mut TurnReader, context: &mut Context<'_>) -> Poll<End> {
    loop {
        match reader.poll(context) {
            Poll::Ready(Ok(_)) => {}
            Poll::Ready(Err(end)) => return Poll::Ready(end),
            Poll::Pending => return Poll::Pending,
        }
    }
}
