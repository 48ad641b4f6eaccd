//! Changes of files, blocking.

use crate::blocking::iterator::iterator;

iterator! {
    /// The changes of a file, or of the children of a directory; from
    /// [`Codex::fs_watch`](crate::blocking::Codex::fs_watch).
    ///
    /// Ends and yields errors as [`FsWatcher`](crate::FsWatcher) does.
    FsWatcher(crate::fs_watch::FsWatcher) => codex_types::FsChangedNotification
}

impl FsWatcher {
    /// The id that this client has given the watch.
    pub fn watch_id(&self) -> &str {
        self.inner.watch_id()
    }

    /// The path that is watched, as the server has understood it.
    pub fn path(&self) -> &str {
        self.inner.path()
    }
}
