//! Watched files in the blocking API.

use crate::blocking::iterator::iterator;

iterator! {
    /// An iterator over the changes to a file, or to the children of a directory (`fs/changed`),
    /// returned by [`Codex::fs_watch`](crate::blocking::Codex::fs_watch).
    ///
    /// ```no_run
    /// use codex_client::{Result, blocking::Codex};
    ///
    /// fn example(codex: &Codex) -> Result<()> {
    ///     for changed in codex.fs_watch("/work/repo/.git/HEAD").send()? {
    ///         println!("{:?}", changed?.changed_paths);
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// The server collects changes for a moment, so that a single event names all paths that a
    /// program writes at about the same time. An event does not say how a path changed.
    ///
    /// Errors among the items do not end the iterator. They report a message that could not be
    /// decoded ([`Decode`](crate::Error::Decode)), or events that were dropped because they were
    /// not read in time ([`Lagged`](crate::Error::Lagged)). Up to 16 MiB of unread events are kept.
    /// The iterator ends with the connection; unless this client closed the connection, the last
    /// item is [`Closed`](crate::Error::Closed).
    ///
    /// When the watcher is dropped, the server stops watching (`fs/unwatch`).
    FsWatcher(crate::fs_watch::FsWatcher) => codex_types::FsChangedNotification
}

impl FsWatcher {
    /// Returns the watched path, as resolved by the server.
    pub fn path(&self) -> &str {
        self.inner.path()
    }

    /// Returns the id that this client gave the watcher. The id is valid only on this connection.
    pub fn watch_id(&self) -> &str {
        self.inner.watch_id()
    }
}
