//! Keeping the events of a thread until it is known which of its turns is meant.

use std::{mem, sync::Arc};

use tokio::sync::oneshot;

use crate::{
    connection::{Connection, command::Command},
    error::{Error, Result},
    routing::turn_log::TurnLog,
};

/// A thread, all of whose turns are kept; dropped, those that nobody has claimed are not.
#[derive(Debug)]
pub(crate) struct Reservation {
    connection: Connection,
    thread_id: String,
}

impl Connection {
    /// Keeps the events of all turns of a thread from here on, to claim one of them whose id no answer
    /// tells.
    pub(crate) async fn reserve(&self, thread_id: &str) -> Result<Reservation> {
        let (reply, reserved) = oneshot::channel();
        let command = Command::Reserve {
            thread_id: thread_id.to_owned(),
            reply,
        };
        let closed = || Error::Closed(self.closed());
        self.commands.send(command).map_err(|_| closed())?;
        let reservation = Reservation {
            connection: self.clone(),
            thread_id: thread_id.to_owned(),
        };
        reserved.await.map_err(|_| closed())??;
        Ok(reservation)
    }
}

impl Reservation {
    /// The turn, with all of its events.
    pub(crate) async fn claim(&self, turn_id: String) -> Result<Arc<TurnLog>> {
        let (reply, log) = oneshot::channel();
        let command = Command::Claim {
            thread_id: self.thread_id.clone(),
            turn_id,
            reply,
        };
        let closed = || Error::Closed(self.connection.closed());
        let sent = self.connection.commands.send(command);
        sent.map_err(|_| closed())?;
        log.await.map_err(|_| closed())
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let thread_id = mem::take(&mut self.thread_id);
        // A connection that has ended keeps nothing.
        let _ = self
            .connection
            .commands
            .send(Command::Release { thread_id });
    }
}
