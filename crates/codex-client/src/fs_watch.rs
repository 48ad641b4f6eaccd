//! Changes of files, as a stream.

use std::{
    future::poll_fn,
    path::Path,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use codex_types::{AbsolutePathBuf, FsChangedNotification, FsUnwatchParams, FsWatchParams};
use futures_core::Stream;

use crate::{
    blocking,
    builder_macros::{sends, timeouts},
    codex::Codex,
    error::{Error, Result, connection_closed::CloseReason},
    mode::Async,
    request_builder::RequestBuilder,
    routing::{client_id_stream::ClientIdStream, decode, subscribers::Post},
};

impl Codex {
    /// ThreadSubscriptions a file or a directory on the machine of the server (`fs/watch`), by its absolute path.
    /// Of a directory, what is directly in it is watched. It need not exist yet.
    ///
    /// ```no_run
    /// # async fn example(codex: codex_client::Codex) -> codex_client::Result<()> {
    /// let mut changes = codex.fs_watch("/work/repo/.git/HEAD").await?;
    /// while let Some(changed) = changes.next().await {
    ///     println!("{:?}", changed?.changed_paths);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn fs_watch(&self, path: impl AsRef<Path>) -> FsWatchBuilder {
        FsWatchBuilder::new(self, path.as_ref())
    }
}

/// Begins to watch a path (`fs/watch`); `.await` or `send` does it. From [`Codex::fs_watch`].
#[derive(Debug)]
#[must_use = "nothing is sent until it is awaited, or `send` is called"]
pub struct FsWatchBuilder<M = Async> {
    request: RequestBuilder<FsWatchParams, M>,
    topic: Arc<ClientIdStream>,
}

impl<M> FsWatchBuilder<M> {
    pub(crate) fn new(codex: &Codex, path: &Path) -> Self {
        let topic = ClientIdStream::new("fs/changed", "watch");
        let params = FsWatchParams::new(path.to_string_lossy().into_owned(), topic.id());
        Self {
            request: RequestBuilder::new(codex, params),
            topic,
        }
    }

    timeouts!();

    async fn perform(self) -> Result<FsWatcher> {
        let mut watch = FsWatcher {
            codex: self.request.codex.clone(),
            topic: self.topic,
            path: AbsolutePathBuf(String::new()),
            ended: false,
            is_watched: true,
        };
        // Dropped from here on, the server is told.
        watch.codex.connection().follow(&watch.topic)?;
        match self.request.perform().await {
            Ok(response) => watch.path = response.path,
            Err(error) => {
                watch.is_watched = !matches!(error, Error::Rpc(_));
                return Err(error);
            }
        }
        Ok(watch)
    }
}

sends! {
    /// Begins to watch the path. Changes from then on are seen.
    ///
    /// # Errors
    ///
    /// As [`RequestBuilder::send`](crate::builder::RequestBuilder::send); [`Rpc`](crate::Error::Rpc) also for a path that is not
    /// absolute.
    FsWatchBuilder -> FsWatcher, blocking blocking::FsWatcher
}

/// The changes of a file, or of what is in a directory (`fs/changed`); from [`Codex::fs_watch`].
///
/// The server gathers changes for a moment before it tells of them, so that one event has all paths
/// that a program has written together. Paths are told and not what happened to them.
///
/// An error among the items does not end it: a message that could not be understood
/// ([`Decode`](crate::Error::Decode)), or events that were dropped since they were not read in time
/// ([`Lagged`](crate::Error::Lagged)): up to 16 MiB of them are kept. It ends when the connection does,
/// with [`ConnectionClosed`](crate::Error::Closed) as the last item unless this client closed it.
///
/// Dropped, the watch ends on the server, too (`fs/unwatch`), which is not waited for.
#[derive(Debug)]
pub struct FsWatcher {
    /// Keeps the connection open while the path is watched.
    codex: Codex,
    topic: Arc<ClientIdStream>,
    path: AbsolutePathBuf,
    ended: bool,
    /// Whether the server may be watching.
    is_watched: bool,
}

impl FsWatcher {
    /// The id that this client has given the watch. It holds for this connection.
    pub fn watch_id(&self) -> &str {
        self.topic.id()
    }

    /// The path that is watched, as the server has understood it.
    pub fn path(&self) -> &str {
        &self.path.0
    }

    /// The next event; `None` when there will be none. May be cancelled without losing any.
    pub async fn next(&mut self) -> Option<Result<FsChangedNotification>> {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<FsChangedNotification>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        self.topic.poll(context).map(|post| match post {
            Some(Post::Notification(notification)) => Some(decode::params(&notification).map(
                |mut changed: FsChangedNotification| {
                    changed.emitted_at_ms = notification.emitted_at_ms();
                    changed
                },
            )),
            Some(Post::Error(error)) => Some(Err(error)),
            Some(Post::Missed(skipped)) => Some(Err(Error::Lagged { skipped })),
            None => {
                self.ended = true;
                self.is_watched = false;
                let error = self.topic.ended()?.err()?;
                (!is_ours(&error)).then_some(Err(error))
            }
        })
    }
}

/// Whether this client has ended the connection.
fn is_ours(error: &Error) -> bool {
    let Error::Closed(closed) = error else {
        return false;
    };
    matches!(closed.reason, CloseReason::Requested | CloseReason::Dropped)
}

impl Stream for FsWatcher {
    type Item = Result<FsChangedNotification>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(context)
    }
}

impl Drop for FsWatcher {
    fn drop(&mut self) {
        self.topic.abandon();
        if self.is_watched {
            let params = FsUnwatchParams::new(self.topic.id());
            self.codex.connection().send_off(&params);
        }
    }
}
