//! How a connection is set up.

use std::{ffi::OsString, fmt, marker::PhantomData, path::PathBuf, time::Duration};

use codex_types::{ClientInfo, InitializeCapabilities, InitializeParams};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    binary::Search,
    client::{Codex, WeakCodex},
    connection::handle::Limits,
    error::Result,
    mode::Async,
    server_requests::handlers::Handlers,
    transport::{Transport, process::Launch},
};

/// A request that is neither answered nor refused for this long is given up.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The real server drops replies when about 125 requests are in flight.
const IN_FLIGHT: usize = 100;

/// Lines of 43 MB have been seen.
const LINE_LIMIT: usize = 256 * 1024 * 1024;

/// Sets up a connection; from [`Codex::builder`].
#[derive(Clone)]
#[must_use = "nothing happens until `start` or `connect` is called"]
pub struct CodexBuilder<M = Async> {
    binary: Option<PathBuf>,
    config: Vec<String>,
    launch_args: Vec<OsString>,
    cwd: Option<PathBuf>,
    env: Vec<(OsString, Option<OsString>)>,
    client: ClientInfo,
    capabilities: InitializeCapabilities,
    limits: Limits,
    pub(crate) handlers: Handlers<WeakCodex>,
    mode: PhantomData<fn() -> M>,
}

impl<M> CodexBuilder<M> {
    pub(crate) fn new() -> Self {
        Self {
            binary: None,
            config: Vec::new(),
            launch_args: vec!["app-server".into()],
            cwd: None,
            env: Vec::new(),
            client: ClientInfo::new("codex_rust_sdk", env!("CARGO_PKG_VERSION"))
                .title("Codex Rust SDK"),
            capabilities: InitializeCapabilities::default().experimental_api(true),
            limits: Limits {
                timeout: Some(TIMEOUT),
                in_flight: IN_FLIGHT,
                line: LINE_LIMIT,
            },
            handlers: Handlers::default(),
            mode: PhantomData,
        }
    }

    /// The `codex` program to run, instead of the one that would be found: a path, or a name to be
    /// looked for in `PATH`.
    pub fn binary(mut self, program: impl Into<PathBuf>) -> Self {
        self.binary = Some(program.into());
        self
    }

    /// Overrides a value of codex's configuration for this server, as `-c key=value` does. The key
    /// may have dots; the value is TOML, and taken as text where it is not.
    pub fn config(mut self, key: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        self.config
            .push(format!("{}={}", key.as_ref(), value.as_ref()));
        self
    }

    /// Replaces the arguments of the program, which are `app-server`. Overrides by
    /// [`config`](Self::config) still come before them.
    pub fn launch_args<I>(mut self, args: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<OsString>,
    {
        self.launch_args = args.into_iter().map(Into::into).collect();
        self
    }

    /// The working directory of the server, and so of threads that do not name one.
    pub fn cwd(mut self, dir: impl Into<PathBuf>) -> Self {
        self.cwd = Some(dir.into());
        self
    }

    /// Sets a variable in the environment of the server, which otherwise is that of this program.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), Some(value.into())));
        self
    }

    /// Removes a variable from the environment of the server.
    pub fn env_remove(mut self, name: impl Into<OsString>) -> Self {
        self.env.push((name.into(), None));
        self
    }

    /// How this program calls itself towards the server, in place of this crate's name.
    pub fn client_name(mut self, name: impl Into<String>) -> Self {
        self.client.name = name.into();
        self
    }

    /// The same for people to read.
    pub fn client_title(mut self, title: impl Into<String>) -> Self {
        self.client.title = Some(title.into());
        self
    }

    /// The version of this program.
    pub fn client_version(mut self, version: impl Into<String>) -> Self {
        self.client.version = version.into();
        self
    }

    /// Whether to ask for the `experimentalApi` capability, without which the server refuses
    /// experimental methods and fields. On by default.
    pub fn experimental_api(mut self, experimental: bool) -> Self {
        self.capabilities.experimental_api = Some(experimental);
        self
    }

    /// Whether to ask for the `requestAttestation` capability, without which the server never asks for
    /// an attestation (`attestation/generate`). Off by default.
    pub fn request_attestation(mut self, request: bool) -> Self {
        self.capabilities.request_attestation = Some(request);
        self
    }

    /// Changes the capabilities themselves, for what has no setter here: to declare extensions of MCP, to
    /// take approvals that only a person may give.
    pub fn capabilities(
        mut self,
        change: impl FnOnce(InitializeCapabilities) -> InitializeCapabilities,
    ) -> Self {
        self.capabilities = change(self.capabilities);
        self
    }

    /// Notifications that the server is not to send, by their exact method. Unknown ones are
    /// ignored by it.
    pub fn opt_out_notifications<I>(mut self, methods: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let methods = methods.into_iter().map(Into::into).collect();
        self.capabilities.opt_out_notification_methods = Some(methods);
        self
    }

