//! Puts the halts of a reply between its events.

use std::{collections::VecDeque, time::Duration};

use serde_json::Value;

use super::Step;
use crate::reply::{Halt, Stop};

/// Events as steps, with each stop after the delta of text that it was set at.
pub(super) struct WithStops<Events> {
    events: Events,
    stops: VecDeque<Stop>,
    pause: Duration,
    deltas: usize,
    ready: VecDeque<Step>,
}

impl<Events> WithStops<Events> {
    pub(super) fn new(events: Events, mut stops: Vec<Stop>, pause: Duration) -> Self {
        // A stable sort: where two stops meet, the first that was scripted comes first.
        stops.sort_by_key(|stop| stop.after);
        let mut steps = Self {
            events,
            stops: stops.into(),
            pause,
            deltas: 0,
            ready: VecDeque::new(),
        };
        steps.halt_after(0);
        steps
    }

    /// Makes the stops ready that are due after so many deltas.
    fn halt_after(&mut self, deltas: usize) {
        let due = self.stops.partition_point(|stop| stop.after <= deltas);
        self.ready
            .extend(self.stops.drain(..due).map(|stop| match stop.what {
                Halt::Hold(gate) => Step::Hold(gate),
                Halt::Cut => Step::Cut,
            }));
    }
}

impl<Events: Iterator<Item = Value>> Iterator for WithStops<Events> {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        if let Some(step) = self.ready.pop_front() {
            return Some(step);
        }
        let Some(event) = self.events.next() else {
            // Stops beyond the last delta come before the end.
            self.halt_after(usize::MAX);
            return self.ready.pop_front();
        };
        if event["type"] != "response.output_text.delta" {
            return Some(Step::Send(event));
        }
        self.deltas += 1;
        self.ready.push_back(Step::Send(event));
        self.halt_after(self.deltas);
        if self.pause.is_zero() {
            self.ready.pop_front()
        } else {
            Some(Step::Pause(self.pause))
        }
    }
}
