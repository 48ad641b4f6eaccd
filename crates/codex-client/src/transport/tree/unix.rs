//! Process groups.

use std::{io, process::ExitStatus};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use tokio::process::{Child, Command};

use crate::transport::tree::pipes::Pipes;

/// A child that leads a process group.
#[derive(Debug)]
pub(crate) struct ProcessTree {
    child: Child,
    /// `None` if the child had exited before its id was read.
    group: Option<Pid>,
}

impl ProcessTree {
    /// Starts a child whose standard streams are pipes.
    pub(crate) fn spawn(mut command: Command) -> io::Result<(Self, Pipes)> {
        command.process_group(0);
        let mut child = command.spawn()?;
        let pipes = Pipes::new(child.stdin.take(), child.stdout.take(), child.stderr.take())?;
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        let group = id.and_then(Pid::from_raw);
        Ok((Self { child, group }, pipes))
    }

    /// Returns the id of the child.
    pub(crate) fn id(&self) -> Option<u32> {
        let id = self.group.map(|group| group.as_raw_nonzero().get());
        id.and_then(|id| id.try_into().ok())
    }

    /// Waits until the child exits. Cancel safe.
    pub(crate) async fn exited(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Returns the exit status if the child has exited.
    pub(crate) fn try_exited(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Returns whether no descendant is left in the group, after the child has exited. Any error
    /// means that there is none: macOS reports zombies as a missing permission.
    pub(crate) fn is_empty(&self) -> bool {
        self.group
            .is_none_or(|group| test_kill_process_group(group).is_err())
    }

    /// Asks all processes to exit. Returns false if the system has no such request.
    pub(crate) fn terminate(&mut self) -> bool {
        self.signal(Signal::TERM);
        true
    }

    /// Ends all processes unconditionally.
    pub(crate) fn kill(&mut self) {
        self.signal(Signal::KILL);
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            // Fails if no process is left.
            let _ = kill_process_group(group, signal);
        }
    }
}
