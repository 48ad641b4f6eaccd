//! A server that runs as a child process on its standard input and output.
//!
//! Its end, in order of preference: it ends by itself when its input is closed; else the whole
//! process group is asked to end; else it is killed. It is always reaped. When the value is dropped
//! instead (a panic, or the runtime going down with the connection on it), the group is killed at
//! once and the child reaped, which takes a few milliseconds and never more than a tenth of a second.
//! When this program itself is killed, nothing here runs: the server then ends by itself, because
//! its input is closed.

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
    error::{Error, Result},
    transport::{
        group::{Group, Signal},
        stderr::Stderr,
    },
};

/// How long a process that was asked to end has until it is killed.
const TERMINATION: Duration = Duration::from_secs(2);

/// What to run. Without a `Debug`: the environment may hold keys.
#[derive(Clone)]
pub(crate) struct Launch {
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<OsString>,
    pub(crate) cwd: Option<PathBuf>,
    /// Set in the environment of this program, or with `None` removed from it.
    pub(crate) env: Vec<(OsString, Option<OsString>)>,
}

/// A running child process and its group.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    group: Group,
    stderr: Stderr,
    status: Option<ExitStatus>,
    /// Whether the whole group has had its last signal.
    ended: bool,
}

impl Process {
    /// Starts a process with its streams piped.
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
        let mut child = command.spawn().map_err(failed)?;
        let group = Group::of(&child);
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(failed(std::io::Error::other("a pipe is missing")));
        };
        let process = Self {
            child,
            group,
            stderr: Stderr::drain(stderr),
            status: None,
            ended: false,
        };
        Ok((process, stdout, stdin))
    }

    /// Waits until the child has ended by itself. May be cancelled and called again.
    pub(crate) async fn exited(&mut self) -> Option<ExitStatus> {
        if self.status.is_none() {
            self.status = self.child.wait().await.ok();
        }
        self.status
    }

    /// Ends the child and all of its group: within `grace` by itself, else by force.
    pub(crate) async fn end(&mut self, grace: Duration) -> Option<ExitStatus> {
        if timeout(grace, self.exited()).await.is_err() {
            self.group.signal(&mut self.child, Signal::Terminate);
            let _ = timeout(TERMINATION, self.exited()).await;
        }
        // Also when the child is gone: what it has started may not be.
        self.group.signal(&mut self.child, Signal::Kill);
        self.ended = true;
        let status = self.exited().await;
        self.stderr.finish().await;
        status
    }

    /// The last lines of standard error.
    pub(crate) fn stderr_tail(&self) -> String {
        self.stderr.tail()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        self.group.signal(&mut self.child, Signal::Kill);
        // A killed process is gone within moments; only one that hangs in the kernel is left to be
        // reaped by tokio, or by the system once this program has ended.
        for _ in 0..100 {
            match self.child.try_wait() {
                Ok(None) => thread::sleep(Duration::from_millis(1)),
                _ => break,
            }
        }
    }
}
