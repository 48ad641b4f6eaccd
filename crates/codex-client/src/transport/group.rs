//! Signals to a process group.
//!
//! On Unix the child leads a process group of its own, so that a signal also reaches its
//! descendants: the native server behind a `node` wrapper, tools, MCP servers. On other systems
//! only the child itself can be killed.

use tokio::process::{Child, Command};

/// A signal that ends processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Asks a process to exit.
    Terminate,
    /// Ends a process unconditionally.
    Kill,
}

/// The process group of a child.
#[cfg(unix)]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Group {
    leader: Option<rustix::process::Pid>,
}

#[cfg(unix)]
impl Group {
    /// Makes the child of this command the leader of a new group.
    pub(crate) fn prepare(command: &mut Command) {
        command.process_group(0);
    }

    /// Returns the group of a child that a prepared command has spawned.
    pub(crate) fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self {
            leader: id.and_then(rustix::process::Pid::from_raw),
        }
    }

    /// Sends a signal to all processes of the group. Does nothing if none is left.
    pub(crate) fn signal(self, _child: &mut Child, signal: Signal) {
        let signal = match signal {
            Signal::Terminate => rustix::process::Signal::TERM,
            Signal::Kill => rustix::process::Signal::KILL,
        };
        if let Some(leader) = self.leader {
            let _ = rustix::process::kill_process_group(leader, signal);
        }
    }
}

/// The child alone, on systems without process groups.
#[cfg(not(unix))]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Group;

#[cfg(not(unix))]
impl Group {
    pub(crate) fn prepare(_command: &mut Command) {}

    pub(crate) fn of(_child: &Child) -> Self {
        Self
    }

    pub(crate) fn signal(self, child: &mut Child, signal: Signal) {
        if signal == Signal::Kill {
            let _ = child.start_kill();
        }
    }
}
