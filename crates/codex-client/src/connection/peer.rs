//! The server process of the current session, as the handles see it.

use std::sync::{Arc, Mutex, PoisonError};

use crate::transport::{process::Process, stderr::Tail};

/// The server process of the current session. Another session may have another one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Peer(Arc<Mutex<Option<Tail>>>);

impl Peer {
    /// Sets the process of a session that begins.
    pub(crate) fn set(&self, process: Option<&Process>) {
        let stderr = process.map(|process| process.stderr_tail().clone());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = stderr;
    }

    /// Returns the standard error of the process; `None` if this client did not start the server.
    pub(crate) fn stderr(&self) -> Option<Tail> {
        let stderr = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        stderr.clone()
    }
}
