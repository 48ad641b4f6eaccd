//! Checks what arrives.

use std::{sync::Arc, time::Duration};

use codex_bench::{Sizes, Text, large_text};
use codex_client::types::{ServerNotification, ThreadItem};

/// The contents of the turns of a case.
pub(crate) struct Expected {
    pub(crate) turns: usize,
    deltas: usize,
    items: usize,
    large_text: Arc<str>,
}

impl Expected {
    pub(crate) fn new(sizes: &Sizes) -> Self {
        Self {
            turns: sizes.get("turns"),
            deltas: sizes.get("deltas"),
            items: sizes.get("items"),
            large_text: large_text(sizes.get("item")).into(),
        }
    }

    /// Returns the number of deltas of each turn.
    pub(crate) fn deltas(&self) -> usize {
        self.deltas
    }

    /// Begins to check a turn.
    pub(crate) fn turn(&self) -> Turn {
        Turn {
            deltas: self.deltas,
            items: self.items,
            large_text: Arc::clone(&self.large_text),
            text: Text::default(),
            complete_items: 0,
        }
    }
}

/// Checks one turn.
pub(crate) struct Turn {
    deltas: usize,
    items: usize,
    large_text: Arc<str>,
    text: Text,
    complete_items: usize,
}

impl Turn {
    pub(crate) fn delta(&mut self, text: &str) {
        self.text.add(text);
    }

    /// Counts a large item. Other items are ignored.
    pub(crate) fn item(&mut self, text: &str) {
        self.complete_items += usize::from(self.items > 0 && *text == *self.large_text);
    }

    pub(crate) fn event(&mut self, event: &ServerNotification) {
        match event {
            ServerNotification::AgentMessageDelta(delta) => self.delta(&delta.delta),
            ServerNotification::ItemCompleted(completed) => {
                if let ThreadItem::AgentMessage(message) = &completed.item {
                    self.item(&message.text);
                }
            }
            _ => {}
        }
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.text.is_complete(self.deltas) && self.complete_items == self.items
    }
}

/// Returns the median of times.
pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Returns how often a time contains another.
pub(crate) fn ratio(time: Duration, base: Duration) -> Option<f64> {
    (!base.is_zero()).then(|| time.as_secs_f64() / base.as_secs_f64())
}
