//! Changes of files, blocking.

use std::pin::Pin;

use codex_types::FsChangedNotification;
use futures_core::Stream;

use crate::{blocking::worker::next, error::Result};

/// The changes of a file, or of what is in a directory, as [`crate::FsWatcher`]; from
/// [`Codex::fs_watch`](crate::blocking::codex::Codex::fs_watch).
#[derive(Debug)]
pub struct FsWatcher {
    inner: crate::FsWatcher,
    /// That it cannot wait here.
    told: bool,
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

impl Iterator for FsWatcher {
    type Item = Result<FsChangedNotification>;

    fn next(&mut self) -> Option<Self::Item> {
        next(&mut self.told, |context| {
            Pin::new(&mut self.inner).poll_next(context)
        })
    }
}

/// The same changes, for threads that may wait.
impl From<crate::FsWatcher> for FsWatcher {
    fn from(inner: crate::FsWatcher) -> Self {
        Self { inner, told: false }
    }
}
