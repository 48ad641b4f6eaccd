//! A server that this program starts for others to join.

use std::{
    future::{Future, poll_fn},
    io,
    path::Path,
    pin::pin,
    task::Poll,
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt},
    sync::oneshot,
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::{
    error::{
        Error, Result,
        connect_failed::ConnectFailed,
        connection_closed::{CloseReason, ConnectionClosed},
    },
    stderr::StderrLines,
    transport::{
        address::Address,
        process::{Launch, Process},
        stderr::Tail,
        stderr_lines::LineReader,
    },
};

/// The words by which a server reports its address on its standard error.
const REPORT: &str = "listening on:";

/// Interval between attempts to connect to a unix socket, about which a server reports nothing.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// A server that listens for clients, returned by
/// [`CodexBuilder::spawn_listening`](crate::builder::CodexBuilder::spawn_listening).
///
/// The server ends when this value is dropped, or with [`close`](Self::close), like one that is started by
/// [`Codex::start`](crate::Codex::start). Its clients do not keep it running. A runtime that is dropped
/// waits for the server to exit.
///
/// ```no_run
/// use codex_client::{Codex, Result};
///
/// async fn example() -> Result<()> {
///     let server = Codex::builder().spawn_listening("ws://127.0.0.1:0").await?;
///     let first = Codex::connect(server.url()).await?;
///     let second = Codex::connect(server.url()).await?;
///     println!("{} and {}", first.metadata().user_agent, second.metadata().user_agent);
///     server.close().await
/// }
/// ```
#[derive(Debug)]
pub struct ListeningServer {
    url: Url,
    pid: Option<u32>,
    stderr: Tail,
    /// The task ends the process when this is dropped.
    end: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// A URL that may contain a token.
struct Url(String);

impl std::fmt::Debug for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = Address::parse(&self.0).map(|address| address.to_string());
        f.write_str(&shown.unwrap_or_default())
    }
}

impl ListeningServer {
    /// Starts the process and waits until it listens.
    pub(crate) async fn spawn(launch: &Launch, address: &Address, limit: Duration) -> Result<Self> {
        let (mut process, stdout, stdin) = Process::spawn(launch)?;
        process.ignores_input();
        drop(stdin);
        let stderr = process.stderr_tail().clone();
        let pid = process.id();
        let lines = stderr.lines();
        let ready = async {
            match address {
                Address::Tcp(_) => reported_url(lines).await,
                Address::Unix(path) => listening(path.as_deref()).await,
            }
        };
        let mut ready = pin!(timeout(limit, ready));
        let ready = {
            let mut exited = pin!(process.exited());
            poll_fn(|context| match ready.as_mut().poll(context) {
                Poll::Ready(url) => Poll::Ready(Some(url.ok())),
                Poll::Pending => exited.as_mut().poll(context).map(|_| None),
            })
            .await
        };
        let Some(url) = ready else {
            let mut closed = ConnectionClosed::new(CloseReason::Exited);
            closed.exit_status = process.end().await;
            closed.stderr_tail = process.stderr_tail().text();
            return Err(Error::Closed(closed.before_handshake().into()));
        };
        let Some(url) = url else {
            process.end().await;
            return Err(Error::Connect(Box::new(ConnectFailed {
                url: Some(address.to_string()),
                status: None,
                reason: format!("the server does not listen after {} s", limit.as_secs_f32()),
                is_transient: true,
            })));
        };
        let (end, ended) = oneshot::channel();
        let task = tokio::spawn(serve(process, stdout, ended));
        Ok(Self {
            url: Url(url),
            pid,
            stderr,
            end,
            task,
        })
    }

    /// Returns the URL to [connect](crate::Codex::connect) to. It may contain a token, which `Debug` does
    /// not show.
    pub fn url(&self) -> &str {
        &self.url.0
    }

    /// Returns the id of the server process. `None` if it had exited before its id was read.
    pub fn pid(&self) -> Option<u32> {
        self.pid
    }

    /// Returns the lines that the server writes to its standard error, beginning with those of the last
    /// 64 KiB.
    pub fn stderr(&self) -> StderrLines {
        StderrLines::new(Some(&self.stderr))
    }

    /// Ends the server and waits for it to exit. Running turns do not keep it from exiting.
    ///
    /// If the future is dropped, the server still ends, in the background.
    ///
    /// # Errors
    ///
    /// Currently, this method never fails.
    pub async fn close(self) -> Result<()> {
        // An error means that the runtime of the server has been shut down, and the server with it.
        let _ = self.ending().await;
        Ok(())
    }

    /// Ends the server. The task completes once it has exited.
    pub(crate) fn ending(self) -> JoinHandle<()> {
        drop(self.end);
        self.task
    }
}

/// Waits for the end of the process, or ends it when `ended` is closed. Its output, which is not part of any
/// protocol, is read so that it does not block on a full pipe.
async fn serve(mut process: Process, stdout: impl AsyncRead, ended: oneshot::Receiver<()>) {
    {
        let mut ended = pin!(ended);
        let mut exited = pin!(process.exited());
        let mut discarded = pin!(discard(stdout));
        let mut is_open = true;
        poll_fn(|context| {
            is_open = is_open && discarded.as_mut().poll(context).is_pending();
            match ended.as_mut().poll(context) {
                Poll::Ready(_) => Poll::Ready(()),
                Poll::Pending => exited.as_mut().poll(context).map(drop),
            }
        })
        .await;
    }
    process.end().await;
}

/// Reads a stream to its end.
async fn discard(stream: impl AsyncRead) {
    let mut stream = pin!(stream);
    let mut buffer = vec![0; 4096];
    while let Ok(1..) = stream.read(&mut buffer).await {}
}

/// Waits for the URL that the server prints. Does not complete if the server ends before.
async fn reported_url(mut lines: LineReader) -> String {
    loop {
        match poll_fn(|context| lines.poll(context)).await {
            Some(Ok(line)) => {
                if let Some((_, url)) = line.split_once(REPORT) {
                    return url.trim().to_owned();
                }
            }
            Some(Err(_)) => {}
            None => std::future::pending().await,
        }
    }
}

/// Waits until a unix socket accepts connections, and returns its URL.
async fn listening(path: Option<&Path>) -> String {
    let path = path.unwrap_or(Path::new(""));
    while connect(path).await.is_err() {
        sleep(POLL_INTERVAL).await;
    }
    format!("unix://{}", path.display())
}

#[cfg(unix)]
async fn connect(path: &Path) -> io::Result<()> {
    let path = std::fs::canonicalize(path)?;
    tokio::net::UnixStream::connect(path).await.map(drop)
}

/// Tokio has no unix sockets on other systems.
#[cfg(not(unix))]
async fn connect(_: &Path) -> io::Result<()> {
    std::future::ready(Err(io::ErrorKind::Unsupported.into())).await
}
