//! Signals to a whole process tree.
//!
//! On Unix the child leads a process group of its own, so that one signal reaches what it started
//! too: the real server behind a `node` wrapper, tools, MCP servers. Elsewhere there is only the
//! child itself, which tokio can end.

use tokio::process::{Child, Command};

/// The process group that a child leads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

/// How hard to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// Ends a program that does not object.
    Terminate,
    /// Ends any.
    Kill,
}

impl Group {
    /// Makes the child of this command lead a group.
    pub(super) fn prepare(command: &mut Command) {
        #[cfg(unix)]
        command.process_group(0);
        #[cfg(not(unix))]
        let _ = command;
    }

    /// The group of a child that was spawned by a prepared command.
    pub(super) fn of(child: &Child) -> Self {
        #[cfg(not(unix))]
        let _ = child;
        Self {
            #[cfg(unix)]
            leader: child
                .id()
                .and_then(|id| i32::try_from(id).ok())
                .and_then(rustix::process::Pid::from_raw),
        }
    }

    /// Sends a signal to all of the group. That nobody is left to receive it is fine.
    pub(super) fn signal(self, child: &mut Child, signal: Signal) {
        #[cfg(unix)]
        {
            let _ = child;
            let signal = match signal {
                Signal::Terminate => rustix::process::Signal::TERM,
                Signal::Kill => rustix::process::Signal::KILL,
            };
            if let Some(leader) = self.leader {
                let _ = rustix::process::kill_process_group(leader, signal);
            }
        }
        #[cfg(not(unix))]
        if signal == Signal::Kill {
            let _ = child.start_kill();
        }
    }
}
