//! Gates, which hold responses until the test opens them.

use std::{fmt, sync::Arc};

use tokio::sync::watch;

use crate::{
    error::{Error, Result},
    monitor::Monitor,
};

/// Holds responses until the test opens it.
///
/// [`ScriptedModel::gate`](crate::ScriptedModel::gate) creates a gate, and
/// [`ModelResponse::hold`](crate::ModelResponse::hold) or
/// [`hold_after`](crate::ModelResponse::hold_after) puts it into a response. One gate can hold many
/// responses: a test that starts a hundred turns and releases them together needs only one. Clones
/// refer to the same gate. Once open, a gate stays open.
///
/// [`FakeAppServer::gate`](crate::FakeAppServer::gate) creates a gate for the turns and responses of
/// a fake app-server.
///
/// ```no_run
/// use codex_testing::{ModelResponse, Result, ScriptedModel};
///
/// fn interrupt_a_running_turn() -> Result<()> {
///     let model = ScriptedModel::start()?;
///     let gate = model.gate();
///     model.push(ModelResponse::text("one two three").hold_after(2, &gate));
///     // Start a turn here.
///     gate.blocking_reached()?;
///     // The model has sent "one two ", so the turn is running: inspect or interrupt it here.
///     gate.open();
///     Ok(())
/// }
/// ```
#[derive(Clone)]
#[must_use]
pub struct Gate(Arc<GateInner>);

struct GateInner {
    counts: Monitor<Counts>,
    open: watch::Sender<bool>,
    /// Describes the received requests, for errors.
    summary: Box<dyn Fn() -> String + Send + Sync>,
}

/// The number of arrivals and hangups at a gate.
#[derive(Default)]
struct Counts {
    arrivals: usize,
    hangups: usize,
    /// Whether the fake has stopped, after which no response reaches the gate.
    stopped: bool,
}

impl Gate {
    /// Creates a closed gate of a fake, whose state `summary` describes for errors.
    pub(crate) fn new<T: Send + 'static>(
        fake: &Arc<Monitor<T>>,
        summary: fn(&T) -> String,
    ) -> Self {
        let counts = fake.sibling(Counts::default());
        // The state may keep the gate, so the gate does not keep the state.
        let fake = Arc::downgrade(fake);
        let summary = move || match fake.upgrade() {
            Some(fake) => summary(&fake.lock()),
            None => "the fake has stopped".to_owned(),
        };
        Self(Arc::new(GateInner {
            counts,
            open: watch::Sender::new(false),
            summary: Box::new(summary),
        }))
    }

    /// Releases the held responses. From now on, the gate lets every response pass.
    pub fn open(&self) {
        self.0.open.send_replace(true);
    }

    /// Returns whether the gate is open.
    pub fn is_open(&self) -> bool {
        *self.0.open.borrow()
    }

    /// Returns the number of responses that have reached the gate, including those that passed it
    /// while it was open.
    pub fn arrivals(&self) -> usize {
        self.0.counts.lock().arrivals
    }

    /// Returns the number of clients that disconnected while their response was held.
    pub fn hangups(&self) -> usize {
        self.0.counts.lock().hangups
    }

    /// Waits until a response reaches the gate.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] after the timeout of the model or fake app-server; [`Error::Stopped`]
    /// once it is dropped.
    pub async fn reached(&self) -> Result<()> {
        self.reached_by(1).await
    }

    /// Waits until this many responses have reached the gate.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] after the timeout of the model or fake app-server; [`Error::Stopped`]
    /// once it is dropped.
    pub async fn reached_by(&self, responses: usize) -> Result<()> {
        let outcome = self.0.counts.wait(look_for_arrivals(responses)).await;
        self.result(outcome, &arrivals(responses))
    }

    /// Waits until a client disconnects while its response is held. Codex disconnects when the turn
    /// is interrupted.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] after the timeout of the model or fake app-server; [`Error::Stopped`]
    /// once it is dropped.
    pub async fn hung_up(&self) -> Result<()> {
        let outcome = self.0.counts.wait(look_for_hangup).await;
        self.result(outcome, HANGUP)
    }

    /// The blocking form of [`reached`](Self::reached).
    ///
    /// # Errors
    ///
    /// Same as [`reached`](Self::reached).
    pub fn blocking_reached(&self) -> Result<()> {
        self.blocking_reached_by(1)
    }

    /// The blocking form of [`reached_by`](Self::reached_by).
    ///
    /// # Errors
    ///
    /// Same as [`reached_by`](Self::reached_by).
    pub fn blocking_reached_by(&self, responses: usize) -> Result<()> {
        let outcome = self.0.counts.blocking_wait(look_for_arrivals(responses));
        self.result(outcome, &arrivals(responses))
    }

    /// The blocking form of [`hung_up`](Self::hung_up).
    ///
    /// # Errors
    ///
    /// Same as [`hung_up`](Self::hung_up).
    pub fn blocking_hung_up(&self) -> Result<()> {
        let outcome = self.0.counts.blocking_wait(look_for_hangup);
        self.result(outcome, HANGUP)
    }

    /// Counts the arrival of a response and completes when the gate is open.
    pub(crate) async fn pass(self) {
        self.0.counts.change(|counts| counts.arrivals += 1);
        let mut open = self.0.open.subscribe();
        // The connection drops this future when the client disconnects.
        let mut waiting = Waiting {
            gate: &self,
            passed: false,
        };
        // The sender lives in `self`, so the wait cannot fail.
        waiting.passed = open.wait_for(|open| *open).await.is_ok();
    }

    /// Ends all waits, because the fake has stopped.
    pub(crate) fn stop(&self) {
        self.0.counts.change(|counts| counts.stopped = true);
    }

    fn result(&self, outcome: Option<WaitOutcome>, awaited: &str) -> Result<()> {
        let awaited = awaited.to_owned();
        match outcome {
            Some(WaitOutcome::Happened) => Ok(()),
            Some(WaitOutcome::Stopped) => Err(Error::Stopped { awaited }),
            None => Err(Error::TimedOut {
                awaited,
                timeout: self.0.counts.timeout(),
                seen: format!(
                    "{} responses reached the gate, {} clients hung up; {}",
                    self.arrivals(),
                    self.hangups(),
                    (self.0.summary)()
                ),
            }),
        }
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("open", &self.is_open())
            .field("arrivals", &self.arrivals())
            .field("hangups", &self.hangups())
            .finish()
    }
}

/// How a wait ended, unless it timed out.
#[derive(Clone, Copy)]
enum WaitOutcome {
    Happened,
    Stopped,
}

impl Counts {
    fn outcome(&self, happened: bool) -> Option<WaitOutcome> {
        match happened {
            true => Some(WaitOutcome::Happened),
            false => self.stopped.then_some(WaitOutcome::Stopped),
        }
    }
}

fn look_for_arrivals(responses: usize) -> impl FnMut(&mut Counts) -> Option<WaitOutcome> {
    move |counts| counts.outcome(counts.arrivals >= responses)
}

fn look_for_hangup(counts: &mut Counts) -> Option<WaitOutcome> {
    counts.outcome(counts.hangups > 0)
}

/// Counts a disconnect when dropped, unless the response has passed the gate.
struct Waiting<'a> {
    gate: &'a Gate,
    passed: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.passed {
            self.gate.0.counts.change(|counts| counts.hangups += 1);
        }
    }
}

fn arrivals(responses: usize) -> String {
    match responses {
        1 => "response at the gate".to_owned(),
        responses => format!("{responses} responses at the gate"),
    }
}

const HANGUP: &str = "disconnect of a client whose response was held";
