//! A process on the server.

use std::{future::poll_fn, sync::Arc, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use codex_types::{
    CommandExecParams, CommandExecResizeParams, CommandExecResponse, CommandExecTerminalSize,
    CommandExecTerminateParams, CommandExecWriteParams, Request,
};

use crate::{
    client::Codex,
    error::{Error, Result},
    exec::output::{ExecOutput, ExecStream},
    routing::client_id_stream::ClientIdStream,
    rpc::raw_notification::NotificationKind,
};

/// A process on the server, returned by [`ExecBuilder::spawn`](crate::builder::ExecBuilder::spawn).
///
/// Cheap to clone; all clones refer to the same process. One task can write to it while another
/// reads.
///
/// ```no_run
/// use codex_client::{Codex, Result};
///
/// async fn example(codex: &Codex) -> Result<()> {
///     let shell = codex.exec(["sh"]).tty(80, 24).no_timeout().spawn()?;
///     shell.write("ls\nexit\n").await?;
///     let mut output = shell.stream();
///     while let Some(chunk) = output.next().await {
///         print!("{}", String::from_utf8_lossy(&chunk?.bytes));
///     }
///     println!("ended with {}", shell.wait().await?);
///     Ok(())
/// }
/// ```
///
/// When the last handle and stream are dropped, the process is [terminated](Self::terminate). It
/// also ends with the connection.
///
/// # Memory
///
/// Unread output is kept, up to 16 MiB as encoded on the wire (12 MiB of bytes). Beyond that, the
/// oldest chunks are dropped, and the stream yields [`Lagged`](crate::Error::Lagged). By default,
/// the server sends at most 1 MiB of each stream, so reaching that limit requires
/// [`no_output_cap`](crate::builder::ExecBuilder::no_output_cap) or a large
/// [`output_bytes_cap`](crate::builder::ExecBuilder::output_bytes_cap).
#[derive(Debug, Clone)]
pub struct ExecProcess {
    process: Arc<ProcessInner>,
}

/// The state of a process, which its handles and streams share.
#[derive(Debug)]
pub(crate) struct ProcessInner {
    codex: Codex,
    pub(crate) stream: Arc<ClientIdStream>,
}

/// The time after which servers terminate a program by default.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// Maximum time from the caller's timeout to the response. After it has terminated a program, the
/// server waits up to two seconds for the rest of the output.
const REPORT_MARGIN: Duration = Duration::from_secs(5);

/// Returns the time to wait for the response, given the default timeout of a request. `None` for no
/// limit.
fn response_timeout(params: &CommandExecParams, default: Option<Duration>) -> Option<Duration> {
    match (params.disable_timeout, params.timeout_ms) {
        (Some(true), _) => None,
        (_, Some(milliseconds)) => {
            let milliseconds = u64::try_from(milliseconds).unwrap_or_default();
            let margin = default.map_or(REPORT_MARGIN, |default| default.min(REPORT_MARGIN));
            Some(Duration::from_millis(milliseconds).saturating_add(margin))
        }
        _ => default.map(|default| DEFAULT_TIMEOUT.saturating_add(default)),
    }
}

impl ExecProcess {
    pub(crate) fn start(codex: Codex, params: CommandExecParams, streams: bool) -> Result<Self> {
        let stream = ClientIdStream::new(NotificationKind::ExecOutputDelta, "exec");
        let mut params = params.process_id(stream.id());
        if streams {
            params = params.stream_stdout_stderr(true);
        }
        let connection = codex.connection();
        connection.open_stream(&stream)?;
        let timeout = response_timeout(&params, connection.timeout());
        connection.send_for_stream(&params, timeout, &stream)?;
        let process = Arc::new(ProcessInner { codex, stream });
        Ok(Self { process })
    }

    /// Streams the output, beginning with the oldest unread chunk. If there are several streams,
    /// each chunk goes to only one of them.
    pub fn stream(&self) -> ExecStream {
        ExecStream::new(Arc::clone(&self.process))
    }

    /// Waits for the process to exit and collects the unread output.
    ///
    /// # Errors
    ///
    /// Same as [`wait`](Self::wait); also [`Lagged`](crate::Error::Lagged) if output was dropped
    /// before the call.
    pub async fn output(&self) -> Result<ExecOutput> {
        let mut output = ExecOutput::default();
        let mut chunks = self.stream();
        while let Some(chunk) = chunks.next().await {
            output.add(chunk?);
        }
        output.finish(&self.response().await?);
        Ok(output)
    }

    /// Waits for the process to exit and returns its exit code. The output need not be read, and
    /// can be read afterwards.
    ///
    /// The exit code is 124 for a program that exceeded its
    /// [timeout](crate::builder::ExecBuilder::timeout), and nonzero for a program that was
    /// terminated by a signal.
    ///
    /// # Errors
    ///
    /// [`Rpc`](crate::Error::Rpc) if the program could not be run; [`Closed`](crate::Error::Closed)
    /// if the connection ended before the process did; [`Timeout`](crate::Error::Timeout) if the
    /// server does not report the end of the program in time: see
    /// [`timeout`](crate::builder::ExecBuilder::timeout).
    pub async fn wait(&self) -> Result<i32> {
        self.response().await.map(|response| response.exit_code)
    }

    async fn response(&self) -> Result<CommandExecResponse> {
        let mailbox = &self.process.stream.mailbox;
        let end = poll_fn(|context| mailbox.poll_end(context)).await;
        end.and_then(|response| Ok(response.decode::<CommandExecParams>(&mut Vec::new())?))
    }

    /// Writes to the standard input of the program (`command/exec/write`). Returns when the server
    /// has accepted the bytes; a program that does not read its input can delay this.
    ///
    /// # Errors
    ///
    /// Same as [`RequestBuilder::send`](crate::builder::RequestBuilder::send); also
    /// [`Rpc`](crate::Error::Rpc) if the program has ended, or has no input because neither
    /// [`stream_stdin`](crate::builder::ExecBuilder::stream_stdin) nor
    /// [`tty`](crate::builder::ExecBuilder::tty) was set.
    pub async fn write(&self, bytes: impl AsRef<[u8]>) -> Result<()> {
        let delta = BASE64_STANDARD.encode(bytes);
        let params = CommandExecWriteParams::new(self.process_id()).delta_base64(delta);
        self.call(&params).await
    }

    /// Closes the standard input of the program (`command/exec/write`). In a terminal, write Ctrl+D
    /// (`\x04`) instead.
    ///
    /// # Errors
    ///
    /// Same as [`write`](Self::write).
    pub async fn close_stdin(&self) -> Result<()> {
        let params = CommandExecWriteParams::new(self.process_id()).close_stdin(true);
        self.call(&params).await
    }

    /// Resizes the terminal (`command/exec/resize`).
    ///
    /// # Errors
    ///
    /// Same as [`RequestBuilder::send`](crate::builder::RequestBuilder::send); also
    /// [`Rpc`](crate::Error::Rpc) if the program has ended, or does not run in a terminal.
    pub async fn resize(&self, cols: u16, rows: u16) -> Result<()> {
        let size = CommandExecTerminalSize::new(cols, rows);
        self.call(&CommandExecResizeParams::new(self.process_id(), size))
            .await
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
    /// Same as [`RequestBuilder::send`](crate::builder::RequestBuilder::send).
    pub async fn terminate(&self) -> Result<()> {
        let params = CommandExecTerminateParams::new(self.process_id());
        match self.call(&params).await {
            Err(Error::Rpc(_)) if self.process.stream.mailbox.end().is_some() => Ok(()),
            terminated => terminated,
        }
    }

    /// Returns the id that this client gave the process. The id is valid only on this connection.
    pub fn process_id(&self) -> &str {
        self.process.stream.id()
    }

    /// Sends a request about the process. If the process could not be started, returns the error
    /// from starting it, which is more informative than the rejection of this request.
    async fn call<R: Request>(&self, params: &R) -> Result<()> {
        let connection = self.process.codex.connection();
        let response = connection.call(params, connection.timeout()).await;
        match (&response, self.process.stream.mailbox.end()) {
            (Err(Error::Rpc(_)), Some(Err(error))) => Err(error),
            _ => response.map(drop),
        }
    }
}

impl Drop for ProcessInner {
    fn drop(&mut self) {
        self.stream.mailbox.abandon();
        // After a timeout of a request that was sent, the program may still run.
        let may_run = match self.stream.mailbox.end() {
            None | Some(Err(Error::Timeout { sent: true, .. })) => true,
            Some(_) => false,
        };
        if may_run {
            let params = CommandExecTerminateParams::new(self.stream.id());
            self.codex.connection().send_and_forget(&params);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_response_follows_the_timeout_of_the_caller_by_a_few_seconds_at_most() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        let params = CommandExecParams::new(vec!["sleep".to_owned()]);
        let limited = params.clone().timeout_ms(1000);
        for (params, default, expected) in [
            (&limited, seconds(60), seconds(1 + 5)),
            (&limited, seconds(2), seconds(1 + 2)),
            (&limited, None, seconds(1 + 5)),
            (&params, seconds(60), seconds(10 + 60)),
            (&params, None, None),
            (&params.clone().disable_timeout(true), seconds(60), None),
        ] {
            assert_eq!(response_timeout(params, default), expected);
        }
        let longest = params.timeout_ms(i64::MAX);
        assert!(response_timeout(&longest, None).is_some());
    }
}
