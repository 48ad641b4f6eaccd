//! Processes, blocking.

use crate::{
    blocking::{iterator::iterator, worker::wait},
    error::Result,
    exec::output::ExecOutput,
};

/// A process on the server, as [`crate::ExecProcess`]. Cheap to clone; all clones are one process,
/// which one thread can write to while another reads.
#[derive(Debug, Clone)]
pub struct ExecProcess {
    inner: crate::ExecProcess,
}

impl ExecProcess {
    /// The id that this client has given the process.
    pub fn process_id(&self) -> &str {
        self.inner.process_id()
    }

    /// As [`crate::ExecProcess::stream`].
    pub fn stream(&self) -> ExecStream {
        self.inner.stream().into()
    }

    /// As [`crate::ExecProcess::output`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn output(&self) -> Result<ExecOutput> {
        wait(self.inner.output())
    }

    /// As [`crate::ExecProcess::wait`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn wait(&self) -> Result<i32> {
        wait(self.inner.wait())
    }

    /// As [`crate::ExecProcess::write`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn write(&self, bytes: impl AsRef<[u8]>) -> Result<()> {
        wait(self.inner.write(bytes))
    }

    /// As [`crate::ExecProcess::close_stdin`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn close_stdin(&self) -> Result<()> {
        wait(self.inner.close_stdin())
    }

    /// As [`crate::ExecProcess::resize`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn resize(&self, cols: u16, rows: u16) -> Result<()> {
        wait(self.inner.resize(cols, rows))
    }

    /// As [`crate::ExecProcess::terminate`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn terminate(&self) -> Result<()> {
        wait(self.inner.terminate())
    }
}

/// The same process, for threads that may wait.
impl From<crate::ExecProcess> for ExecProcess {
    fn from(inner: crate::ExecProcess) -> Self {
        Self { inner }
    }
}

iterator! {
    /// The output of a process; from [`ExecProcess::stream`].
    ///
    /// Ends and yields errors as [`ExecStream`](crate::ExecStream) does.
    ExecStream(crate::exec::output::ExecStream) => crate::exec::output::ExecChunk
}
