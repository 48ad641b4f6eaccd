//! Wakes the readers of deltas, at intervals if there are many. Performs no I/O.
//!
//! To wake a thread costs more than to route a delta. If the deltas of a hundred turns alternate, each
//! reader would be woken for one or two of them. The readers are therefore woken together, so that
//! waking them takes a bounded share of the time. A single reader is always woken at once.

use std::{task::Waker, time::Duration};

use tokio::time::Instant;

/// The time until the next wakes, for each reader that was woken: several times the cost of a wake.
const INTERVAL_PER_READER: Duration = Duration::from_micros(20);

/// Intervals below the resolution of timers are not kept: the readers are woken at once.
const MIN_INTERVAL: Duration = Duration::from_millis(1);

/// Maximum time that a delta waits.
const MAX_INTERVAL: Duration = Duration::from_millis(20);

/// The readers to wake for deltas.
#[derive(Debug, Default)]
pub(crate) struct DeltaWakes {
    pub(crate) wakers: Vec<Waker>,
    not_before: Option<Instant>,
}

impl DeltaWakes {
    /// Wakes the readers, unless the last wakes were too recent. Returns the time at which to call
    /// this again.
    pub(crate) fn wake(&mut self, now: Instant) -> Option<Instant> {
        if self.wakers.is_empty() {
            return None;
        }
        if let Some(not_before) = self.not_before.filter(|it| *it > now) {
            return Some(not_before);
        }
        let readers = u32::try_from(self.wakers.len()).unwrap_or(u32::MAX);
        let interval = INTERVAL_PER_READER.saturating_mul(readers);
        let interval = Some(interval.min(MAX_INTERVAL)).filter(|it| *it >= MIN_INTERVAL);
        self.not_before = interval.and_then(|interval| now.checked_add(interval));
        self.wake_all();
        None
    }

    /// Makes the next call of [`wake`](Self::wake) wake the readers: some of them have received
    /// something other than deltas.
    pub(crate) fn hasten(&mut self) {
        self.not_before = None;
    }

    /// Wakes the readers at once.
    pub(crate) fn wake_all(&mut self) {
        self.wakers.drain(..).for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(wakes: &mut DeltaWakes, readers: usize) {
        let wakers = (0..readers).map(|_| Waker::noop().clone());
        wakes.wakers.extend(wakers);
    }

    #[test]
    fn a_few_readers_are_woken_at_once() {
        let now = Instant::now();
        let mut wakes = DeltaWakes::default();
        assert_eq!(wakes.wake(now), None);
        for readers in [1, 49, 1] {
            add(&mut wakes, readers);
            assert_eq!(wakes.wake(now), None);
            assert!(wakes.wakers.is_empty());
        }
    }

    #[test]
    fn many_readers_are_woken_at_bounded_intervals() {
        for (readers, interval) in [(100, 2), (1_000, 20), (100_000, 20)] {
            let now = Instant::now();
            let mut wakes = DeltaWakes::default();
            add(&mut wakes, readers);
            assert_eq!(wakes.wake(now), None);
            add(&mut wakes, 1);
            let next = now + Duration::from_millis(interval);
            assert_eq!(wakes.wake(now), Some(next));
            assert_eq!(wakes.wakers.len(), 1);
            assert_eq!(wakes.wake(next), None);
            assert!(wakes.wakers.is_empty());
            // The interval was that of many readers.
            add(&mut wakes, 1);
            assert_eq!(wakes.wake(next), None);
        }
    }

    #[test]
    fn readers_of_other_events_are_woken_at_once() {
        let now = Instant::now();
        let mut wakes = DeltaWakes::default();
        add(&mut wakes, 100);
        wakes.wake(now);
        add(&mut wakes, 100);
        wakes.hasten();
        assert_eq!(wakes.wake(now), None);
        assert!(wakes.wakers.is_empty());
    }
}
