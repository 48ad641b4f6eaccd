//! Configures connections and opens them.

mod launch;

use std::{ffi::OsString, fmt, marker::PhantomData, path::PathBuf, time::Duration};

use codex_types::{ClientInfo, InitializeCapabilities};
use tokio::io::{AsyncRead, AsyncWrite};

#[cfg(feature = "websocket")]
use crate::codex::remote::RemoteOptions;
use crate::{
    client::{Codex, WeakCodex},
    config::overrides::{Override, config_options},
    connection::handle::Limits,
    error::{Error, Result},
    mode::Async,
    server_requests::handlers::Handlers,
    supervisor::supervision::Supervision,
    version::VersionPolicy,
};

/// The default timeout for requests.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// The default grace period for the end of a turn. A server completes a turn within milliseconds
/// after it has reported the thread as idle; this leaves time for a busy machine.
const TURN_END_GRACE: Duration = Duration::from_secs(5);

/// The default maximum number of requests in flight. With more than about 125, the server drops
/// responses.
const MAX_IN_FLIGHT: usize = 100;

/// The default maximum length of a message. Messages of 43 MB occur in practice.
const MAX_MESSAGE: usize = 256 * 1024 * 1024;

/// A builder that configures a client and its server, returned by [`Codex::builder`].
///
/// ```no_run
/// use codex_client::{Codex, Result};
///
/// async fn example() -> Result<Codex> {
///     Codex::builder()
///         .cwd("/work/app")
///         .config("model", "gpt-5.4")
///         .client_name("my_app")
///         .start()
///         .await
/// }
/// ```
#[derive(Clone)]
#[must_use = "nothing happens until `start` or `connect` is called"]
pub struct CodexBuilder<M = Async> {
    pub(crate) binary: Option<PathBuf>,
    config: Vec<Override>,
    /// The error of an option whose value cannot be used.
    pub(crate) error: Option<Error>,
    pub(crate) launch_args: Vec<OsString>,
    cwd: Option<PathBuf>,
    pub(crate) env: Vec<(OsString, Option<OsString>)>,
    env_clear: bool,
    #[cfg(windows)]
    creation_flags: u32,
    client: ClientInfo,
    capabilities: InitializeCapabilities,
    pub(crate) limits: Limits,
    version_policy: VersionPolicy,
    #[cfg(feature = "websocket")]
    pub(crate) remote: RemoteOptions,
    pub(crate) handlers: Handlers<WeakCodex>,
    supervision: Option<Supervision>,
    mode: PhantomData<fn() -> M>,
}

impl<M> CodexBuilder<M> {
    pub(crate) fn new() -> Self {
        Self {
            binary: None,
            config: Vec::new(),
            error: None,
            launch_args: vec!["app-server".into()],
            cwd: None,
            env: Vec::new(),
            env_clear: false,
            #[cfg(windows)]
            creation_flags: crate::transport::process::CREATE_NO_WINDOW,
            client: ClientInfo::new("codex_rust_sdk", env!("CARGO_PKG_VERSION"))
                .title("Codex Rust SDK"),
            capabilities: InitializeCapabilities::default().experimental_api(true),
            limits: Limits {
                timeout: Some(REQUEST_TIMEOUT),
                turn_end_grace: Some(TURN_END_GRACE),
                in_flight: MAX_IN_FLIGHT,
                line: MAX_MESSAGE,
                recording: None,
            },
            version_policy: VersionPolicy::default(),
            #[cfg(feature = "websocket")]
            remote: RemoteOptions::default(),
            handlers: Handlers::default(),
            supervision: None,
            mode: PhantomData,
        }
    }

    /// Sets the `codex` program to run: a path, or a name to look up in `PATH`. A relative path is
    /// resolved against the working directory of this program, and `~` is not the home directory.
    /// On Windows, the extension may be left out: `.exe` is preferred to `.cmd`.
    ///
    /// By default, the client runs the program that `CODEX_BIN` names, or else searches `PATH` and
    /// then the directories where package managers install programs.
    pub fn binary(mut self, program: impl Into<PathBuf>) -> Self {
        self.binary = Some(program.into());
        self
    }

    config_options! {
        /// The value becomes an argument of the server process (`-c key=value`), which other users
        /// of the machine can see. It applies to all threads of this server, unless a thread
        /// overrides it.
    }

