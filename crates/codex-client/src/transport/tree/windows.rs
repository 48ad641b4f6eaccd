//! Job objects.

use std::{io, process::ExitStatus};

use process_wrap::tokio::{ChildWrapper, CommandWrap, CreationFlags, JobObject, KillOnDrop};
use tokio::process::Command;
use windows::Win32::System::Threading::PROCESS_CREATION_FLAGS;

use crate::transport::tree::pipes::Pipes;

/// A child in a job object of its own. Closing the job object ends all of its processes, which the
/// system does if this program is killed.
#[derive(Debug)]
pub(crate) struct ProcessTree {
    child: Box<dyn ChildWrapper>,
}

impl ProcessTree {
    /// Starts a child whose standard streams are pipes.
    pub(crate) fn spawn(command: Command, creation_flags: u32) -> io::Result<(Self, Pipes)> {
        let mut command = CommandWrap::from(command);
        // `KillOnDrop` makes the job object end its processes when it is closed.
        command
            .wrap(KillOnDrop)
            .wrap(CreationFlags(PROCESS_CREATION_FLAGS(creation_flags)))
            .wrap(JobObject);
        let mut child = command.spawn()?;
        let (stdin, stdout) = (child.stdin().take(), child.stdout().take());
        let pipes = Pipes::new(stdin, stdout, child.stderr().take())?;
        Ok((Self { child }, pipes))
    }

    /// Returns the id of the child; `None` once it has exited.
    pub(crate) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits until the child exits. Cancel safe.
    pub(crate) async fn exited(&mut self) -> io::Result<ExitStatus> {
        // The wrapper would wait for the descendants too, on a thread that keeps the runtime from
        // ending.
        self.child.inner_mut().wait().await
    }

    /// Returns the exit status if the child has exited.
    pub(crate) fn try_exited(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.inner_mut().try_wait()
    }

    /// Returns whether no descendant is left, after the child has exited. The job object does not
    /// tell, so there may be one.
    pub(crate) fn is_empty(&self) -> bool {
        false
    }

    /// Asks all processes to exit. Returns false if the system has no such request.
    pub(crate) fn terminate(&mut self) -> bool {
        false
    }

    /// Ends all processes unconditionally.
    pub(crate) fn kill(&mut self) {
        // Fails if no process is left.
        let _ = self.child.start_kill();
    }
}
