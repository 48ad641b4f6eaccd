//! Watches files and directories on the server's machine.

use std::{
    path::Path,
    sync::Arc,
    task::{Context, Poll},
};

use codex_types::{FsChangedNotification, FsUnwatchParams, FsWatchParams};

use crate::{
    builder_macros::timeouts,
    client::Codex,
    error::{Error, Result},
    mode::Async,
    request_builder::RequestBuilder,
    routing::{
        client_id_stream::ClientIdStream,
        mailbox::{Item, Received},
    },
    rpc::raw_notification::NotificationKind,
    stream::stream,
};

/// A request to watch a path (`fs/watch`), returned by [`Codex::fs_watch`].
#[derive(Debug)]
#[must_use = "nothing is sent until this is awaited or `send` is called"]
pub struct FsWatchBuilder<M = Async> {
    request: RequestBuilder<FsWatchParams, M>,
    stream: Arc<ClientIdStream>,
}

impl<M> FsWatchBuilder<M> {
    pub(crate) fn new(codex: &Codex, path: &Path) -> Self {
        let stream = ClientIdStream::new(NotificationKind::FsChanged, "watch");
        let params = FsWatchParams::new(path.to_string_lossy().into_owned(), stream.id());
        Self {
            request: RequestBuilder::new(codex, params),
            stream,
        }
    }

    timeouts!();

    pub(crate) async fn execute(self) -> Result<FsWatcher> {
        // The server may be watching even if the response is not received.
        let mut guard = WatchGuard {
            codex: self.request.codex.clone(),
            stream: self.stream,
            is_watched: true,
        };
        guard.codex.connection().open_stream(&guard.stream)?;
        match self.request.execute().await {
            Ok(response) => Ok(FsWatcher {
                guard,
                path: response.path.0,
                has_ended: false,
            }),
            Err(error) => {
                guard.is_watched = !matches!(error, Error::Rpc(_));
                Err(error)
            }
        }
    }
}

/// A stream of the changes to a file, or to the children of a directory (`fs/changed`), returned by
/// [`Codex::fs_watch`].
///
/// ```no_run
/// use codex_client::{Codex, Result};
///
/// async fn example(codex: &Codex) -> Result<()> {
///     let mut changes = codex.fs_watch("/work/repo/.git/HEAD").await?;
///     while let Some(changed) = changes.next().await {
///         println!("{:?}", changed?.changed_paths);
///     }
///     Ok(())
/// }
/// ```
///
/// The server collects changes for a moment, so that a single event names all paths that a program
/// writes at about the same time. An event does not say how a path changed.
///
/// Errors among the items do not end the stream. They report a message that could not be decoded
/// ([`Decode`](crate::Error::Decode)), or events that were dropped because they were not read in
/// time ([`Lagged`](crate::Error::Lagged)). Up to 16 MiB of unread events are kept. The stream ends
/// with the connection; unless this client closed the connection, the last item is
/// [`Closed`](crate::Error::Closed).
///
/// When the watcher is dropped, the server stops watching (`fs/unwatch`).
#[derive(Debug)]
pub struct FsWatcher {
    guard: WatchGuard,
    path: String,
    has_ended: bool,
}

/// Stops watching on drop.
#[derive(Debug)]
struct WatchGuard {
    /// Keeps the connection open while the path is watched.
    codex: Codex,
    stream: Arc<ClientIdStream>,
    /// Whether the server may be watching.
    is_watched: bool,
}

impl FsWatcher {
    /// Returns the watched path, as resolved by the server.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the id that this client gave the watcher. The id is valid only on this connection.
    pub fn watch_id(&self) -> &str {
        self.guard.stream.id()
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<FsChangedNotification>>> {
        if self.has_ended {
            return Poll::Ready(None);
        }
        let received = self.guard.stream.mailbox.poll(context);
        received.map(|received| match received {
            Some(Received::Item(Item::Notification(notification))) => {
                let changed = notification.decode_params::<FsChangedNotification>();
                Some(changed.map(|mut changed| {
                    changed.emitted_at_ms = notification.emitted_at_ms();
                    changed
                }))
            }
            Some(Received::Item(Item::Error(error))) => Some(Err(error)),
            Some(Received::Lagged(skipped)) => Some(Err(Error::Lagged { skipped })),
            None => {
                self.has_ended = true;
                self.guard.is_watched = false;
                match self.guard.stream.mailbox.end()?.err()? {
                    Error::Closed(closed) => Error::at_end(closed).map(Err),
                    error => Some(Err(error)),
                }
            }
        })
    }
}

stream! {
    /// Returns the next event, or `None` once the connection has ended.
    FsWatcher => Result<FsChangedNotification>
}

impl Drop for WatchGuard {
    fn drop(&mut self) {
        self.stream.mailbox.abandon();
        if self.is_watched {
            let params = FsUnwatchParams::new(self.stream.id());
            self.codex.connection().send_and_forget(&params);
        }
    }
}