    fn add_override(mut self, value: Result<Override>) -> Self {
        match value {
            Ok(value) => self.config.push(value),
            Err(error) => drop(self.error.get_or_insert(error)),
        }
        self
    }

    /// Replaces the arguments of the program, which are `app-server` by default. Overrides set with
    /// [`config`](Self::config) are inserted before them.
    pub fn launch_args<I>(mut self, args: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<OsString>,
    {
        self.launch_args = args.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the server's working directory, which is also the default for its threads.
    pub fn cwd(mut self, dir: impl Into<PathBuf>) -> Self {
        self.cwd = Some(dir.into());
        self
    }

    /// Sets an environment variable for the server, which also inherits the environment of this
    /// program.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), Some(value.into())));
        self
    }

    /// Sets several environment variables for the server.
    pub fn envs<I, K, V>(mut self, variables: I) -> Self
    where
        I: IntoIterator<Item = (K, V)>,
        K: Into<OsString>,
        V: Into<OsString>,
    {
        for (name, value) in variables {
            self = self.env(name, value);
        }
        self
    }

    /// Removes an environment variable from the environment of the server.
    pub fn env_remove(mut self, name: impl Into<OsString>) -> Self {
        self.env.push((name.into(), None));
        self
    }

    /// Clears the environment of the server: variables set earlier, and those that it would inherit
    /// from this program, except for the ones set later. Most programs need `PATH`, and on Windows
    /// `SystemRoot`.
    pub fn env_clear(mut self) -> Self {
        self.env.clear();
        self.env_clear = true;
        self
    }

    /// Sets the flags with which `CreateProcess` starts the server. The default is
    /// `CREATE_NO_WINDOW`, so that a program without a console does not open one. Available only on
    /// Windows.
    #[cfg(windows)]
    pub fn creation_flags(mut self, flags: u32) -> Self {
        self.creation_flags = flags;
        self
    }

    /// Sets the name of this program that is reported to the server. The default is
    /// `codex_rust_sdk`.
    pub fn client_name(mut self, name: impl Into<String>) -> Self {
        self.client.name = name.into();
        self
    }

    /// Sets the human-readable name of this program that is reported to the server.
    pub fn client_title(mut self, title: impl Into<String>) -> Self {
        self.client.title = Some(title.into());
        self
    }

    /// Sets the version of this program that is reported to the server.
    pub fn client_version(mut self, version: impl Into<String>) -> Self {
        self.client.version = version.into();
        self
    }

    /// Sets whether the client declares the `experimentalApi` capability. Without it, the server
    /// refuses experimental methods and fields. On by default.
    pub fn experimental_api(mut self, experimental: bool) -> Self {
        self.capabilities.experimental_api = Some(experimental);
        self
    }

    /// Sets whether the client declares the `requestAttestation` capability. Without it, the server
    /// never requests an attestation (`attestation/generate`). Off by default.
    pub fn request_attestation(mut self, request: bool) -> Self {
        self.capabilities.request_attestation = Some(request);
        self
    }

    /// Changes the capabilities directly, for those that have no setter here, such as MCP
    /// extensions and approvals that only a person may give.
    pub fn capabilities(
        mut self,
        change: impl FnOnce(InitializeCapabilities) -> InitializeCapabilities,
    ) -> Self {
        self.capabilities = change(self.capabilities);
        self
    }

    /// Sets the notifications that the server must not send, by their exact method names. The
    /// server ignores unknown names.
    pub fn opt_out_notifications<I>(mut self, methods: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let methods = methods.into_iter().map(Into::into).collect();
        self.capabilities.opt_out_notification_methods = Some(methods);
        self
    }

    /// Sets the policy for a server whose version differs from
    /// [`CODEX_VERSION`](crate::version::CODEX_VERSION). By default, the client connects to a server
    /// of any version.
    ///
    /// ```no_run
    /// use codex_client::{Codex, Result, version::VersionPolicy};
    ///
    /// async fn example() -> Result<Codex> {
    ///     Codex::builder()
    ///         .version_policy(VersionPolicy::Refuse)
    ///         .start()
    ///         .await
    /// }
    /// ```
    pub fn version_policy(mut self, policy: VersionPolicy) -> Self {
        self.version_policy = policy;
        self
    }

    /// Sets the default timeout for requests. If it is not set, the timeout is 60 seconds.
    ///
    /// Request builders override it with `timeout` and `no_timeout`. Methods without a builder,
    /// such as [`Thread::set_name`](crate::Thread::set_name) and
    /// [`TurnHandle::steer`](crate::TurnHandle::steer), use the default. To use a different timeout
    /// for one of these, send the protocol request itself:
    ///
    /// ```no_run
    /// use std::time::Duration;
    ///
    /// use codex_client::{Codex, Result, protocol::ThreadSetNameParams};
    ///
    /// async fn example(codex: &Codex, id: String) -> Result<()> {
    ///     let rename = codex.request(ThreadSetNameParams::new(id, "Parsers"));
    ///     rename.timeout(Duration::from_secs(5)).await?;
    ///     Ok(())
    /// }
    /// ```
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.limits.timeout = Some(timeout);
        self
    }

