//! The threads and descriptors of this process.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use crate::DEADLINE;

/// The number of threads and of open descriptors. Known on Linux only.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resources {
    threads: Option<usize>,
    descriptors: Option<usize>,
}

impl Resources {
    pub(crate) fn count() -> Self {
        let entries = |dir| fs::read_dir(dir).ok().map(Iterator::count);
        Self {
            threads: entries("/proc/self/task"),
            descriptors: entries("/proc/self/fd"),
        }
    }

    /// Asserts that there are no more threads and descriptors after the cells of a fault. Threads
    /// that are ending may take a moment.
    pub(crate) fn assert_no_more(self, fault: &str) {
        let start = Instant::now();
        loop {
            let now = Self::count();
            if now.threads <= self.threads && now.descriptors <= self.descriptors {
                return;
            }
            assert!(
                start.elapsed() < DEADLINE,
                "before: {self:?}; after {fault}: {now:?}"
            );
            thread::park_timeout(Duration::from_millis(10));
        }
    }
}
