//! The calls of the client, and their deadlines.

use std::{future::Future, time::Duration};

use tokio::{
    task::{JoinError, JoinHandle},
    time::Instant,
};

use super::{
    outcome::Outcome,
    server::Server,
    stops::{Stopped, Stops},
};
use crate::{
    error::{Error, Result},
    turn_result::TurnResult,
};

/// The calls that were made.
#[derive(Default)]
pub(super) struct Calls {
    all: Vec<Call>,
    /// The turns that are to be interrupted.
    pub(super) stops: Stops,
}

struct Call {
    name: &'static str,
    task: JoinHandle<Option<Outcome>>,
    /// Whether the call may last as long as the connection, even if all turns have ended.
    is_open_ended: bool,
    is_aborted: bool,
    /// The input of a turn that is interrupted if the future is dropped.
    guarded: Option<String>,
}

impl Calls {
    /// Makes a call that ends within this time.
    pub(super) fn within<T: 'static>(
        &mut self,
        name: &'static str,
        limit: Duration,
        call: impl Future<Output = Result<T>> + Send + 'static,
    ) {
        self.add(name, false, async move {
            ends_within(name, limit, call).await.ok();
            None
        });
    }

    /// Makes a call that runs a turn, within this time if it is limited. `turn_id` is `None` if the
    /// call also starts the turn.
    pub(super) fn turn(
        &mut self,
        name: &'static str,
        limit: Option<Duration>,
        turn_id: Option<String>,
        call: impl Future<Output = Result<TurnResult>> + Send + 'static,
    ) {
        self.add(name, false, async move {
            let result = match limit {
                Some(limit) => ends_within(name, limit, call).await,
                None => call.await,
            };
            match result {
                Ok(result) => Some(Outcome::Result(result.into())),
                Err(Error::TurnFailed(result)) => Some(Outcome::Result(result)),
                Err(error) => turn_id.map(|turn_id| Outcome::Error { turn_id, error }),
            }
        });
    }

    /// Makes a call that may last as long as the connection.
    pub(super) fn open_ended(
        &mut self,
        name: &'static str,
        call: impl Future<Output = ()> + Send + 'static,
    ) {
        self.add(name, true, async move {
            call.await;
            None
        });
    }

    fn add(
        &mut self,
        name: &'static str,
        is_open_ended: bool,
        call: impl Future<Output = Option<Outcome>> + Send + 'static,
    ) {
        self.all.push(Call {
            name,
            task: tokio::spawn(call),
            is_open_ended,
            is_aborted: false,
            guarded: None,
        });
    }

    /// The turn with this input is interrupted if the future of the last call is dropped.
    pub(super) fn guard_last(&mut self, input: String) {
        if let Some(call) = self.all.last_mut() {
            call.guarded = Some(input);
        }
    }

    /// Drops the future of a call.
    pub(super) fn abort(&mut self, choose: impl FnOnce(&[()]) -> Option<usize>) {
        if let Some(index) = choose(&vec![(); self.all.len()]) {
            let call = &mut self.all[index];
            if !call.task.is_finished()
                && let Some(input) = call.guarded.take()
            {
                self.stops.add(Stopped::Input(input));
            }
            call.task.abort();
            call.is_aborted = true;
        }
    }

    /// Asserts that the calls have ended, open-ended ones only if `all` is set.
    pub(super) fn assert_ended(&self, all: bool) {
        for call in &self.all {
            let may_last = call.is_open_ended && !all;
            assert!(call.task.is_finished() || may_last, "`{}` hangs", call.name);
        }
    }

    /// Asserts that the outcomes of turns are what the server sent.
    pub(super) async fn assert_outcomes(&mut self, server: &Server) {
        for call in self.all.drain(..) {
            match call.task.await {
                Ok(Some(outcome)) => server.assert_outcome(call.name, &outcome),
                Ok(None) => {}
                Err(error) => assert!(
                    call.is_aborted && JoinError::is_cancelled(&error),
                    "`{}`: {error}",
                    call.name
                ),
            }
        }
    }
}

async fn ends_within<T>(name: &str, limit: Duration, call: impl Future<Output = T>) -> T {
    let begun = Instant::now();
    let output = call.await;
    // The timers of tokio have a resolution of one millisecond.
    let (took, limit) = (begun.elapsed(), limit + Duration::from_millis(10));
    assert!(took <= limit, "`{name}` took {took:?} instead of {limit:?}");
    output
}