    /// Removes the default timeout for requests. A request without its own timeout then waits until
    /// the response arrives or the connection ends.
    pub fn no_request_timeout(mut self) -> Self {
        self.limits.timeout = None;
        self
    }

    /// Sets the time that a turn is given to end once the server has shown that it is over: the
    /// thread is inactive (idle, not loaded, or in a system error), or another turn has started in
    /// it. A turn that has no event for this long then ends with
    /// [`TurnDetached`](crate::Error::TurnDetached) and its partial result. The default is five
    /// seconds. An active goal whose thread is inactive and starts no turn for this long ends in the
    /// same way.
    ///
    /// The server reports the end of a turn shortly after it reports the thread as idle, so the
    /// grace period only matters if that report is lost.
    pub fn turn_end_grace(mut self, grace: Duration) -> Self {
        self.limits.turn_end_grace = Some(grace);
        self
    }

    /// Ends a turn only when the server reports its end, however long ago the server has shown that
    /// the turn is over. See [`turn_end_grace`](Self::turn_end_grace). A turn that may have joined
    /// one that was interrupted, on a server up to 0.147, still ends after five seconds.
    pub fn no_turn_end_grace(mut self) -> Self {
        self.limits.turn_end_grace = None;
        self
    }

    /// Sets the maximum number of requests in flight. Further requests are queued. The default is
    /// 100, because the server drops responses when more than about 125 requests are in flight.
    pub fn max_in_flight(mut self, requests: usize) -> Self {
        self.limits.in_flight = requests;
        self
    }

    /// Sets the maximum length of a message from the server, in bytes. A longer message is dropped:
    /// if it is a response, its request fails; otherwise, [`Codex::notifications`] reports it, and
    /// the turns that it may belong to list it as
    /// [`unreadable`](crate::TurnResult::unreadable). The default is 256 MiB.
    pub fn max_message(mut self, bytes: usize) -> Self {
        self.limits.line = bytes;
        self
    }

    /// Starts the server again when it ends, or reconnects to the one that the client joined, and resumes
    /// the threads of the client: see [`supervisor`](crate::supervisor). Running turns and requests in flight still end with
    /// [`Closed`](crate::Error::Closed); nothing is repeated.
    ///
    /// The first start or connection is not repeated if it fails.
    ///
    /// ```no_run
    /// use codex_client::{Codex, Result, supervisor::Supervision};
    ///
    /// async fn example() -> Result<Codex> {
    ///     Codex::builder().supervise(Supervision::default()).start().await
    /// }
    /// ```
    pub fn supervise(mut self, supervision: Supervision) -> Self {
        self.supervision = Some(supervision);
        self
    }

    /// Records all messages of the connection to a file, without secrets: one JSON object per line,
    /// with the time (`at`, in milliseconds since the Unix epoch), the direction (`dir`: `in` from
    /// the server, `out` to it) and the message (`msg`). In the path, `%p` stands for the id of this
    /// process, `%n` for the number of the recording in this process, and `%%` for a percent sign.
    ///
    /// The values of members that are named like secrets, settings, environment variables and keys
    /// in texts are replaced by `…`; see [`json_without_secrets`]. Prompts, responses, and what
    /// commands and files contain are recorded. On Unix, only this user can read the file.
    ///
    /// A thread of its own writes the file. Messages that it cannot write fast enough are left out,
    /// and counted (`dropped`). If the file cannot be written, [`Codex::notifications`] reports
    /// [`Recording`](crate::Error::Recording) once, and the connection continues. An existing file is
    /// replaced, unless another client is recording to it. When [`Codex::close`] returns, the file is
    /// complete.
    ///
    /// The variable `CODEX_CLIENT_RECORD` names the file for clients without this option.
    ///
    /// [`json_without_secrets`]: codex_types::redact::json_without_secrets
    ///
    /// ```no_run
    /// use codex_client::{Codex, Result};
    ///
    /// async fn example() -> Result<Codex> {
    ///     Codex::builder().record("codex-%p.jsonl").start().await
    /// }
    /// ```
    pub fn record(mut self, path: impl Into<PathBuf>) -> Self {
        self.limits.recording = Some(path.into());
        self
    }
}

