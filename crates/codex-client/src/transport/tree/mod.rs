//! A child process with all of its descendants.
//!
//! A signal to the child alone does not reach the native server behind a `node` wrapper or a batch
//! file, or the tools that the server runs. On Unix the child leads a process group, on Windows it
//! belongs to a job object. Both types have the same methods.

pub(crate) mod pipes;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use self::unix::ProcessTree;
#[cfg(windows)]
pub(crate) use self::windows::ProcessTree;
