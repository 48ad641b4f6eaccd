//! Changes of files in the blocking API.

use crate::blocking::iterator::iterator;

iterator! {
    /// An iterator over the changes of a file, or of the children of a directory (`fs/changed`),
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
    /// The server collects changes for a moment, so that one event names all paths that a program
    /// writes together. An event does not say how a path changed.
    ///
    /// An error among the items does not end the iterator: a message that cannot be decoded
    /// ([`Decode`](crate::Error::Decode)), or events that were dropped because they were not read
    /// in time ([`Lagged`](crate::Error::Lagged)). Up to 16 MiB of unread events are kept. The
    /// iterator ends with the connection, with [`Closed`](crate::Error::Closed) as the last item
    /// unless this client closed it.
    ///
    /// When the watcher is dropped, the server stops watching (`fs/unwatch`).
    FsWatcher(crate::fs_watch::FsWatcher) => codex_types::FsChangedNotification
}

impl FsWatcher {
    /// Returns the watched path, as resolved by the server.
    pub fn path(&self) -> &str {
        self.inner.path()
    }

    /// Returns the id that this client gave the watcher. It is valid for this connection.
    pub fn watch_id(&self) -> &str {
        self.inner.watch_id()
    }
}