impl CodexBuilder {
    /// Starts the server and performs the handshake (`initialize`, `initialized`).
    ///
    /// If the future is dropped, the server ends.
    ///
    /// Outside of a Tokio runtime with timers and I/O, the result is
    /// [`UnsuitableRuntime`](crate::Error::UnsuitableRuntime).
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::Error::InvalidInput) if an option is invalid;
    /// [`CodexNotFound`](crate::Error::CodexNotFound) if no `codex` is found;
    /// [`Launch`](crate::Error::Launch) if it cannot be started; [`Closed`](crate::Error::Closed),
    /// with the end of its standard error, if it ends before the handshake is complete;
    /// [`HandshakeTimeout`](crate::Error::HandshakeTimeout) if it does not respond in time;
    /// [`Rpc`](crate::Error::Rpc) if it refuses the handshake; [`Decode`](crate::Error::Decode) if
    /// its response cannot be read; [`VersionMismatch`](crate::Error::VersionMismatch) if the
    /// [policy](Self::version_policy) refuses its version.
    pub async fn start(self) -> Result<Codex> {
        self.launch().await
    }

    /// Performs the handshake with a server at the other end of these streams, which carry one JSON
    /// message per line: for example, a fake server in a test, or a server that another program has
    /// started. Options for the server process are ignored.
    ///
    /// If the future is dropped, the streams are closed.
    ///
    /// Outside of a Tokio runtime with timers, the result is
    /// [`UnsuitableRuntime`](crate::Error::UnsuitableRuntime).
    ///
    /// # Errors
    ///
    /// Same as [`start`](Self::start), except for `CodexNotFound` and `Launch`. A client that is
    /// [supervised](Self::supervise) could not open the streams again:
    /// [`InvalidInput`](crate::Error::InvalidInput).
    pub async fn connect<R, W>(self, reader: R, writer: W) -> Result<Codex>
    where
        R: AsyncRead + Unpin + Send + 'static,
        W: AsyncWrite + Unpin + Send + 'static,
    {
        self.join_streams(reader, writer).await
    }
}

impl<M> fmt::Debug for CodexBuilder<M> {
    /// Leaves out the arguments and the values of environment variables and configuration keys,
    /// which may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let env: Vec<_> = self.env.iter().map(|(name, _)| name).collect();
        let config = self.config.iter().map(Override::key);
        let mut debug = f.debug_struct("CodexBuilder");
        #[cfg(feature = "websocket")]
        debug.field("remote", &self.remote);
        debug
            .field("binary", &self.binary)
            .field("config", &config.collect::<Vec<_>>())
            .field(
                "launch_args",
                &format_args!("[{} redacted]", self.launch_args.len()),
            )
            .field("cwd", &self.cwd)
            .field("env", &env)
            .field("client", &self.client)
            .field("capabilities", &self.capabilities)
            .field("limits", &self.limits)
            .field("version_policy", &self.version_policy)
            .field("handlers", &self.handlers.methods().collect::<Vec<_>>())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_leaves_out_the_values_of_variables_and_configuration_keys() {
        let builder = Codex::builder()
            .env("API_KEY", "sk-secret")
            .launch_args(["app-server", "-c", "key=sk-secret"])
            .config("providers.x.key", "sk-secret");
        let text = format!("{builder:?}");
        assert!(
            text.contains("API_KEY") && text.contains("providers.x.key"),
            "{text}"
        );
        assert!(!text.contains("secret"), "{text}");
    }

    #[test]
    fn overrides_come_before_the_command() {
        let builder = Codex::builder().config("model", "m").config("a.b", 1);
        assert_eq!(
            builder.args(),
            ["-c", "model=\"m\"", "-c", "a.b=1", "app-server"]
        );
    }
}
