//! The ways from a client to a real app-server.

use std::{
    env,
    ffi::OsString,
    fs,
    path::PathBuf,
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use codex_client::{
    Codex, Result, blocking,
    builder::CodexBuilder,
    remote::{BearerToken, ListeningServer, SignedToken},
};
use codex_testing::CodexHome;

/// The variable that selects the way for the stages of a test run.
pub const VARIABLE: &str = "CODEX_TEST_VIA";

/// A capability token, also used as the secret of signed ones.
pub const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// The SHA-256 hash of the capability token.
const TOKEN_HASH: &str = "3eb1bd439947eb762998e566ccc2e099c791118b2f40579cc4f7da2b5061b7f9";

/// A way from a client to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// The standard streams of a child process.
    Stdio,
    /// A websocket on loopback, without authentication.
    WebSocket,
    /// A websocket with a capability token, which the server reads from a file.
    CapabilityToken,
    /// A websocket with a capability token, of which the server knows the hash.
    HashedToken,
    /// A websocket with tokens that the client signs.
    SignedToken,
    /// A unix socket.
    UnixSocket,
}

/// Returns the arguments of a server that accepts the token in a file.
pub fn capability_token_in(file: PathBuf) -> Vec<OsString> {
    let mode = [
        "app-server",
        "--ws-auth",
        "capability-token",
        "--ws-token-file",
    ];
    mode.map(Into::into)
        .into_iter()
        .chain([file.into()])
        .collect()
}

impl Via {
    /// The ways to servers that listen.
    pub const REMOTE: [Self; 5] = [
        Self::WebSocket,
        Self::CapabilityToken,
        Self::HashedToken,
        Self::SignedToken,
        Self::UnixSocket,
    ];

    /// Returns the way that the variable selects.
    ///
    /// # Panics
    ///
    /// If there is no such way.
    pub fn from_env() -> Self {
        let Ok(name) = env::var(VARIABLE) else {
            return Self::Stdio;
        };
        let mut ways = Self::REMOTE.into_iter();
        ways.find(|via| via.name() == name)
            .unwrap_or_else(|| panic!("{VARIABLE}={name} is not a way to a server"))
    }

    /// Returns the value of the variable that selects this way.
    pub fn name(self) -> String {
        format!("{self:?}")
    }

    /// Returns the URL for the server to listen at.
    ///
    /// # Panics
    ///
    /// If no server listens on this way.
    pub fn url(self, home: &CodexHome) -> String {
        match self {
            Self::Stdio => panic!("a child process does not listen"),
            Self::UnixSocket => {
                static COUNT: AtomicU32 = AtomicU32::new(0);
                let name = format!("socket-{}", COUNT.fetch_add(1, Ordering::Relaxed));
                format!("unix://{}", home.root().join(name).display())
            }
            _ => "ws://127.0.0.1:0".to_owned(),
        }
    }

    /// Equips a builder for a server that listens, and for its clients.
    ///
    /// # Panics
    ///
    /// If the file of the token cannot be written.
    pub fn equip<M>(self, builder: CodexBuilder<M>, home: &CodexHome) -> CodexBuilder<M> {
        let file = || -> PathBuf {
            let path = home.root().join("token");
            fs::write(&path, TOKEN).expect("a file");
            path
        };
        match self {
            Self::Stdio | Self::WebSocket | Self::UnixSocket => builder,
            Self::CapabilityToken => {
                let builder = builder.launch_args(capability_token_in(file()));
                builder.bearer_token(BearerToken::new(TOKEN))
            }
            Self::HashedToken => builder
                .launch_args([
                    "app-server",
                    "--ws-auth",
                    "capability-token",
                    "--ws-token-sha256",
                    TOKEN_HASH,
                ])
                .bearer_token(TOKEN),
            Self::SignedToken => {
                let file = file().into_os_string();
                let mode = [
                    "app-server",
                    "--ws-auth",
                    "signed-bearer-token",
                    "--ws-issuer",
                    "tests",
                    "--ws-audience",
                    "codex",
                    "--ws-max-clock-skew-seconds",
                    "0",
                    "--ws-shared-secret-file",
                ];
                let args = mode.map(Into::into).into_iter().chain([file]);
                let token = SignedToken::new(TOKEN).issuer("tests").audience("codex");
                builder
                    .launch_args(args.collect::<Vec<_>>())
                    .bearer_token(token)
            }
        }
    }
}

/// The server that listens for the clients of a stage, which ends on drop. A client of a stage that
/// starts another one has closed the previous one, as it closes a child process.
#[derive(Default)]
pub struct Servers {
    server: Mutex<Option<ListeningServer>>,
    blocking: Mutex<Option<blocking::ListeningServer>>,
}

impl Servers {
    /// Starts a server as this way needs it, and returns its client.
    ///
    /// # Errors
    ///
    /// Those of the builder.
    pub async fn start(&self, via: Via, builder: CodexBuilder, home: &CodexHome) -> Result<Codex> {
        if via == Via::Stdio {
            return builder.start().await;
        }
        let previous = self.server.lock().expect("no panic").take();
        if let Some(previous) = previous {
            previous.close().await?;
        }
        let builder = via.equip(builder, home);
        let server = builder.clone().spawn_listening(via.url(home)).await?;
        let codex = builder.connect_url(server.url()).await;
        *self.server.lock().expect("no panic") = Some(server);
        codex
    }

    /// Starts a server as this way needs it, and returns its blocking client.
    ///
    /// # Errors
    ///
    /// Those of the builder.
    pub fn start_blocking(
        &self,
        via: Via,
        builder: blocking::CodexBuilder,
        home: &CodexHome,
    ) -> Result<blocking::Codex> {
        if via == Via::Stdio {
            return builder.start();
        }
        drop(self.blocking.lock().expect("no panic").take());
        let builder = via.equip(builder, home);
        let server = builder.clone().spawn_listening(via.url(home))?;
        let codex = builder.connect_url(server.url());
        *self.blocking.lock().expect("no panic") = Some(server);
        codex
    }
}
