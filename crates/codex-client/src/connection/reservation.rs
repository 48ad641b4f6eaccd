//! Reservations of threads.

use std::mem;

use tokio::sync::mpsc;

use crate::connection::command::{Command, SessionId};

/// A thread whose turns are all kept. Dropping the reservation releases the turns that were not
/// claimed.
#[derive(Debug)]
pub(crate) struct Reservation {
    commands: mpsc::WeakUnboundedSender<Command>,
    thread_id: String,
    /// The session in which the thread was reserved.
    pub(super) session: SessionId,
}

impl Reservation {
    pub(crate) fn new(commands: mpsc::WeakUnboundedSender<Command>, thread_id: String) -> Self {
        Self {
            commands,
            thread_id,
            session: 0,
        }
    }

    pub(crate) fn thread_id(&self) -> &str {
        &self.thread_id
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let thread_id = mem::take(&mut self.thread_id);
        // A connection that has ended keeps nothing.
        if let Some(commands) = self.commands.upgrade() {
            let _ = commands.send(Command::ReleaseThread { thread_id });
        }
    }
}
