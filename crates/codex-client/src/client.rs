//! The types of the client and of threads. Their methods are defined in `codex` and `thread`.

use std::sync::{Arc, OnceLock, Weak};

use codex_types::{InitializeParams, InitializeResponse};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    connection::{
        handle::{Connection, Limits},
        reopen::Reopen,
    },
    error::{Error, Result, handshake_timeout::HandshakeTimeout},
    routing::mailbox::Item,
    server_requests::{dispatch::Dispatch, handlers::Handlers},
    transport::{Transport, stderr::Tail},
    version::{self, VersionMismatch, VersionPolicy},
};

/// A client for one app-server.
///
/// Cheap to clone; all clones refer to the same client. The server ends after
/// [`close`](Self::close), or once all clones, and all handles created from them, have been
/// dropped. A runtime that is dropped waits for its servers to exit.
///
/// ```no_run
/// use codex_client::{Codex, Result};
///
/// async fn example() -> Result<()> {
///     let codex = Codex::start().await?;
///     let thread = codex.thread_start().model("gpt-5.4").await?;
///     let result = thread.run("Say hello.").await?;
///     println!("{}", result.final_response.as_deref().unwrap_or("(no response)"));
///     codex.close().await
/// }
/// ```
///
/// # Executors
///
/// A client is started in a Tokio runtime with timers, which drives its connection and runs its
/// handlers. All other futures and streams of the client, including those with a timeout, can be
/// polled on any executor. Once the runtime has been shut down, they return
/// [`Error::Closed`](crate::Error::Closed).
#[derive(Debug, Clone)]
pub struct Codex {
    client: Arc<Client>,
    pub(crate) metadata: Arc<InitializeResponse>,
}

/// The parts that all clones of a client share.
#[derive(Debug)]
struct Client {
    connection: Connection,
    dispatch: Arc<Dispatch<WeakCodex>>,
    /// Whether the client has the `experimentalApi` capability.
    is_experimental: bool,
    /// Set after the handshake.
    metadata: OnceLock<Arc<InitializeResponse>>,
}

impl Codex {
    /// Performs the handshake over a transport.
    pub(crate) async fn open<R, W>(
        transport: Transport<R, W>,
        limits: &Limits,
        handlers: Handlers<WeakCodex>,
        params: InitializeParams,
        policy: VersionPolicy,
        reopen: Option<Box<dyn Reopen<R, W>>>,
    ) -> Result<Self>
    where
        R: AsyncRead + Unpin + Send + 'static,
        W: AsyncWrite + Unpin + Send + 'static,
    {
        let capabilities = params.capabilities.as_ref();
        let is_experimental = capabilities.is_some_and(|it| it.experimental_api == Some(true));
        let client = Arc::new_cyclic(|client| {
            let weak = WeakCodex {
                client: Weak::clone(client),
            };
            let dispatch = Arc::new(Dispatch::new(handlers, weak));
            let service = Arc::clone(&dispatch);
            Client {
                connection: Connection::open(transport, limits, service, reopen),
                dispatch,
                is_experimental,
                metadata: OnceLock::new(),
            }
        });
        let connection = &client.connection;
        let metadata = match connection.call(&params, limits.timeout).await {
            Ok(metadata) => metadata,
            Err(error) => return Err(failed_handshake(connection, error).await),
        };
        if let Some(version) = version::of_user_agent(&metadata.user_agent) {
            connection.set_server_version(version);
        }
        if let Some(mismatch) = VersionMismatch::of(connection.server_version()) {
            let mismatch = Error::VersionMismatch(Box::new(mismatch));
            match policy {
                VersionPolicy::Allow => {}
                VersionPolicy::Warn => connection.report(mismatch),
                VersionPolicy::Refuse => {
                    connection.close().await;
                    return Err(mismatch);
                }
            }
        }
        let metadata = Arc::clone(client.metadata.get_or_init(|| Arc::new(metadata)));
        client.connection.notify("initialized")?;
        client.connection.supervise()?;
        Ok(Self { client, metadata })
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.client.connection
    }

    pub(crate) fn dispatch(&self) -> &Dispatch<WeakCodex> {
        &self.client.dispatch
    }

    /// Returns the id of the server process, if this client started it.
    pub(crate) fn process_id(&self) -> Option<u32> {
        self.connection().peer().pid()
    }

    /// Returns the standard error of the server process, if this client started it.
    pub(crate) fn stderr_tail(&self) -> Option<Tail> {
        self.connection().peer().stderr()
    }

    pub(crate) fn is_experimental(&self) -> bool {
        self.client.is_experimental
    }

    pub(crate) fn weak(&self) -> WeakCodex {
        WeakCodex {
            client: Arc::downgrade(&self.client),
        }
    }
}

/// Adds to the error of a handshake what the server wrote instead of the response.
async fn failed_handshake(connection: &Connection, error: Error) -> Error {
    match error {
        Error::Timeout { after, .. } => {
            let stderr = connection.peer().stderr();
            let mut timeout = HandshakeTimeout {
                after,
                messages: 0,
                unreadable: Vec::new(),
                stderr_tail: stderr.map(|it| it.text()).unwrap_or_default(),
            };
            for item in connection.received().await {
                match item {
                    Item::Notification(_) => timeout.messages += 1,
                    Item::Error(Error::Decode(error)) => {
                        timeout.unreadable.push(Arc::unwrap_or_clone(error));
                    }
                    Item::Error(_) => {}
                }
            }
            Error::HandshakeTimeout(Box::new(timeout))
        }
        Error::Closed(closed) => {
            Error::Closed(Arc::new(Arc::unwrap_or_clone(closed).before_handshake()))
        }
        other => other,
    }
}

/// A client that does not keep the server running, returned by [`Codex::downgrade`] and passed to
/// handlers.
///
/// ```no_run
/// use codex_client::{Codex, WeakCodex};
///
/// fn example(codex: &Codex) {
///     let weak: WeakCodex = codex.downgrade();
///     if let Some(codex) = weak.upgrade() {
///         println!("connected to {}", codex.metadata().user_agent);
///     }
/// }
/// ```
#[derive(Debug, Clone, Default)]
pub struct WeakCodex {
    client: Weak<Client>,
}

impl WeakCodex {
    /// Returns the client, or `None` if all of its handles have been dropped or the handshake is
    /// not complete.
    pub fn upgrade(&self) -> Option<Codex> {
        let client = self.client.upgrade()?;
        let metadata = Arc::clone(client.metadata.get()?);
        Some(Codex { client, metadata })
    }
}

/// A thread on the server. Cheap to clone; all clones refer to the same thread.
///
/// ```no_run
/// use codex_client::{Result, Thread};
///
/// async fn example(thread: &Thread) -> Result<()> {
///     let result = thread.run("Explain this repository in three bullets.").await?;
///     println!("{}", result.final_response.as_deref().unwrap_or("(no response)"));
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Thread {
    pub(crate) codex: Codex,
    pub(crate) id: Arc<str>,
}

impl Thread {
    pub(crate) fn new(codex: Codex, id: &str) -> Self {
        let id = id.into();
        Self { codex, id }
    }
}
