//! Decides whether a turn keeps its completed items. Performs no I/O.

/// The claims to the items of a turn.
#[derive(Debug, Default)]
pub(crate) struct RecordClaims {
    /// Number of handles and streams that may ask for the result.
    count: usize,
    /// Whether a stream has given its claim up. Until then, the items are kept without a claim: the
    /// handle of the turn may not exist yet.
    is_given_up: bool,
    /// Whether a goal may ask for the result.
    is_of_goal: bool,
}

impl RecordClaims {
    pub(crate) fn add(&mut self) {
        self.count += 1;
    }

    pub(crate) fn remove(&mut self) {
        self.count = self.count.saturating_sub(1);
    }

    /// Records that a claim is removed because its stream reads only the events.
    pub(crate) fn give_up(&mut self) {
        self.is_given_up = true;
    }

    /// Records that a goal may ask for the result.
    pub(crate) fn keep_for_goal(&mut self) {
        self.is_of_goal = true;
    }

    /// Whether completed items are kept.
    pub(crate) fn keep_items(&self) -> bool {
        self.count > 0 || self.is_of_goal || !self.is_given_up
    }
}
