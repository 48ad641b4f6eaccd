//! The standard streams of a child.

use tokio::process::{ChildStderr, ChildStdin, ChildStdout};

/// The parent's ends of the pipes to a child.
pub(crate) struct Pipes {
    pub(crate) stdin: ChildStdin,
    pub(crate) stdout: ChildStdout,
    pub(crate) stderr: ChildStderr,
}

impl Pipes {
    /// Returns an error if one of the standard streams is not a pipe.
    pub(crate) fn new(
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
