//! The wait of a blocking client for the end of its connection.

use std::sync::{Arc, OnceLock};

use crate::error::connection_closed::ConnectionClosed;

/// Waits for the end of the connection when it is dropped, if the current thread may wait then.
#[derive(Debug)]
pub(crate) struct WaitOnDrop {
    closed: Arc<OnceLock<Arc<ConnectionClosed>>>,
    /// Not set if the connection runs on the user's runtime, which may not run any more.
    may_wait: OnceLock<fn() -> bool>,
}

impl WaitOnDrop {
    /// Creates a value that does not wait until it is enabled. `closed` is set when the connection
    /// ends.
    pub(crate) fn new(closed: &Arc<OnceLock<Arc<ConnectionClosed>>>) -> Self {
        Self {
            closed: Arc::clone(closed),
            may_wait: OnceLock::new(),
        }
    }

    /// Waits on drop if `may_wait` returns true on the thread of the drop.
    pub(crate) fn enable(&self, may_wait: fn() -> bool) {
        // The first call counts.
        let _ = self.may_wait.set(may_wait);
    }
}

impl Drop for WaitOnDrop {
    fn drop(&mut self) {
        if self.may_wait.get().is_some_and(|may_wait| may_wait()) {
            self.closed.wait();
        }
    }
}
