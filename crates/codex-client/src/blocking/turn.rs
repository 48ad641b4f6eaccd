//! Turns and their events, blocking.

use std::{fmt, time::Duration};

use crate::{
    blocking::{iterator::iterator, worker::wait},
    error::Result,
    input::Input,
    turn_result::TurnResult,
};

/// A turn that was started, as [`crate::TurnHandle`]. Cheap to clone; all clones are one turn, which
/// one thread can follow while another steers it.
pub struct TurnHandle<R = TurnResult> {
    inner: crate::TurnHandle<R>,
}

impl<R> TurnHandle<R> {
    /// The turn's id.
    pub fn id(&self) -> &str {
        self.inner.id()
    }

    /// The id of the thread that it runs in.
    pub fn thread_id(&self) -> &str {
        self.inner.thread_id()
    }

    /// As [`crate::TurnHandle::stream`].
    pub fn stream(&self) -> TurnStream {
        self.inner.stream().into()
    }

    /// As [`crate::TurnHandle::text_stream`].
    pub fn text_stream(&self) -> TextStream {
        self.inner.text_stream().into()
    }

    /// As [`crate::TurnHandle::partial`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn partial(&self) -> Result<TurnResult> {
        self.inner.partial()
    }

    /// As [`crate::TurnHandle::run_within`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn run_within(&self, limit: Duration) -> Result<R> {
        wait(self.inner.run_within(limit))
    }

    /// As [`crate::TurnHandle::run`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn run(&self) -> Result<R> {
        wait(self.inner.run())
    }

    /// As [`crate::TurnHandle::steer`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn steer(&self, input: impl Into<Input>) -> Result<()> {
        wait(self.inner.steer(input))
    }

    /// As [`crate::TurnHandle::interrupt`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn interrupt(&self) -> Result<()> {
        wait(self.inner.interrupt())
    }
}

/// The same turn, for threads that may wait.
impl<R> From<crate::TurnHandle<R>> for TurnHandle<R> {
    fn from(inner: crate::TurnHandle<R>) -> Self {
        Self { inner }
    }
}

// Derived, they would ask the same of the result.
impl<R> Clone for TurnHandle<R> {
    fn clone(&self) -> Self {
        self.inner.clone().into()
    }
}

impl<R> fmt::Debug for TurnHandle<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

iterator! {
    /// The events of one turn; from [`TurnHandle::stream`].
    ///
    /// Ends and yields errors as [`TurnStream`](crate::TurnStream) does.
    TurnStream(crate::turn::stream::TurnStream) => codex_types::ServerNotification
}

impl TurnStream {
    /// As [`crate::TurnStream::result`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn result(self) -> Result<TurnResult> {
        wait(self.inner.result())
    }
}

iterator! {
    /// The text of the model's messages in a turn; from [`TurnHandle::text_stream`].
    ///
    /// Ends and yields errors as [`TextStream`](crate::TextStream) does.
    TextStream(crate::turn::text::TextStream) => String
}

impl TextStream {
    /// As [`crate::TextStream::result`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn result(self) -> Result<TurnResult> {
        wait(self.inner.result())
    }
}
