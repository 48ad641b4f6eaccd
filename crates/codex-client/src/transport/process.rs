//! A server as a child process, connected through its standard streams.
//!
//! A server ends its own children when its input is closed or when it is asked to terminate, but
//! not when it is killed. So a [`Process`] always ends in the same way: its input is closed, it has
//! a second to exit, then its process tree is asked to terminate, has another second, and is killed.
//!
//! [`Process::end`] does this without blocking. If a [`Process`] is dropped before that has
//! completed, the runtime is shutting down and runs no more futures, or the connection task has
//! panicked. The drop then does the rest and blocks until the process has ended, which takes
//! milliseconds if the server responds. A background thread would not do, because it would end with
//! the program.
//!
//! If this program is killed or calls `std::process::exit`, no code here runs. The system closes
//! the server's input, which causes the server to exit. On Windows the system also closes the job
//! object, which ends the process tree.

use std::{
    ffi::OsString,
    io,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use tokio::{
    process::{ChildStdin, ChildStdout, Command},
    time::{sleep, timeout},
};

use crate::{
    binary::launch_fault::explain,
    error::{Error, Result},
    transport::{
        stderr::{Stderr, Tail},
        tree::{ProcessTree, pipes::Pipes},
    },
};

/// The flag of `CreateProcess` that keeps a console program from opening a console window.
#[cfg(windows)]
pub(crate) const CREATE_NO_WINDOW: u32 = 0x0800_0000;

/// Time for a process to exit after its input was closed.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(1);

/// Time between the request to terminate and the kill.
const TERMINATION_GRACE: Duration = Duration::from_secs(1);

/// Time to wait for a killed process. One that hangs in the kernel is reaped later, by tokio, or by
/// the system after this program has exited.
const KILL_TIMEOUT: Duration = Duration::from_millis(500);

/// Interval between checks for what cannot be waited for.
const POLL_INTERVAL: Duration = Duration::from_millis(2);

/// Capacity of the pipe that carries the output of a server, in bytes. The server may run ahead of the
/// client by that much, which saves switches between the two processes when it writes a lot.
#[cfg(target_os = "linux")]
const OUTPUT_CAPACITY: usize = 1024 * 1024;

/// The command that starts a server. Does not implement `Debug`: the environment may contain keys.
#[derive(Clone)]
pub(crate) struct Launch {
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<OsString>,
    pub(crate) cwd: Option<PathBuf>,
    /// Whether the process inherits no environment from this program.
    pub(crate) env_clear: bool,
    /// Changes to the environment that is inherited from this program. `None` removes a variable.
    pub(crate) env: Vec<(OsString, Option<OsString>)>,
    /// The flags of `CreateProcess`.
    #[cfg(windows)]
    pub(crate) creation_flags: u32,
}

impl Launch {
    fn spawn(&self) -> io::Result<(ProcessTree, Pipes)> {
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(cwd) = &self.cwd {
            command.current_dir(cwd);
        }
        if self.env_clear {
            command.env_clear();
        }
        for (name, value) in &self.env {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        #[cfg(windows)]
        let spawned = ProcessTree::spawn(command, self.creation_flags);
        #[cfg(unix)]
        let spawned = ProcessTree::spawn(command);
        spawned
    }
}

/// A running child process and its descendants.
#[derive(Debug)]
pub(crate) struct Process {
    tree: ProcessTree,
    stderr: Stderr,
    status: Option<ExitStatus>,
    ending: Ending,
}

/// The measures taken so far to end a process tree, and until when they have time to work.
#[derive(Debug, Clone, Copy)]
enum Ending {
    NotBegun,
    InputClosed(Instant),
    Terminated(Instant),
    Killed(Instant),
    Ended,
}

/// The next thing to wait for.
enum Next {
    /// The exit of the child, for at most this long.
    Exit(Duration),
    /// The exit of its descendants.
    Descendants,
    /// Nothing: the process tree has ended.
    Nothing,
}

impl Process {
    /// Starts a process with piped standard streams.
    pub(crate) fn spawn(launch: &Launch) -> Result<(Self, ChildStdout, ChildStdin)> {
        let (tree, pipes) = launch.spawn().map_err(|error| Error::Launch {
            program: launch.program.clone(),
            source: Arc::new(explain(&launch.program, launch.cwd.as_deref(), error)),
        })?;
        // An unprivileged user can have few pipes of this size. A smaller one works as well.
        #[cfg(target_os = "linux")]
        let _ = rustix::pipe::fcntl_setpipe_size(&pipes.stdout, OUTPUT_CAPACITY);
        let process = Self {
            tree,
            stderr: Stderr::drain(pipes.stderr),
            status: None,
            ending: Ending::NotBegun,
        };
        Ok((process, pipes.stdout, pipes.stdin))
    }

    /// Returns the id of the child.
    pub(crate) fn id(&self) -> Option<u32> {
        self.tree.id()
    }

    /// Leaves out the time in which the child may exit because its input was closed: a server that
    /// listens does not read its input.
    #[cfg(feature = "websocket")]
    pub(crate) fn ignores_input(&mut self) {
        self.ending = Ending::InputClosed(Instant::now());
    }

    /// Waits until the child exits. Cancel safe.
    pub(crate) async fn exited(&mut self) -> Option<ExitStatus> {
        if self.status.is_none() {
            self.status = self.tree.exited().await.ok();
        }
        self.status
    }

    /// Ends the process tree, after its input was closed. Cancel safe: the drop does the rest.
    pub(crate) async fn end(&mut self) -> Option<ExitStatus> {
        loop {
            match self.advance() {
                Next::Exit(most) => {
                    let _ = timeout(most, self.exited()).await;
                }
                Next::Descendants => sleep(POLL_INTERVAL).await,
                Next::Nothing => break,
            }
        }
        self.stderr.finish().await;
        self.status
    }

    /// Takes the measures that are due. The descendants of a child that has exited are asked to
    /// terminate at once, because the child cannot end them any more.
    fn advance(&mut self) -> Next {
        if self.status.is_none() {
            self.status = self.tree.try_exited().ok().flatten();
        }
        let has_exited = self.status.is_some();
        if has_exited && self.tree.is_empty() {
            self.ending = Ending::Ended;
        }
        let now = Instant::now();
        loop {
            self.ending = match self.ending {
                Ending::NotBegun => Ending::InputClosed(now + SHUTDOWN_GRACE),
                Ending::InputClosed(deadline) if has_exited || deadline <= now => {
                    if self.tree.terminate() {
                        Ending::Terminated(now + TERMINATION_GRACE)
                    } else {
                        self.tree.kill();
                        Ending::Killed(now + KILL_TIMEOUT)
                    }
                }
                Ending::Terminated(deadline) if deadline <= now => {
                    self.tree.kill();
                    Ending::Killed(now + KILL_TIMEOUT)
                }
                Ending::Killed(deadline) if has_exited || deadline <= now => Ending::Ended,
                Ending::Ended => return Next::Nothing,
                Ending::InputClosed(deadline)
                | Ending::Terminated(deadline)
                | Ending::Killed(deadline) => {
                    return match has_exited {
                        true => Next::Descendants,
                        false => Next::Exit(deadline - now),
                    };
                }
            };
        }
    }

    /// Returns the tail of standard error.
    pub(crate) fn stderr_tail(&self) -> &Tail {
        self.stderr.tail()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stderr.close();
        while !matches!(self.advance(), Next::Nothing) {
            thread::sleep(POLL_INTERVAL);
        }
    }
}
