//! Starts commands.

use std::{collections::BTreeMap, time::Duration};

use codex_types::{CommandExecParams, CommandExecTerminalSize, SandboxPolicy};

use crate::{
    builder_macros::options,
    client::Codex,
    error::Result,
    exec::{output::ExecOutput, process::ExecProcess},
    mode::Async,
    request_builder::RequestBuilder,
};

/// A request to run a command (`command/exec`), returned by [`Codex::exec`].
///
/// `send` and `.await` run the command to its end. [`spawn`](Self::spawn) returns a process to
/// write to and read from.
///
/// The server responds when the program has ended, and terminates it after ten seconds unless
/// [`timeout`](Self::timeout) or [`no_timeout`](Self::no_timeout) is set. After these ten seconds,
/// the client waits for the response for its
/// [request timeout](crate::builder::CodexBuilder::request_timeout).
#[derive(Debug)]
#[must_use = "nothing is sent until this is awaited, or `send` or `spawn` is called"]
pub struct ExecBuilder<M = Async> {
    request: RequestBuilder<CommandExecParams, M>,
}

impl<M> ExecBuilder<M> {
    pub(crate) fn new<I>(codex: &Codex, command: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let command: Vec<String> = command.into_iter().map(Into::into).collect();
        Self {
            request: RequestBuilder::new(codex, CommandExecParams::new(command)),
        }
    }

    options! { CommandExecParams {
        /// Sets the working directory, relative to the server's own, which is the default.
        cwd: Path;
        /// Selects the permissions profile that applies to the command, by its id in the
        /// configuration. A profile cannot be combined with [`sandbox`](Self::sandbox).
        /// Experimental.
        permission_profile: String;
        /// Sets the sandbox: a [`Sandbox`](crate::Sandbox) preset or a [`SandboxPolicy`]. The
        /// default is the sandbox of the user's configuration.
        sandbox => sandbox_policy: SandboxPolicy;
        /// Sets whether the standard input of the program can be [written](ExecProcess::write) to.
        /// Otherwise it is empty.
        stream_stdin: bool;
    } }

    /// Sets an environment variable for the program, in addition to those set by the server's
    /// configuration.
    pub fn env(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variable(name.into(), Some(value.into()))
    }

    /// Removes an environment variable from the program's environment.
    pub fn env_remove(self, name: impl Into<String>) -> Self {
        self.variable(name.into(), None)
    }

    fn variable(self, name: String, value: Option<String>) -> Self {
        self.params(|mut params| {
            params
                .env
                .get_or_insert_with(BTreeMap::new)
                .insert(name, value);
            params
        })
    }

    /// Runs the program in a terminal of this size. The terminal merges both output streams, and
    /// its input can be [written](ExecProcess::write) to.
    pub fn tty(self, cols: u16, rows: u16) -> Self {
        self.params(|params| {
            params
                .tty(true)
                .size(CommandExecTerminalSize::new(cols, rows))
        })
    }

    /// Sets the time after which the server terminates the program, with the exit code 124. The
    /// default is ten seconds.
    ///
    /// The client waits for the response for this time and at most five more seconds. Then the
    /// result is [`Timeout`](crate::Error::Timeout), and the server is asked to terminate the
    /// program once the last handle of its process is dropped. The output that has arrived by then
    /// can be [streamed](ExecProcess::stream).
    pub fn timeout(self, timeout: Duration) -> Self {
        let milliseconds = i64::try_from(timeout.as_millis()).unwrap_or(i64::MAX);
        self.params(|mut params| {
            params.disable_timeout = None;
            params.timeout_ms(milliseconds)
        })
    }

    /// Runs the program without a timeout.
    pub fn no_timeout(self) -> Self {
        self.params(|mut params| {
            params.timeout_ms = None;
            params.disable_timeout(true)
        })
    }

    /// Sets the maximum number of bytes that the server keeps from each output stream. The server
    /// discards further output while the program continues. The default is 1 MiB.
    pub fn output_bytes_cap(self, bytes: u64) -> Self {
        self.params(|mut params| {
            params.disable_output_cap = None;
            params.output_bytes_cap(bytes)
        })
    }

    /// Keeps all output of the program. Collecting the output takes as much memory as there is
    /// output; [streaming](ExecProcess::stream) it does not.
    pub fn no_output_cap(self) -> Self {
        self.params(|mut params| {
            params.output_bytes_cap = None;
            params.disable_output_cap(true)
        })
    }

    pub(crate) fn start(self, streams: bool) -> Result<ExecProcess> {
        self.request.check()?;
        ExecProcess::start(self.request.codex, self.request.params, streams)
    }

    pub(crate) async fn execute(self) -> Result<ExecOutput> {
        // The Windows sandbox cannot stream, so the output is part of the response.
        let streams = self.request.codex.metadata().platform_family != "windows";
        self.start(streams)?.output().await
    }
}

impl ExecBuilder {
    /// Starts the program and returns at once. The server does not report that a program has
    /// started: if it cannot be started, the first method called on the process returns the error.
    ///
    /// The output is streamed, which the Windows sandbox does not support: a server on Windows
    /// refuses the request.
    ///
    /// # Errors
    ///
    /// [`Closed`](crate::Error::Closed) if the connection has ended,
    /// [`InvalidInput`](crate::Error::InvalidInput) for a [`cwd`](Self::cwd) that cannot be sent.
    pub fn spawn(self) -> Result<ExecProcess> {
        self.start(true)
    }
}