    /// How long a request waits for its answer unless it says otherwise; 60 seconds by default.
    ///
    /// Request builders say otherwise with their `timeout` and `no_timeout`. What is a plain function,
    /// such as [`Thread::set_name`](crate::Thread::set_name) or
    /// [`TurnHandle::steer`](crate::TurnHandle::steer), keeps to this. For another deadline of one of
    /// these, or for params that it does not set, there is the method itself:
    ///
    /// ```no_run
    /// use std::time::Duration;
    ///
    /// use codex_types::ThreadSetNameParams;
    ///
    /// # async fn example(codex: codex_client::Codex, id: String) -> codex_client::Result<()> {
    /// let rename = codex.request(ThreadSetNameParams::new(id, "Parsers"));
    /// rename.timeout(Duration::from_secs(5)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.limits.timeout = Some(timeout);
        self
    }

    /// Lets requests wait for their answers as long as it takes, unless they say otherwise. A server that
    /// does not answer then keeps its callers waiting until the connection ends.
    pub fn no_request_timeout(mut self) -> Self {
        self.limits.timeout = None;
        self
    }

    /// How many requests are in flight at most; more wait for an answer to one of them. 100 by
    /// default: a server drops replies from about 125 on.
    pub fn max_in_flight(mut self, requests: usize) -> Self {
        self.limits.in_flight = requests;
        self
    }

    /// How long one message of the server may be, in bytes; 256 MiB by default. A longer one is
    /// dropped and reported: to its caller if it is an answer, else by [`Codex::notifications`].
    pub fn max_message(mut self, bytes: usize) -> Self {
        self.limits.line = bytes;
        self
    }
}

impl CodexBuilder {
    /// Starts the server and does the handshake (`initialize`, `initialized`). Dropped before that is
    /// done, it ends the server.
    ///
    /// # Errors
    ///
    /// [`CodexNotFound`](crate::Error::CodexNotFound) if there is no `codex`, [`Launch`](crate::Error::Launch)
    /// if it cannot be started, [`Closed`](crate::Error::Closed) with its last words if it ends
    /// before the handshake does, [`Timeout`](crate::Error::Timeout), [`Rpc`](crate::Error::Rpc) if it
    /// refuses the handshake.
    pub async fn start(self) -> Result<Codex> {
        self.launch().await
    }

    /// Does the handshake with a server at the other end of these streams, one JSON message per
    /// line: a fake one in a test, or one that somebody else has started. What concerns the program
    /// to run is not used. Dropped before that is done, it lets go of the streams.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start), without the first two.
    pub async fn connect<R, W>(self, reader: R, writer: W) -> Result<Codex>
    where
        R: AsyncRead + Unpin + Send + 'static,
        W: AsyncWrite + Unpin + Send + 'static,
    {
        self.handshake(Transport::streams(reader, writer)).await
    }
}

impl<M> CodexBuilder<M> {
    pub(crate) async fn launch(self) -> Result<Codex> {
        let launch = Launch {
            program: Search::from_env(self.binary.clone()).find()?,
            args: self.args(),
            cwd: self.cwd.clone(),
            env: self.env.clone(),
        };
        self.handshake(Transport::spawn(&launch)?).await
    }

    fn args(&self) -> Vec<OsString> {
        let config = self
            .config
            .iter()
            .flat_map(|config| ["-c".into(), config.into()]);
        config.chain(self.launch_args.iter().cloned()).collect()
    }

    pub(crate) async fn handshake<R, W>(self, transport: Transport<R, W>) -> Result<Codex>
    where
        R: AsyncRead + Unpin + Send + 'static,
        W: AsyncWrite + Unpin + Send + 'static,
    {
        let params = InitializeParams::new(self.client).capabilities(self.capabilities);
        Codex::connect(transport, &self.limits, self.handlers, params).await
    }
}

impl<M> fmt::Debug for CodexBuilder<M> {
    /// Without arguments and the values of variables and of the configuration: there may be keys
    /// among them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let env: Vec<_> = self.env.iter().map(|(name, _)| name).collect();
        let config = self.config.iter().map(|config| config.split('=').next());
        f.debug_struct("CodexBuilder")
            .field("binary", &self.binary)
            .field("config", &config.collect::<Vec<_>>())
            .field(
                "launch_args",
                &format_args!("[{} of them]", self.launch_args.len()),
            )
            .field("cwd", &self.cwd)
            .field("env", &env)
            .field("client", &self.client)
            .field("capabilities", &self.capabilities)
            .field("limits", &self.limits)
            .field("handlers", &self.handlers.methods().collect::<Vec<_>>())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_builder_does_not_show_the_values_of_variables_and_of_the_configuration() {
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
        let builder = Codex::builder().config("model", "\"m\"").config("a.b", "1");
        assert_eq!(
            builder.args(),
            ["-c", "model=\"m\"", "-c", "a.b=1", "app-server"]
        );
    }
}
