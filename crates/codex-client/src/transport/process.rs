//! A server as a child process, connected through its standard streams.
//!
//! The server is expected to exit when its input is closed. If it does not, the process group is
//! sent a termination signal, and then killed. The child is always reaped. If the [`Process`] is
//! dropped before that, because of a panic or the shutdown of the runtime, the group is killed at
//! once, and the drop waits up to a tenth of a second to reap the child. If this program is killed,
//! no code here runs; the server exits because its input is closed.

use std::{
    ffi::OsString,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    sync::Arc,
    thread,
    time::Duration,
};

use tokio::{
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};

use crate::{
    binary::launch_fault::explain,
    error::{Error, Result},
    transport::{
        group::{Group, Signal},
        stderr::{Stderr, Tail},
    },
};

/// Time between the termination signal and the kill signal.
const TERMINATION_GRACE: Duration = Duration::from_secs(2);

/// The command that starts a server. Does not implement `Debug`: the environment may contain keys.
#[derive(Clone)]
pub(crate) struct Launch {
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<OsString>,
    pub(crate) cwd: Option<PathBuf>,
    /// Changes to the environment that is inherited from this program. `None` removes a variable.
    pub(crate) env: Vec<(OsString, Option<OsString>)>,
}

/// A running child process and its group.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    group: Group,
    stderr: Stderr,
    status: Option<ExitStatus>,
    /// Whether the group was killed.
    is_killed: bool,
}

impl Process {
    /// Starts a process with piped standard streams.
    pub(crate) fn spawn(launch: &Launch) -> Result<(Self, ChildStdout, ChildStdin)> {
        let mut command = Command::new(&launch.program);
        command
            .args(&launch.args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(cwd) = &launch.cwd {
            command.current_dir(cwd);
        }
        for (name, value) in &launch.env {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        Group::prepare(&mut command);
        let failed = |source| Error::Launch {
            program: launch.program.clone(),
            source: Arc::new(source),
        };
        let spawned = command.spawn();
        let mut child = spawned
            .map_err(|error| failed(explain(&launch.program, launch.cwd.as_deref(), error)))?;
        let group = Group::of(&child);
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(failed(std::io::Error::other(
                "a standard stream is not piped",
            )));
        };
        let process = Self {
            child,
            group,
            stderr: Stderr::drain(stderr),
            status: None,
            is_killed: false,
        };
        Ok((process, stdout, stdin))
    }

    /// Waits until the child exits. Cancel safe.
    pub(crate) async fn exited(&mut self) -> Option<ExitStatus> {
        if self.status.is_none() {
            self.status = self.child.wait().await.ok();
        }
        self.status
    }

    /// Ends the child and its group. The child has the time `grace` to exit before it is sent a
    /// signal.
    pub(crate) async fn end(&mut self, grace: Duration) -> Option<ExitStatus> {
        if timeout(grace, self.exited()).await.is_err() {
            self.group.signal(&mut self.child, Signal::Terminate);
            let _ = timeout(TERMINATION_GRACE, self.exited()).await;
        }
        // Even if the child has exited, its descendants may still be running.
        self.group.signal(&mut self.child, Signal::Kill);
        self.is_killed = true;
        let status = self.exited().await;
        self.stderr.finish().await;
        status
    }

    /// Returns the tail of standard error.
    pub(crate) fn stderr_tail(&self) -> &Tail {
        self.stderr.tail()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.is_killed {
            return;
        }
        self.group.signal(&mut self.child, Signal::Kill);
        // A killed process exits within milliseconds. One that hangs in the kernel is reaped later,
        // by tokio, or by the operating system after this program has exited.
        for _ in 0..100 {
            match self.child.try_wait() {
                Ok(None) => thread::sleep(Duration::from_millis(1)),
                _ => break,
            }
        }
    }
}
