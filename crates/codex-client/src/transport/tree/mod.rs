//! A child process with all of its descendants.
//!
//! A signal to the child alone does not reach the native server behind a `node` wrapper or a batch
//! file, or the tools that the server runs. On Unix the child leads a process group, on Windows it
//! belongs to a job object. Both types have the same methods.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use tokio::process::{ChildStderr, ChildStdin, ChildStdout};

#[cfg(unix)]
pub(crate) use self::unix::ProcessTree;
#[cfg(windows)]
pub(crate) use self::windows::ProcessTree;

/// The parent's ends of the pipes to a child.
pub(crate) struct Pipes {
    pub(crate) stdin: ChildStdin,
    pub(crate) stdout: ChildStdout,
    pub(crate) stderr: ChildStderr,
}

impl Pipes {
    /// Returns an error if one of the standard streams is not a pipe.
    fn new(
        stdin: Option<ChildStdin>,
        stdout: Option<ChildStdout>,
        stderr: Option<ChildStderr>,
    ) -> std::io::Result<Self> {
        match (stdin, stdout, stderr) {
            (Some(stdin), Some(stdout), Some(stderr)) => Ok(Self {
                stdin,
                stdout,
                stderr,
            }),
            _ => Err(std::io::Error::other("a standard stream is not piped")),
        }
    }
}
