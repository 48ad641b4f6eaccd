//! Gates: a reply waits for the test, and the test knows that it does.

use std::{fmt, sync::Arc};

use tokio::sync::watch;

use crate::{
    error::{Error, Result},
    model::{Counts, State},
    monitor::Monitor,
};

/// Holds replies until the test opens it.
///
/// A gate comes from [`ScriptedModel::gate`](crate::ScriptedModel::gate) and is given to replies
/// with [`Reply::hold`](crate::Reply::hold) or [`hold_after`](crate::Reply::hold_after). One gate
/// can hold many replies: a test that starts a hundred turns and lets them go at once needs one.
/// Clones are the same gate. Once open, it stays open.
///
/// ```
/// use codex_testing::{Reply, ScriptedModel};
///
/// # fn main() -> codex_testing::Result<()> {
/// let model = ScriptedModel::start()?;
/// let gate = model.gate();
/// model.push(Reply::text("one two three").hold_after(2, &gate));
/// # if false {
/// // ... start a turn, and wait until the model has sent "one two ":
/// gate.blocking_reached()?;
/// // ... the turn is certainly running now: look at it, interrupt it; or let it go on:
/// # }
/// gate.open();
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct Gate {
    index: usize,
    state: Arc<Monitor<State>>,
    open: Arc<watch::Sender<bool>>,
}

impl Gate {
    pub(crate) fn new(index: usize, state: Arc<Monitor<State>>) -> Self {
        Self {
            index,
            state,
            open: Arc::new(watch::Sender::new(false)),
        }
    }

    /// Lets go what is held, and holds nothing from now on.
    pub fn open(&self) {
        self.open.send_replace(true);
    }

    /// Whether the gate was opened.
    pub fn is_open(&self) -> bool {
        *self.open.borrow()
    }

    /// How many replies have come to the gate until now, also while it was open.
    pub fn arrivals(&self) -> usize {
        self.counts(&self.state.lock()).arrivals
    }

    /// How many clients hung up while their reply was held.
    pub fn hangups(&self) -> usize {
        self.counts(&self.state.lock()).hangups
    }

    /// Waits until a reply has come to the gate.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] after the model's patience; [`Error::Stopped`] without the model.
    pub async fn reached(&self) -> Result<()> {
        self.reached_by(1).await
    }

    /// Waits until so many replies have come to the gate.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] after the model's patience; [`Error::Stopped`] without the model.
    pub async fn reached_by(&self, replies: usize) -> Result<()> {
        let outcome = self
            .state
            .wait(self.look(|counts| counts.arrivals >= replies))
            .await;
        self.result(outcome.as_ref(), &arrivals(replies))
    }

    /// Waits until a client has hung up while its reply was held, as Codex does when its turn is
    /// interrupted.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] after the model's patience; [`Error::Stopped`] without the model.
    pub async fn hung_up(&self) -> Result<()> {
        let outcome = self
            .state
            .wait(self.look(|counts| counts.hangups > 0))
            .await;
        self.result(outcome.as_ref(), HANGUP)
    }

    /// [`reached`](Self::reached) for code that is not async.
    ///
    /// # Errors
    ///
    /// The same.
    pub fn blocking_reached(&self) -> Result<()> {
        self.blocking_reached_by(1)
    }

    /// [`reached_by`](Self::reached_by) for code that is not async.
    ///
    /// # Errors
    ///
    /// The same.
    pub fn blocking_reached_by(&self, replies: usize) -> Result<()> {
        let outcome = self
            .state
            .blocking_wait(self.look(|counts| counts.arrivals >= replies));
        self.result(outcome.as_ref(), &arrivals(replies))
    }

    /// [`hung_up`](Self::hung_up) for code that is not async.
    ///
    /// # Errors
    ///
    /// The same.
    pub fn blocking_hung_up(&self) -> Result<()> {
        let outcome = self
            .state
            .blocking_wait(self.look(|counts| counts.hangups > 0));
        self.result(outcome.as_ref(), HANGUP)
    }

    /// A reply comes to the gate and goes on when it is open.
    pub(crate) async fn pass(self) {
        self.state
            .change(|state| state.gates[self.index].arrivals += 1);
        let mut open = self.open.subscribe();
        // This future is dropped with the connection: that is how a hang-up shows.
        let mut waiting = Waiting {
            gate: &self,
            passed: false,
        };
        // The sender lives in `self`, so the wait cannot fail.
        waiting.passed = open.wait_for(|open| *open).await.is_ok();
    }

    fn counts<'a>(&self, state: &'a State) -> &'a Counts {
        &state.gates[self.index]
    }

    /// Finds the end of a wait: the counts are as wanted, or the model is gone.
    fn look(&self, wanted: impl Fn(&Counts) -> bool) -> impl FnMut(&mut State) -> Option<Outcome> {
        let index = self.index;
        move |state| match wanted(&state.gates[index]) {
            true => Some(Outcome::Happened),
            false => state.stopped.then_some(Outcome::Stopped),
        }
    }

    fn result(&self, outcome: Option<&Outcome>, awaited: &str) -> Result<()> {
        let awaited = awaited.to_owned();
        match outcome {
            Some(Outcome::Happened) => Ok(()),
            Some(Outcome::Stopped) => Err(Error::Stopped { awaited }),
            None => {
                let state = self.state.lock();
                let counts = self.counts(&state);
                let seen = format!(
                    "{} came to the gate, {} hung up; {}",
                    counts.arrivals,
                    counts.hangups,
                    state.summary()
                );
                Err(Error::TimedOut {
                    awaited,
                    patience: self.state.patience(),
                    seen,
                })
            }
        }
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.lock();
        let Counts { arrivals, hangups } = self.counts(&state);
        f.debug_struct("Gate")
            .field("open", &self.is_open())
            .field("arrivals", arrivals)
            .field("hangups", hangups)
            .finish()
    }
}

/// How a wait ended that was not in vain.
enum Outcome {
    Happened,
    Stopped,
}

/// Counts a hang-up, unless the reply has passed the gate.
struct Waiting<'a> {
    gate: &'a Gate,
    passed: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.passed {
            self.gate
                .state
                .change(|state| state.gates[self.gate.index].hangups += 1);
        }
    }
}

fn arrivals(replies: usize) -> String {
    match replies {
        1 => "reply at the gate".to_owned(),
        replies => format!("{replies} replies at the gate"),
    }
}

const HANGUP: &str = "hang-up of a client whose reply was held";
