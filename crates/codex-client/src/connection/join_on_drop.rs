//! The wait of a blocking client for the end of its connection.

use std::sync::OnceLock;

use tokio::task::JoinHandle;

/// Hands over the task of the connection when it is dropped, to a function that waits for it.
#[derive(Debug)]
pub(crate) struct JoinOnDrop {
    task: Option<JoinHandle<()>>,
    /// Not set if the connection runs on the user's runtime, which may not run any more.
    join: OnceLock<fn(JoinHandle<()>)>,
}

impl JoinOnDrop {
    /// Creates a value that does nothing on drop until it is enabled.
    pub(crate) fn new(task: JoinHandle<()>) -> Self {
        Self {
            task: Some(task),
            join: OnceLock::new(),
        }
    }

    /// Calls `join` on drop.
    pub(crate) fn enable(&self, join: fn(JoinHandle<()>)) {
        // The first call counts.
        let _ = self.join.set(join);
    }
}

impl Drop for JoinOnDrop {
    fn drop(&mut self) {
        if let (Some(join), Some(task)) = (self.join.get(), self.task.take()) {
            join(task);
        }
    }
}
