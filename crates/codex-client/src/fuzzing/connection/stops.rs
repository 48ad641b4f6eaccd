//! The turns that the client interrupts because they were stopped or dropped.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::routing::turn_log::TurnLog;

/// A turn that is to be interrupted.
#[derive(Clone, Debug)]
pub(super) enum Stopped {
    /// The turn that was started with this input.
    Input(String),
    /// The turn that a response has named.
    Turn(String),
}

/// The turns that are to be interrupted.
#[derive(Clone, Default)]
pub(super) struct Stops(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    stopped: Vec<Stopped>,
    /// The turns that are interrupted when their last handle is dropped.
    guarded: Vec<(Stopped, Weak<TurnLog>)>,
    /// Number of inputs with a text of their own.
    inputs: usize,
}

impl Stops {
    fn with<T>(&self, run: impl FnOnce(&mut State) -> T) -> T {
        run(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns a text that no other input has.
    pub(super) fn input(&self) -> String {
        self.with(|state| {
            state.inputs += 1;
            format!("input {}", state.inputs)
        })
    }

    pub(super) fn add(&self, stopped: Stopped) {
        self.with(|state| state.stopped.push(stopped));
    }

    /// Adds a turn that is interrupted when its last handle is dropped.
    pub(super) fn guard(&self, log: &Arc<TurnLog>) {
        let turn = Stopped::Turn(log.response_id().to_owned());
        self.with(|state| state.guarded.push((turn, Arc::downgrade(log))));
    }

    /// Returns the turns that were stopped or dropped.
    pub(super) fn stopped(&self) -> Vec<Stopped> {
        self.with(|state| {
            let dropped = state.guarded.iter();
            let dropped = dropped.filter(|(_, log)| log.strong_count() == 0);
            let dropped = dropped.map(|(turn, _)| turn.clone());
            state.stopped.iter().cloned().chain(dropped).collect()
        })
    }
}
