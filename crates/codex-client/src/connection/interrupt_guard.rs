//! Turns that are interrupted when they are abandoned.

use std::{fmt, sync::Arc};

use tokio::sync::mpsc;

use crate::{
    connection::command::Command,
    routing::turn_log::{EarlyEnd, TurnEnd, TurnLog},
};

/// Interrupts a turn when it is dropped, unless the turn has ended. The drop does not wait.
pub(crate) struct InterruptGuard {
    commands: mpsc::WeakUnboundedSender<Command>,
    log: Arc<TurnLog>,
}

impl InterruptGuard {
    pub(crate) fn new(commands: mpsc::WeakUnboundedSender<Command>, log: Arc<TurnLog>) -> Self {
        Self { commands, log }
    }
}

impl Drop for InterruptGuard {
    fn drop(&mut self) {
        // The server of a connection that has ended runs no turn of it. A turn that is detached may
        // still run.
        let has_ended = matches!(
            self.log.end(),
            Some(TurnEnd::Completed | TurnEnd::Failed | TurnEnd::Early(EarlyEnd::Closed(_)))
        );
        if !has_ended && let Some(commands) = self.commands.upgrade() {
            let _ = commands.send(Command::InterruptTurn(Arc::clone(&self.log)));
        }
    }
}

impl fmt::Debug for InterruptGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InterruptGuard").finish_non_exhaustive()
    }
}
