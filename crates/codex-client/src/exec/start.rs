//! Starting a command, with all of its options.

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

/// Runs a command (`command/exec`); `.await` or `send` runs it to its end, [`spawn`](Self::spawn)
/// gives a process to talk to. From [`Codex::exec`].
///
/// No deadline of this client applies: the server answers when the program has ended, and ends it
/// after ten seconds unless [`timeout`](Self::timeout) says otherwise.
#[derive(Debug)]
#[must_use = "nothing is sent until it is awaited, or `send` or `spawn` is called"]
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
        /// The working directory; that of the server by default, from which a relative one counts.
        cwd: Path;
        /// What the command may do, as a permissions profile of the configuration by its id.
        /// Excludes [`sandbox`](Self::sandbox). Experimental.
        permission_profile: String;
        /// What the command may do: a [`Sandbox`](crate::Sandbox) preset or a [`SandboxPolicy`]. By
        /// default what the user's configuration says.
        sandbox => sandbox_policy: SandboxPolicy;
        /// Whether the program has an input that is [written](ExecProcess::write) to. Without it, the
        /// input is empty.
        stream_stdin: bool;
    } }

    /// Sets a variable in the environment of the program, which otherwise is the one that the
    /// server's configuration makes.
    pub fn env(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variable(name.into(), Some(value.into()))
    }

    /// Removes a variable from the environment of the program.
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

    /// Runs the program in a terminal of so many columns and rows. Its output is one stream then,
    /// and it has an input.
    pub fn tty(self, cols: u16, rows: u16) -> Self {
        self.params(|params| {
            params
                .tty(true)
                .size(CommandExecTerminalSize::new(cols, rows))
        })
    }

    /// Gives the program so long, instead of ten seconds. One that takes longer is ended by the
    /// server, with the exit code 124.
    pub fn timeout(self, timeout: Duration) -> Self {
        let milliseconds = i64::try_from(timeout.as_millis()).unwrap_or(i64::MAX);
        self.params(|mut params| {
            params.disable_timeout = None;
            params.timeout_ms(milliseconds)
        })
    }

    /// Lets the program run as long as it does.
    pub fn no_timeout(self) -> Self {
        self.params(|mut params| {
            params.timeout_ms = None;
            params.disable_timeout(true)
        })
    }

    /// How many bytes of output are kept of each of the two streams, instead of 1 MiB. What comes
    /// behind them is thrown away by the server, while the program goes on.
    pub fn output_bytes_cap(self, bytes: u64) -> Self {
        self.params(|mut params| {
            params.disable_output_cap = None;
            params.output_bytes_cap(bytes)
        })
    }

    /// Keeps all output, however much it is: for programs that run long. Whoever collects it needs
    /// the memory; whoever [streams](ExecProcess::stream) it does not.
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

    pub(crate) async fn perform(self) -> Result<ExecOutput> {
        // The sandbox of Windows cannot stream. There, output is text of one piece.
        let streams = self.request.codex.metadata().platform_family != "windows";
        self.start(streams)?.output().await
    }
}

impl ExecBuilder {
    /// Starts the program, to be talked to while it runs. This waits for nothing: the server does not
    /// say that a program has started. One that cannot be is told by the first thing that is asked
    /// of the process.
    ///
    /// Its output is streamed, which the Windows sandbox cannot do: there the server refuses.
    ///
    /// # Errors
    ///
    /// [`Closed`](crate::Error::Closed) if the connection has ended,
    /// [`InvalidInput`](crate::Error::InvalidInput) for a [`cwd`](Self::cwd) that cannot be sent.
    pub fn spawn(self) -> Result<ExecProcess> {
        self.start(true)
    }
}
