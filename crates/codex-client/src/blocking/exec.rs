//! Processes of the blocking API.

use crate::{
    blocking::{iterator::iterator, worker::wait},
    error::Result,
    exec::output::ExecOutput,
};

/// A process on the server, returned by
/// [`ExecBuilder::spawn`](crate::blocking::ExecBuilder#method.spawn).
///
/// Cheap to clone; all clones refer to the same process. One thread can write to it while another
/// reads.
///
/// ```no_run
/// use codex_client::{Result, blocking::Codex};
///
/// fn example(codex: &Codex) -> Result<()> {
///     let shell = codex.exec(["sh"]).tty(80, 24).no_timeout().spawn()?;
///     shell.write("ls\nexit\n")?;
///     for chunk in shell.stream() {
///         print!("{}", String::from_utf8_lossy(&chunk?.bytes));
///     }
///     println!("ended with {}", shell.wait()?);
///     Ok(())
/// }
/// ```
///
/// When the last handle and iterator are dropped, the process is [terminated](Self::terminate). It
/// also ends with the connection.
///
/// # Memory
///
/// Unread output is kept, up to 16 MiB as encoded on the wire (12 MiB of bytes). Beyond that, the
/// oldest chunks are dropped, and the iterator yields [`Lagged`](crate::Error::Lagged). By default,
/// the server sends at most 1 MiB of each stream, so reaching that limit requires
/// [`no_output_cap`](crate::builder::ExecBuilder::no_output_cap) or a large
/// [`output_bytes_cap`](crate::builder::ExecBuilder::output_bytes_cap).
#[derive(Debug, Clone)]
pub struct ExecProcess {
    inner: crate::ExecProcess,
}

impl ExecProcess {
    /// Streams the output, beginning with the oldest unread chunk. If there are several streams,
    /// each chunk goes to only one of them.
    pub fn stream(&self) -> ExecStream {
        self.inner.stream().into()
    }

    /// Waits for the process to exit and collects the unread output.
    ///
    /// # Errors
    ///
    /// Same as [`wait`](Self::wait); also [`Lagged`](crate::Error::Lagged) if output was dropped
    /// before the call.
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn output(&self) -> Result<ExecOutput> {
        wait(self.inner.output())
    }

    /// Waits for the process to exit and returns its exit code. The output need not be read, and
    /// can be read afterwards.
    ///
    /// The exit code is 124 for a program that exceeded its
    /// [timeout](crate::blocking::ExecBuilder::timeout), and nonzero for a program that was
    /// terminated by a signal.
    ///
    /// # Errors
    ///
    /// [`Rpc`](crate::Error::Rpc) if the program could not be run; [`Closed`](crate::Error::Closed)
    /// if the connection ended before the process did; [`Timeout`](crate::Error::Timeout) if the
    /// server does not report the end of the program in time: see
    /// [`timeout`](crate::blocking::ExecBuilder::timeout).
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn wait(&self) -> Result<i32> {
        wait(self.inner.wait())
    }

    /// Writes to the standard input of the program (`command/exec/write`). Returns when the server
    /// has accepted the bytes; a program that does not read its input can delay this.
    ///
    /// # Errors
    ///
    /// Same as [`RequestBuilder::send`](crate::blocking::RequestBuilder#method.send); also
    /// [`Rpc`](crate::Error::Rpc) if the program has ended, or has no input because neither
    /// [`stream_stdin`](crate::blocking::ExecBuilder::stream_stdin) nor
    /// [`tty`](crate::blocking::ExecBuilder::tty) was set.
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn write(&self, bytes: impl AsRef<[u8]>) -> Result<()> {
        wait(self.inner.write(bytes))
    }

    /// Closes the standard input of the program (`command/exec/write`). In a terminal, write Ctrl+D
    /// (`\x04`) instead.
    ///
    /// # Errors
    ///
    /// Same as [`write`](Self::write).
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn close_stdin(&self) -> Result<()> {
        wait(self.inner.close_stdin())
    }

    /// Resizes the terminal (`command/exec/resize`).
    ///
    /// # Errors
    ///
    /// Same as [`RequestBuilder::send`](crate::blocking::RequestBuilder#method.send); also
    /// [`Rpc`](crate::Error::Rpc) if the program has ended, or does not run in a terminal.
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn resize(&self, cols: u16, rows: u16) -> Result<()> {
        wait(self.inner.resize(cols, rows))
    }

    /// Terminates the process (`command/exec/terminate`). Returns when the server has accepted the
    /// request; [`wait`](Self::wait) waits for the process to exit. Terminating a process that has
    /// ended is a no-op.
    ///
    /// On Linux, current servers can leave a program running if it is terminated while its sandbox
    /// is still being set up, in the first moments after its start.
    ///
    /// # Errors
    ///
    /// Same as [`RequestBuilder::send`](crate::blocking::RequestBuilder#method.send).
    ///
    /// [`InsideRuntime`](crate::Error::InsideRuntime) or [`Worker`](crate::Error::Worker) if the
    /// calling thread cannot block.
    pub fn terminate(&self) -> Result<()> {
        wait(self.inner.terminate())
    }

    /// Returns the id that this client gave the process. The id is valid only on this connection.
    pub fn process_id(&self) -> &str {
        self.inner.process_id()
    }
}

/// Converts the async type into the blocking one.
impl From<crate::ExecProcess> for ExecProcess {
    fn from(inner: crate::ExecProcess) -> Self {
        Self { inner }
    }
}

iterator! {
    /// The output of a process, returned by [`ExecProcess::stream`].
    ///
    /// ```no_run
    /// use codex_client::{Result, blocking::Codex, types::CommandExecOutputStream};
    ///
    /// fn example(codex: &Codex) -> Result<()> {
    ///     let process = codex.exec(["cargo", "test"]).spawn()?;
    ///     for chunk in process.stream() {
    ///         let chunk = chunk?;
    ///         let text = String::from_utf8_lossy(&chunk.bytes);
    ///         match chunk.stream {
    ///             CommandExecOutputStream::Stderr => eprint!("{text}"),
    ///             _ => print!("{text}"),
    ///         }
    ///     }
    ///     println!("exit code {}", process.wait()?);
    ///     Ok(())
    /// }
    /// ```
    ///
    /// The iterator ends with the process. If the program could not be run
    /// ([`Rpc`](crate::Error::Rpc)) or the connection ended before the process did
    /// ([`Closed`](crate::Error::Closed)), that error is the last item. Other errors do not end the
    /// iterator: they report a message that could not be decoded
    /// ([`Decode`](crate::Error::Decode)), or chunks that were dropped because they were not read
    /// in time ([`Lagged`](crate::Error::Lagged)).
    ExecStream(crate::exec::output::ExecStream) => crate::exec::output::ExecChunk
}
