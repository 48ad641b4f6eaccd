//! Signals to a whole process tree.
//!
//! On Unix the child leads a process group of its own, so that one signal reaches what it started
//! too: the real server behind a `node` wrapper, tools, MCP servers. Elsewhere there is only the
//! child itself, which tokio can end.

use tokio::process::{Child, Command};

/// How hard to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Ends a program that does not object.
    Terminate,
    /// Ends any.
    Kill,
}

/// The process group that a child leads.
#[cfg(unix)]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Group {
    leader: Option<rustix::process::Pid>,
}

#[cfg(unix)]
impl Group {
    /// Makes the child of this command lead a group.
    pub(crate) fn prepare(command: &mut Command) {
        command.process_group(0);
    }

    /// The group of a child that was spawned by a prepared command.
    pub(crate) fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self {
            leader: id.and_then(rustix::process::Pid::from_raw),
        }
    }

    /// Sends a signal to all of the group. That nobody is left to receive it is fine.
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

/// The child alone: there are no process groups here.
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
