//! Inserts the breakpoints of a response between its events.

use std::{collections::VecDeque, time::Duration};

use serde_json::Value;

use super::step::Step;
use crate::response::{Breakpoint, BreakpointAction};

/// Turns events into steps, with each breakpoint after its text delta.
pub(super) struct WithBreakpoints<Events> {
    events: Events,
    breakpoints: VecDeque<Breakpoint>,
    pause: Duration,
    deltas: usize,
    ready: VecDeque<Step>,
}

impl<Events> WithBreakpoints<Events> {
    pub(super) fn new(events: Events, mut breakpoints: Vec<Breakpoint>, pause: Duration) -> Self {
        // The sort is stable: breakpoints at the same delta keep the order of the script.
        breakpoints.sort_by_key(|breakpoint| breakpoint.after);
        let mut steps = Self {
            events,
            breakpoints: breakpoints.into(),
            pause,
            deltas: 0,
            ready: VecDeque::new(),
        };
        steps.break_after(0);
        steps
    }

    /// Queues the breakpoints that are due after this many deltas.
    fn break_after(&mut self, deltas: usize) {
        let due = self
            .breakpoints
            .partition_point(|breakpoint| breakpoint.after <= deltas);
        let due = self.breakpoints.drain(..due);
        self.ready
            .extend(due.map(|breakpoint| match breakpoint.action {
                BreakpointAction::Hold(gate) => Step::Hold(gate),
                BreakpointAction::Cut => Step::Cut,
            }));
    }
}

impl<Events: Iterator<Item = Value>> Iterator for WithBreakpoints<Events> {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        if let Some(step) = self.ready.pop_front() {
            return Some(step);
        }
        let Some(event) = self.events.next() else {
            // Breakpoints beyond the last delta precede the end.
            self.break_after(usize::MAX);
            return self.ready.pop_front();
        };
        if event["type"] != "response.output_text.delta" {
            return Some(Step::Send(event));
        }
        self.deltas += 1;
        self.ready.push_back(Step::Send(event));
        self.break_after(self.deltas);
        if self.pause.is_zero() {
            self.ready.pop_front()
        } else {
            Some(Step::Pause(self.pause))
        }
    }
}
