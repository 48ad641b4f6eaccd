//! The server process of the current session, as the handles see it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::transport::{process::Process, stderr::Tail};

/// The server process of the current session. Another session may have another one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Peer(Arc<Mutex<Option<PeerProcess>>>);

#[derive(Debug)]
struct PeerProcess {
    /// `None` if the process has exited before it was seen.
    pid: Option<u32>,
    stderr: Tail,
}

impl Peer {
    /// Sets the process of a session that begins.
    pub(crate) fn set(&self, process: Option<&Process>) {
        *self.lock() = process.map(|process| PeerProcess {
            pid: process.id(),
            stderr: process.stderr_tail().clone(),
        });
    }

    /// Returns the id of the process; `None` if this client did not start the server.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.lock().as_ref()?.pid
    }

    /// Returns the standard error of the process; `None` if this client did not start the server.
    pub(crate) fn stderr(&self) -> Option<Tail> {
        self.lock().as_ref().map(|process| process.stderr.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Option<PeerProcess>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
